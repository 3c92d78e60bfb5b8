-- name: personified
CREATE OR REPLACE TEMP TABLE personified AS
SELECT person_id, coalesce(by_field, by_rule) AS persona, CASE WHEN by_field IS NULL THEN 'rule' ELSE 'field' END AS persona_by
FROM (SELECT fit.person_id, <<by_field>> AS by_field, <<by_rule>> AS by_rule FROM grade_fit AS fit)
WHERE by_field IS NOT NULL OR by_rule IS NOT NULL
