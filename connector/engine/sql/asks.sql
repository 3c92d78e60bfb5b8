-- name: asks
-- What is still to be heard of whom: what an SQL needs, and the items whose stage has come for those of whom they are
-- required. Whoever has nothing left to ask is not in it.
CREATE OR REPLACE TEMP TABLE hearing_asks AS
WITH bought AS (
  SELECT person_id, company_id FROM opportunities WHERE status = 'won'
),
customers AS (
  SELECT person_id FROM bought WHERE person_id IS NOT NULL
  UNION
  SELECT person.person_id FROM people AS person SEMI JOIN bought ON bought.company_id = person.company_id
),
deals AS (
  SELECT person_id<<deals>> FROM opportunities AS deal WHERE person_id IS NOT NULL AND status <> 'lost' GROUP BY person_id
),
asks AS (
  SELECT decided.person_id, list_filter([<<items>>]::VARCHAR[], lambda one: one IS NOT NULL) AS ask
  FROM decided
  JOIN qualified USING (person_id)
  JOIN grade_fit AS fit ON fit.person_id = decided.person_id
  LEFT JOIN deals ON deals.person_id = decided.person_id
  LEFT JOIN customers AS customer ON customer.person_id = decided.person_id
)
SELECT * FROM asks WHERE len(ask) > 0
