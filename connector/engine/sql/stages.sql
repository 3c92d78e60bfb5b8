-- name: since
-- Since when everybody has stood where they stand: as everybody's life tells it, where it was worked out and knows.
-- Else deals tell it of what the CRM says, the score of hot, recycling and the first act of cold; where they tell nothing,
-- the ledger does, since the stage was recorded. Null: nobody knows.
CREATE OR REPLACE TEMP TABLE stage_since AS
WITH deals AS (
  SELECT person_id, min(created_at) FILTER (status = 'open') AS opened,
    max(coalesce(closed_at, created_at)) FILTER (status = 'won') AS won
  FROM opportunities
  WHERE person_id IS NOT NULL
  GROUP BY person_id
),
moved AS (
  SELECT person_id, to_stage, happened_at
  FROM transitions
  WHERE happened_at <= $as_of
  QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY happened_at DESC, recorded_at DESC, rowid DESC) = 1
),
runs AS (
  SELECT person_id, min(start_date)::TIMESTAMP AS started FROM cadence_runs WHERE ended_at IS NULL GROUP BY person_id
)
SELECT decided.person_id,
  coalesce(lived.since, CASE decided.stage
    WHEN 'opportunity' THEN coalesce(deals.opened, moved.happened_at)
    WHEN 'won' THEN coalesce(deals.won, moved.happened_at)
    WHEN 'lost' THEN coalesce(person.lost_at, moved.happened_at)
    WHEN 'disqualified' THEN moved.happened_at
    WHEN 'hot' THEN coalesce(decided.hot_since, moved.happened_at, runs.started)
    WHEN 'cold' THEN greatest(person.created_at, scored.first_activity_at, scored.recycled_at, moved.happened_at)
    ELSE person.created_at
  END) AS since
FROM decided
JOIN people AS person USING (person_id)
JOIN scored USING (person_id)
LEFT JOIN deals USING (person_id)
LEFT JOIN moved ON moved.person_id = decided.person_id AND moved.to_stage = decided.stage
LEFT JOIN runs ON runs.person_id = decided.person_id
LEFT JOIN (<<lived>>) AS lived ON lived.person_id = decided.person_id AND lived.stage = decided.stage

-- name: lived
SELECT person_id, arg_max(to_stage, n) AS stage,
  CASE WHEN NOT list_contains(arg_max(undated, n), 'crm_status') THEN arg_max("at", n) END AS since
FROM life
WHERE kind = 'stage'
GROUP BY person_id

-- name: times
-- The limit of each person's stage: over from the moment at which it passes.
CREATE OR REPLACE TEMP TABLE stage_times AS
WITH limits AS (
  SELECT decided.person_id, decided.stage, stage_since.since, rule.owner, rule.way_on,
    stage_since.since + to_days(rule.days) AS limit_at
  FROM decided
  JOIN stage_since USING (person_id)
  LEFT JOIN (VALUES <<rules>>) AS rule(stage, owner, days, way_on) ON rule.stage = decided.stage
)
SELECT person_id, stage, since, limit_at, coalesce(limit_at <= $as_of, FALSE) AS overdue, way_on, owner,
  CASE WHEN limit_at > $as_of THEN limit_at END AS next_change_at
FROM limits

-- name: late
-- Who has been longer in a stage, or at a buying stage, than people like them need (LC-9).
CREATE OR REPLACE TEMP TABLE lead_timed AS
WITH places AS (
  SELECT person_id, 'stage' AS about, stage, since FROM stage_times
  UNION ALL
  SELECT placed.person_id, 'buying_stage', placed.buying_stage, placed.since
  FROM placed
  JOIN decided USING (person_id)
  WHERE decided.stage NOT IN ('won', 'lost', 'disqualified')
)
SELECT places.person_id, segmented.segment, places.about, places.stage, places.since, expected.days,
  places.since + to_days(expected.days) AS expected_until,
  coalesce(places.since + to_days(expected.days) <= $as_of, FALSE) AS late,
  CASE WHEN places.since + to_days(expected.days) > $as_of THEN places.since + to_days(expected.days) END
    AS next_change_at
FROM places
JOIN segmented USING (person_id)
JOIN (VALUES <<expected>>) AS expected(segment, stage, days)
  ON expected.segment = segmented.segment AND expected.stage = places.stage

-- name: segmented
-- The first lead time that fits a person (LC-9, LC-12).
CREATE OR REPLACE TEMP TABLE segmented AS
WITH deals AS (
  SELECT person_id<<deals>> FROM opportunities AS deal WHERE person_id IS NOT NULL AND status = 'open' GROUP BY person_id
),
chosen AS (
  SELECT fit.person_id, <<segment>> AS segment
  FROM grade_fit AS fit
  LEFT JOIN deals ON deals.person_id = fit.person_id
)
SELECT chosen.person_id, chosen.segment, what.hot_at_least, what.recycle_percent, what.skip_nurture, what.cadence
FROM chosen
JOIN (VALUES <<rules>>) AS what(segment, hot_at_least, recycle_percent, skip_nurture, cadence) USING (segment)
