-- name: chosen
-- Those whose life can be more than registered and cold: who could ever have been hot, an MQL or ready for the toss-up,
-- of whom the CRM says something, and who was followed up.
CREATE OR REPLACE TEMP TABLE life_chosen AS
WITH heard AS (
  SELECT DISTINCT person_id FROM heard_ever
),
dealt AS (
  SELECT DISTINCT person_id FROM opportunities WHERE person_id IS NOT NULL
),
told AS (
  SELECT person_id FROM dealt
  UNION
  SELECT person_id FROM crm_words
  UNION
  SELECT person_id FROM people WHERE crm_status IS NOT NULL
  UNION
  SELECT person_id FROM decide_runs
  UNION
  SELECT person_id FROM decided_off
),
facts AS (
  SELECT scored.person_id, told.person_id IS NOT NULL AS is_told, qualified.from_marketing,
    qualified.toss_up_required AS required, (<<hot>>) AND screened.person_id IS NULL AS hot, <<mql>> AS mql,
    <<met>> AS met, screened.person_id IS NOT NULL AS is_screened
  FROM scored
  JOIN qualified USING (person_id)
  JOIN claimed AS claim USING (person_id)
  LEFT JOIN told USING (person_id)
  LEFT JOIN heard USING (person_id)
  LEFT JOIN dealt USING (person_id)
  LEFT JOIN screened USING (person_id)
  <<attributed>>
)
SELECT person_id
FROM facts
WHERE is_told OR hot OR (from_marketing AND mql <> 0) OR (met <> 0 AND bit_count(met) >= required AND NOT is_screened)

-- name: trivial
-- The lives of all others: registered, and cold from the first thing they did on.
INSERT INTO life
WITH others AS (
  SELECT scored.person_id, person.created_at, screened.person_id IS NOT NULL AS is_screened,
    CASE WHEN scored.first_activity_at >= person.created_at THEN scored.first_activity_at ELSE later.first_at END
      AS active_at
  FROM scored
  JOIN people AS person USING (person_id)
  LEFT JOIN life_later AS later USING (person_id)
  LEFT JOIN screened USING (person_id)
  ANTI JOIN life_chosen USING (person_id)
)
SELECT person_id, 1, created_at, 1, 'stage', NULL,
  CASE WHEN active_at = created_at THEN 'cold' ELSE 'registered' END,
  CASE WHEN is_screened THEN ['screened']
    WHEN active_at = created_at THEN ['score_below_threshold'] ELSE ['no_activity_since_registration'] END,
  NULL, []
FROM others
UNION ALL
SELECT person_id, 2, active_at, 1, 'stage', 'registered', 'cold',
  [CASE WHEN is_screened THEN 'screened' ELSE 'score_below_threshold' END], NULL, []
FROM others
WHERE active_at > created_at

-- name: later
-- The first thing that was done since registration by those who had done something before.
CREATE OR REPLACE TEMP TABLE life_later AS
WITH known_before AS (
  SELECT scored.person_id, person.created_at
  FROM scored
  JOIN people AS person USING (person_id)
  ANTI JOIN life_chosen USING (person_id)
  WHERE scored.first_activity_at < person.created_at AND scored.last_activity_at >= person.created_at
)
SELECT known.person_id, min(activity.occurred_at) AS first_at
FROM activities AS activity
JOIN known_before AS known USING (person_id)
WHERE activity.occurred_at BETWEEN known.created_at AND $as_of AND activity.type IN (<<types>>) AND <<not_noise>>
GROUP BY known.person_id

-- name: states
-- What was so of whom from each moment on: one bit for each thing that holds or not. All that was so at registration
-- is the first state.
CREATE OR REPLACE TEMP TABLE life_states AS
WITH moved AS (
  SELECT who.pid, greatest(mark.k, 2 * who.created + 1) AS k, mark.word, mark.delta
  FROM life_marks AS mark
  JOIN score_people AS who USING (pid)
  WHERE mark.k <= 2 * <<now>> + 1
  UNION ALL
  SELECT pid, 2 * created + 1, 0, 0 FROM score_people
),
moments AS (
  SELECT pid, k, <<deltas>> FROM moved GROUP BY pid, k
)
SELECT pid, k, <<masks>>
FROM moments
WINDOW life AS (PARTITION BY pid ORDER BY k)

