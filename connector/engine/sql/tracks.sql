-- name: nurtured
-- Who is nurtured, or what speaks against it.
CREATE OR REPLACE TEMP TABLE nurtured AS
WITH told AS (
  SELECT decided.person_id,
    CASE
      WHEN screened.person_id IS NOT NULL THEN 'screened'
      WHEN coalesce(decided.stage NOT IN (<<stages>>), TRUE) THEN
        CASE decided.stage WHEN 'hot' THEN 'in_follow_up' WHEN 'lost' THEN 'waits' ELSE decided.stage END
      WHEN NOT decided.may_email OR NOT <<consent>> THEN 'no_consent'
      WHEN segmented.skip_nurture THEN 'short_lead_time'
    END AS refused,
    CASE
      WHEN qualified.is_mql THEN 'mql'
      WHEN scored.recycled_at IS NOT NULL AND decided.stage = 'cold' THEN 'recycled'
      ELSE decided.stage
    END AS reason
  FROM decided
  JOIN scored USING (person_id)
  JOIN qualified USING (person_id)
  JOIN grade_fit AS fit USING (person_id)
  LEFT JOIN screened USING (person_id)
  LEFT JOIN segmented USING (person_id)
)
SELECT person_id, refused IS NULL AS nurture, coalesce(refused, reason) AS why FROM told

-- name: tracked
-- The first track that fits each person who is nurtured; those whose season it is not were left out before.
CREATE OR REPLACE TEMP TABLE tracked AS
WITH placed AS (
  SELECT nurtured.person_id, <<place>> AS place, interested.next_change_at AS interest_turns
  FROM nurtured
  JOIN decided USING (person_id)
  JOIN qualified USING (person_id)
  JOIN grade_fit AS fit USING (person_id)
  LEFT JOIN segmented USING (person_id)
  LEFT JOIN personified USING (person_id)
  LEFT JOIN interested USING (person_id)
  WHERE nurtured.nurture
)
SELECT person_id,
  ([<<tracks>>]::VARCHAR[])[place] AS track,
  ([<<lists>>]::VARCHAR[])[place] AS list,
  coalesce(([<<reasons>>]::VARCHAR[][])[place], []) AS why,
  least(
    CASE WHEN place IS NULL THEN <<last_turn>> ELSE ([<<turns>>]::TIMESTAMP[])[place] END, interest_turns
  ) AS next_change_at
FROM placed
