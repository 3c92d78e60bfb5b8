-- name: accounts
-- One row a company of which somebody is known.
CREATE OR REPLACE TEMP TABLE account_scored AS
WITH members AS (
  SELECT person.company_id, person.department, person.title,
    least(greatest(scored.score_deciding, 0), <<cap>>) AS counted,
    coalesce(scored.last_activity_at > $as_of::TIMESTAMP - to_days(<<active_days>>), FALSE) AS active
  FROM people AS person
  JOIN scored USING (person_id)
  WHERE person.company_id IS NOT NULL
),
sums AS (
  SELECT company_id, count(*) AS people, count(*) FILTER (active) AS active_people,
    coalesce(list(DISTINCT trim(department)) FILTER (active AND trim(department) <> ''), []) AS departments,
    coalesce(list(DISTINCT trim(title)) FILTER (active AND trim(title) <> ''), []) AS titles,
    sum(counted)::BIGINT AS score
  FROM members
  GROUP BY company_id
)
SELECT company_id, people, active_people, list_sort(departments) AS departments, list_sort(titles) AS titles, score,
  active_people >= <<hot_people>> AND score >= <<hot_score>> AS hot
FROM sums