-- name: verdicts
-- What follows from it, by the words of `decided` and `qualified`.
CREATE OR REPLACE TEMP TABLE life_verdicts AS
WITH facts AS (
  SELECT state.pid, state.k,
    <<recycled>> AS recycled,
    CASE WHEN <<recycled>> THEN NULL <<crm>> END AS in_crm,
    in_crm IS NULL AND <<decided>> AS by_decision,
    CASE WHEN by_decision THEN 'disqualified' ELSE in_crm END AS crm,
    <<crm_undated>> AS crm_undated,
    <<main>> AS at_threshold,
    <<gates>> AS gates,
    <<run>> AND screened.person_id IS NULL AS in_run,
    <<active>> AS active,
    CASE WHEN qualified.from_marketing THEN <<mql>> ELSE 0 END AS mql,
    <<items>> AS items,
    <<criteria>> AS met,
    qualified.toss_up_required AS required,
    <<needed>> AS needed,
    screened.person_id IS NOT NULL AS is_screened
  FROM life_states AS state
  JOIN score_people AS who USING (pid)
  JOIN qualified USING (person_id)
  LEFT JOIN screened USING (person_id)
),
judged AS (
  SELECT *,
    at_threshold AND gates = <<all_gates>> AND NOT is_screened AS over,
    mql <> 0 AND items = <<all_items>> AND <<all_items>> <> 0 AS is_sql,
    <<criteria_count>> > 0 AND bit_count(met) >= required AND met & needed = needed AND NOT is_screened AS ready
  FROM facts
)
SELECT pid, k, recycled, crm_undated, by_decision, at_threshold, gates, in_run, mql, items, met, is_screened, over,
  mql <> 0 AS is_mql, is_sql, ready,
  CASE
    WHEN crm IS NOT NULL THEN crm
    WHEN over OR in_run THEN 'hot'
    WHEN active OR recycled THEN 'cold'
    ELSE 'registered'
  END AS stage
FROM judged

-- name: changes
-- Where any of it changed, with what it was before.
CREATE OR REPLACE TEMP TABLE life_changes AS
SELECT *
FROM (
  SELECT *,
    lag(stage) OVER life AS from_stage,
    coalesce(lag(over) OVER life, FALSE) AS was_over,
    coalesce(lag(in_run) OVER life, FALSE) AS was_in_run,
    coalesce(lag(recycled) OVER life, FALSE) AS was_recycled,
    coalesce(lag(is_mql) OVER life, FALSE) AS was_mql,
    coalesce(lag(is_sql) OVER life, FALSE) AS was_sql,
    coalesce(lag(ready) OVER life, FALSE) AS was_ready,
    lag(mql) OVER life AS mql_before,
    lag(met) OVER life AS met_before
  FROM life_verdicts
  WINDOW life AS (PARTITION BY pid ORDER BY k)
)
WHERE stage IS DISTINCT FROM from_stage OR over <> was_over OR is_mql <> was_mql OR is_sql <> was_sql
  OR ready <> was_ready

