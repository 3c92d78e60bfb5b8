-- name: timed
-- The tables that say of persons when time alone changes what they say.
SELECT table_name
FROM duckdb_columns()
WHERE database_name = 'temp' AND table_name <> 'answers'
GROUP BY table_name
HAVING count(*) FILTER (column_name IN ('person_id', 'next_change_at')) = 2
ORDER BY table_name

-- name: moments
SELECT person_id, next_change_at FROM <<table>> WHERE next_change_at IS NOT NULL

-- name: answers
-- One row a person: what was decided, in one number, and when time alone can change it next. `open`: a follow-up begins or
-- waits for somebody's time.
CREATE OR REPLACE TEMP TABLE answers AS
WITH turning AS (
  SELECT person_id, min(next_change_at) AS next_change_at FROM (
<<moments>>
  ) GROUP BY person_id
)
SELECT scored.person_id, person.company_id, decided.cadence_starts OR decided.review AS open,
  turning.next_change_at,
  scored.score, decided.stage,
  hash(
    scored.score, scored.score_source, scored.score_behaviour, scored.score_deciding, scored.crossed_at,
    scored.recycled_at, scored.last_activity_at, scored.activities, graded.grade, tiered.tier, decided.stage,
    decided.stage_rule, decided.hot_since, qualified.hot_lacks, qualified.heard, qualified.acceptable,
    qualified.buying_stage, qualified.mql_rules, qualified.is_mql, qualified.is_sql, qualified.toss_up_met,
    qualified.toss_up_required, qualified.toss_up_ready
  ) AS digest
FROM scored
JOIN people AS person USING (person_id)
JOIN decided USING (person_id)
JOIN qualified USING (person_id)
LEFT JOIN graded USING (person_id)
LEFT JOIN tiered ON tiered.company_id = person.company_id
LEFT JOIN turning USING (person_id)
