-- name: overdue
-- Who has stood longer than the seller's time for the stage, or than people like them need; the longest first.
WITH owners AS (
  SELECT id AS owner_id, name FROM seen_salesforce_user UNION ALL SELECT id, name FROM seen_salesforce_group
),
clocks AS (
  SELECT person_id, 'limit' AS clock, stage AS place, since, limit_at AS until, NULL::VARCHAR AS lead_time
  FROM stage_times
  WHERE overdue
  UNION ALL
  SELECT person_id, about, stage, since, expected_until, segment
  FROM lead_timed
  WHERE late
)
SELECT clocks.person_id, person.name, person.company,
  coalesce(person.contact_ids[1], person.lead_ids[1], split_part(person.prospect_ids[1], ':', 2)) AS record,
  decided.stage, clocks.clock, clocks.place, clocks.since, clocks.until, clocks.lead_time, times.owner AS team,
  times.way_on, person.owner_id AS owner, owners.name AS owner_name, scored.score_deciding AS score
FROM clocks
JOIN people AS person USING (person_id)
JOIN decided USING (person_id)
JOIN scored USING (person_id)
JOIN stage_times AS times USING (person_id)
LEFT JOIN owners ON owners.owner_id = person.owner_id
WHERE person_id NOT IN (SELECT person_id FROM screened) AND ($stage::VARCHAR IS NULL OR decided.stage = $stage)
ORDER BY clocks.until, clocks.person_id, clocks.clock