-- name: life
-- The transitions, in the order of time; those of one instant one after the other.
CREATE OR REPLACE TEMP TABLE life AS
WITH told AS (
  SELECT pid, k, 1 AS place, 'stage' AS kind, from_stage, stage AS to_stage, recycled,
    CASE
      WHEN by_decision THEN ['decision']
      WHEN stage IN ('opportunity', 'won', 'lost', 'disqualified') THEN ['crm_status']
      WHEN stage = 'hot' AND over THEN list_concat(['score_at_threshold'], <<gate_ids>>)
      WHEN stage = 'hot' THEN ['cadence_open']
      WHEN is_screened THEN ['screened']
      WHEN stage = 'registered' THEN ['no_activity_since_registration']
      WHEN recycled AND NOT was_recycled THEN ['recycled']
      WHEN from_stage = 'hot' THEN list_concat(
        CASE WHEN at_threshold THEN [] ELSE ['score_below_threshold'] END,
        list_concat(<<lacking_ids>>, CASE WHEN was_in_run THEN ['cadence_over'] ELSE [] END)
      )
      ELSE ['score_below_threshold']
    END AS rules,
    CASE
      WHEN stage IN ('opportunity', 'won', 'lost', 'disqualified') AND crm_undated AND NOT by_decision THEN ['crm_status']
      WHEN stage = 'hot' AND over THEN <<undated_gates>>
      ELSE []
    END AS undated
  FROM life_changes
  WHERE stage IS DISTINCT FROM from_stage
  UNION ALL
  SELECT pid, k, 2, CASE WHEN over THEN 'rose' ELSE 'fell' END, NULL, NULL, recycled,
    CASE
      WHEN over THEN list_concat(['score_at_threshold'], <<gate_ids>>)
      ELSE list_concat(CASE WHEN at_threshold THEN [] ELSE ['score_below_threshold'] END, <<lacking_ids>>)
    END,
    []
  FROM life_changes
  WHERE over <> was_over AND stage = from_stage
  UNION ALL
  SELECT pid, k, 3, CASE WHEN is_mql THEN 'mql_gained' ELSE 'mql_lost' END, NULL, NULL, recycled,
    CASE WHEN is_mql THEN <<mql_ids>> ELSE <<mql_ids_before>> END,
    CASE WHEN is_mql THEN <<undated_mql>> ELSE [] END
  FROM life_changes
  WHERE is_mql <> was_mql
  UNION ALL
  SELECT pid, k, 4, CASE WHEN is_sql THEN 'sql_gained' ELSE 'sql_lost' END, NULL, NULL, recycled,
    CASE WHEN is_sql THEN <<item_ids>> WHEN NOT is_mql THEN ['no_mql'] ELSE <<missing_item_ids>> END,
    []
  FROM life_changes
  WHERE is_sql <> was_sql
  UNION ALL
  SELECT pid, k, 5, CASE WHEN ready THEN 'toss_up_ready' ELSE 'toss_up_lost' END, NULL, NULL, recycled,
    CASE WHEN ready THEN <<criteria_ids>> ELSE <<criteria_ids_before>> END,
    CASE WHEN ready THEN <<undated_criteria>> ELSE [] END
  FROM life_changes
  WHERE ready <> was_ready
),
scores AS (
  SELECT told.*, step.after AS score
  FROM told ASOF LEFT JOIN score_steps AS step ON told.pid = step.pid AND told.k >= step.k
),
again AS (
  SELECT span.life, who.pid, 2 * span.begins AS begins, 2 * span.ends AS ends
  FROM recycled_spans AS span
  JOIN score_people AS who USING (person_id)
),
scores_again AS (
  SELECT told.pid, told.k, told.place, step.after AS score
  FROM (SELECT told.*, again.life FROM told ASOF JOIN again ON told.pid = again.pid AND told.k >= again.begins
    WHERE told.recycled) AS told
  ASOF LEFT JOIN again_steps AS step ON told.life = step.pid AND told.k >= step.k
)
SELECT who.person_id,
  row_number() OVER (PARTITION BY told.pid ORDER BY told.k, told.place) AS n,
  make_timestamp(told.k >> 1) AS "at",
  row_number() OVER (PARTITION BY told.pid, told.k >> 1 ORDER BY told.k, told.place)::INTEGER AS place,
  told.kind, told.from_stage, told.to_stage, told.rules::VARCHAR[] AS rules,
  -- Whoever begins, or does a first thing, does so whatever the score: it is not worked out for everybody.
  CASE WHEN told.kind <> 'stage' OR coalesce(told.from_stage, 'registered') <> 'registered'
      OR told.to_stage NOT IN ('registered', 'cold')
    THEN coalesce(CASE WHEN told.recycled THEN anew.score ELSE told.score END, 0) END AS score,
  told.undated::VARCHAR[] AS undated
FROM scores AS told
JOIN score_people AS who USING (pid)
LEFT JOIN scores_again AS anew USING (pid, k, place)

-- name: mqls
-- When somebody became an MQL first and last, and how often (LC-6).
CREATE OR REPLACE TEMP TABLE mqls AS
SELECT person_id, min("at") AS first_at, max("at") AS last_at, count(*) AS times
FROM life
WHERE kind = 'mql_gained'
GROUP BY person_id

-- name: of_one
SELECT "at", kind, from_stage, to_stage, rules, score, undated
FROM life
WHERE person_id = $person_id
ORDER BY n
