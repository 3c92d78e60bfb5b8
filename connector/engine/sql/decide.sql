-- name: runs
-- The runs recorded so far, each with the last moment at which it was open: the end that was recorded, else what ended it
-- since (a restart aside), else the end of its last day in the zone of the rules.
CREATE OR REPLACE TEMP TABLE decide_runs AS
SELECT *, CASE WHEN open_until > $as_of THEN open_until END AS next_change_at
FROM (
SELECT run.person_id, run.start_date,
  coalesce(
    run.ended_at,
    ended.came_at,
    timezone('UTC', timezone(<<zone>>, (coalesce(span.last_day, run.start_date) + INTERVAL 1 DAY)::TIMESTAMP))
  ) AS open_until
FROM cadence_runs AS run
LEFT JOIN run_ends AS ended
  ON ended.person_id = run.person_id AND ended.cadence = run.cadence AND ended.start_date = run.start_date
  AND NOT ended.restarts
LEFT JOIN run_pauses AS pause
  ON pause.person_id = run.person_id AND pause.cadence = run.cadence AND pause.start_date = run.start_date
LEFT JOIN (VALUES <<spans>>) AS span(cadence, start_date, pauses, last_day)
  ON span.cadence = run.cadence AND span.start_date = run.start_date AND span.pauses = coalesce(pause.pauses, '')
WHERE run.start_date <= $latest_start AND run.cadence NOT IN (<<apart>>)
)

-- name: decided
-- The stage: what the CRM says comes first, save of a lost deal whose person was recycled since; then hot, by the score or by an open run; then what the person did.
-- Who was screened out is never hot. A crossing is covered by a run that was still open when it happened, or that began afterwards.
CREATE OR REPLACE TEMP TABLE decided AS
WITH runs AS (
  SELECT person_id, max(open_until) AS open_until FROM decide_runs GROUP BY person_id
),
facts AS (
  SELECT scored.person_id, scored.score_deciding,
    -- Hot begins when the last of what it takes is there: the score, or what is required beside it.
    greatest(scored.crossed_at, qualified.open_since) AS hot_from,
    CASE
      WHEN scored.recycled_at IS NULL AND person.crm_status IN ('opportunity', 'won', 'lost', 'disqualified')
        THEN person.crm_status
    END AS in_crm,
    -- What was decided before somebody was recycled does not count any more.
    in_crm IS NULL AND coalesce(off.start_date >= coalesce(scored.recycled_at, TIMESTAMP '-infinity'), FALSE)
      AS by_decision,
    CASE WHEN by_decision THEN 'disqualified' ELSE in_crm END AS crm,
    scored.recycled_at IS NOT NULL AS recycled,
    screened.person_id IS NOT NULL AS is_screened,
    scored.score_deciding >= scored.hot_at_least AND qualified.open AND NOT is_screened AS over,
    coalesce(runs.open_until > $as_of, FALSE) AND NOT is_screened AS in_run,
    coalesce(runs.open_until > hot_from, FALSE) AS covered,
    -- An agreed day holds everything back; once it has come, it counts as the day of turning hot.
    greatest(hot_from, agreed.until) >= $as_of::TIMESTAMP - to_days(<<fresh_days>>) AS fresh,
    coalesce(agreed.held, FALSE) OR NOT coalesce(qualified.approach, TRUE) AS held_back,
    -- A list whose time for follow-up is over lifted the person over the threshold, and nothing was done since.
    hot_from IS NOT NULL AND EXISTS (
      SELECT 1 FROM list_follow_ups AS listed
      WHERE listed.person_id = scored.person_id AND listed.follow_up_until < $today
        AND list_contains(listed.moments, hot_from)
        AND list_contains(listed.moments, scored.last_activity_at)
    ) AS too_late,
    coalesce(scored.last_activity_at >= person.created_at, FALSE) AS active,
    person.do_not_call IS NOT TRUE AS may_call,
    person.opted_out IS NOT TRUE AS may_email
  FROM scored
  JOIN qualified USING (person_id)
  JOIN people AS person USING (person_id)
  LEFT JOIN runs USING (person_id)
  LEFT JOIN screened USING (person_id)
  LEFT JOIN decided_off AS off USING (person_id)
  LEFT JOIN not_before AS agreed USING (person_id)
),
starting AS (
  SELECT facts.*, choice.fresh AS fresh_cadence, choice.longer AS longer_cadence,
    crm IS NULL AND over AND NOT held_back AND NOT too_late AND NOT in_run AND NOT covered AND (may_call OR may_email)
      AS begins
  FROM facts
  LEFT JOIN cadence_choices AS choice USING (person_id)
)
SELECT person_id,
  CASE
    WHEN crm IS NOT NULL THEN crm
    WHEN over OR in_run THEN 'hot'
    WHEN active OR recycled THEN 'cold'
    ELSE 'registered'
  END AS stage,
  CASE
    WHEN crm IS NOT NULL AND by_decision THEN 'decision'
    WHEN crm IS NOT NULL THEN 'crm_status'
    WHEN over THEN 'score_at_threshold'
    WHEN in_run THEN 'cadence_open'
    WHEN is_screened THEN 'screened'
    WHEN recycled THEN 'recycled'
    WHEN active THEN 'score_below_threshold'
    ELSE 'no_activity_since_registration'
  END AS stage_rule,
  CASE WHEN crm IS NULL AND over THEN hot_from END AS hot_since,
  begins AND fresh AND fresh_cadence IS NOT NULL AS cadence_starts,
  begins AND NOT fresh AND longer_cadence IS NOT NULL AS review,
  CASE WHEN begins THEN CASE WHEN fresh THEN fresh_cadence ELSE longer_cadence END END AS cadence,
  may_call, may_email
FROM starting
