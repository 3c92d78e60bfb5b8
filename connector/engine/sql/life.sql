-- name: wanted
-- The one person whose life is asked for.
CREATE OR REPLACE TEMP TABLE life_wanted AS SELECT $person_id AS person_id

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
  WHERE <<among>>
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
  WHERE <<among>>
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

-- name: active
-- From when on somebody has done anything that counts, since they are known; whoever had done something before is looked
-- at activity by activity.
SELECT pid, 2 * first + 1 AS k, <<word>> AS word, <<bit>> AS delta
FROM (SELECT pid, min(first) AS first FROM score_knots WHERE active GROUP BY pid) AS begun
JOIN score_people AS who USING (pid)
WHERE first >= who.created
UNION ALL
SELECT event.pid, 2 * min(event.t) + 1, <<word>>, <<bit>>
FROM score_events AS event
JOIN (
  SELECT who.pid, who.created
  FROM score_people AS who
  JOIN (SELECT pid, min(first) AS first, max(last) AS last FROM score_knots WHERE active GROUP BY pid) AS begun USING (pid)
  WHERE begun.first < who.created AND begun.last >= who.created
) AS known ON known.pid = event.pid AND event.t >= known.created
GROUP BY event.pid

-- name: counted
-- What people did that some claim asks about.
CREATE OR REPLACE TEMP TABLE life_counted AS
SELECT who.pid, epoch_us(done.occurred_at) AS t, done.* EXCLUDE (person_id, occurred_at)
FROM counted_activities AS done
JOIN score_people AS who USING (person_id)
ANTI JOIN recycled_spans AS anew USING (person_id)

-- name: counted_before
-- Of those who were recycled, what they did before as well: then it counted.
INSERT INTO life_counted BY NAME
SELECT who.pid, epoch_us(activity.occurred_at) AS t, <<columns>>
FROM <<acts>> AS activity
JOIN score_people AS who USING (person_id)
SEMI JOIN recycled_spans AS anew USING (person_id)
WHERE activity.occurred_at <= $as_of AND activity.type IN (<<types>>) AND <<not_noise>> AND (<<any>>)

-- name: counted_again
-- The same since a life began anew: what was done before counts for nothing there (RC-3).
CREATE OR REPLACE TEMP TABLE again_counted AS
SELECT again.pid, done.* EXCLUDE (pid)
FROM again_people AS again
JOIN recycled_spans AS span ON span.life = again.pid
JOIN score_people AS who USING (person_id)
JOIN life_counted AS done ON done.pid = who.pid AND done.t > span.born

-- name: spans
-- What holds of whom from when to when.
CREATE OR REPLACE TEMP TABLE life_spans AS
SELECT pid, slot, begins, ends
FROM (
  SELECT pid, slot, begins, ends FROM (<<by_number>>)
  UNION ALL
  SELECT who.pid, held.slot, held.begins, held.ends
  FROM (<<by_person>>) AS held
  JOIN score_people AS who USING (person_id)
  UNION ALL
  SELECT who.pid, held.slot, greatest(held.begins, span.begins), least(held.ends, span.ends)
  FROM (<<again>>) AS held
  JOIN recycled_spans AS span ON span.life = held.pid
  JOIN score_people AS who USING (person_id)
)
WHERE begins <= <<now>> AND ends > begins

-- name: joined
-- Spans that touch are one. Of each, where it begins and where it ends.
SELECT pid, 2 * edge.t + 1 AS k, word, edge.sign * bit AS delta
FROM (
  SELECT pid, slot.word, slot.bit, begins, reach, reached, following,
    unnest([{'t': begins, 'sign': 1}, {'t': reach, 'sign': -1}]) AS edge
  FROM (
    SELECT pid, slot, begins, reach, lag(reach) OVER life AS reached, lead(begins) OVER life AS following
    FROM (
      SELECT pid, slot, begins, ends, max(ends) OVER (
        PARTITION BY pid, slot ORDER BY begins, ends ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
      ) AS reach
      FROM life_spans
    )
    WINDOW life AS (PARTITION BY pid, slot ORDER BY begins, ends)
  )
  JOIN (VALUES <<slots>>) AS slot(slot, word, bit) USING (slot)
)
WHERE CASE edge.sign WHEN 1 THEN coalesce(begins > reached, TRUE) ELSE coalesce(following > reach, TRUE) END

-- name: again
-- Thresholds in lives of the score that began anew, each up to where its span ends: what it had reached is taken back.
SELECT who.pid, level.k, level.word, level.delta
FROM (<<crossed>>) AS level
JOIN recycled_spans AS span ON span.life = level.pid
JOIN score_people AS who USING (person_id)
WHERE level.k <= 2 * span.ends
UNION ALL
SELECT who.pid, 2 * span.ends + 1, any_value(level.word), -sum(level.delta)
FROM (<<crossed>>) AS level
JOIN recycled_spans AS span ON span.life = level.pid
JOIN score_people AS who USING (person_id)
WHERE level.k <= 2 * span.ends
GROUP BY who.pid, span.life, span.ends

-- name: crm
SELECT span.person_id, slot.slot, span.begins, span.ends
FROM crm_spans AS span
JOIN (VALUES ('opportunity', <<opportunity>>), ('won', <<won>>), ('lost', <<lost>>), ('disqualified', <<disqualified>>))
  AS slot(status, slot) USING (status)
UNION ALL
SELECT person_id, <<crm_undated>>, begins, ends FROM crm_spans WHERE undated
UNION ALL
SELECT person_id, <<recycled>>, begins, ends FROM recycled_spans

-- name: decided
-- Who was disqualified by a decision at the end of a follow-up, until a life begins anew after it (CD-4).
SELECT off.person_id, <<slot>> AS slot, epoch_us(off.came_at) AS begins,
  coalesce(min(span.begins), <<for_ever>>) AS ends
FROM (
  SELECT decision.person_id, decision.start_date, coalesce(min(decision.came_at), decision.start_date::TIMESTAMP) AS came_at
  FROM run_decisions AS decision
  JOIN decided_off USING (person_id, start_date)
  WHERE decision.outcome = 'disqualified'
  GROUP BY decision.person_id, decision.start_date
) AS off
LEFT JOIN recycled_spans AS span
  ON span.person_id = off.person_id AND span.born > epoch_us(off.start_date::TIMESTAMP)
GROUP BY ALL

-- name: runs
-- A run counts from the first moment of the day on which an evaluation could have begun it.
SELECT run.person_id, <<slot>> AS slot,
  epoch_us(timezone('UTC', timezone(<<zone>>, day.opens::TIMESTAMP))) AS begins, epoch_us(run.open_until) AS ends
FROM decide_runs AS run
JOIN (VALUES <<days>>) AS day(start_date, opens) USING (start_date)

-- name: starts
-- The days on which runs began.
SELECT DISTINCT start_date FROM decide_runs ORDER BY start_date

-- name: did
-- A claim about activities holds from the one that completes the count until the first of those counted leaves the
-- window.
SELECT pid, <<slot>> AS slot, t AS begins, first_of_count + <<window>> AS ends
FROM (
  SELECT pid, t, lag(t, <<count>> - 1) OVER (PARTITION BY pid ORDER BY t) AS first_of_count
  FROM <<life>>_counted
  WHERE <<met>>
)
WHERE first_of_count + <<window>> > t

-- name: window
-- The points of a window change where some are earned and where they leave it; before the first there are none.
SELECT pid, <<slot>> AS slot, begins, ends
FROM (
  SELECT pid, t AS begins, coalesce(lead(t) OVER life, <<for_ever>>) AS ends, sum(sum(points)) OVER life AS points
  FROM (
    SELECT pid, t, points FROM <<life>>_events WHERE points <> 0
    UNION ALL
    SELECT pid, t, points FROM <<life>>_awards
    UNION ALL
    SELECT pid, t + <<window>>, -points FROM <<life>>_events WHERE points <> 0
    UNION ALL
    SELECT pid, t + <<window>>, -points FROM <<life>>_awards
    UNION ALL
    SELECT pid, -<<for_ever>>, 0 FROM <<life>>_people
  )
  GROUP BY pid, t
  WINDOW life AS (PARTITION BY pid ORDER BY t)
)
WHERE <<met>>

-- name: lately
-- Anything at all holds for so long.
SELECT pid, <<slot>> AS slot, t AS begins, t + <<window>> AS ends FROM <<life>>_events

-- name: answered
-- A claim about answers holds from an answer until the next one to the same item, or until it leaves the window.
-- What was heard nobody knows when is older than any other answer, and in no window.
SELECT person_id, <<slot>> AS slot, begins, least(ends, begins + <<window>>) AS ends
FROM (
  SELECT hearing.*,
    coalesce(epoch_us(hearing."at"), -<<for_ever>>) AS begins,
    coalesce(lead(epoch_us(hearing."at")) OVER (PARTITION BY person_id, item ORDER BY "at" NULLS FIRST), <<for_ever>>)
      AS ends
  FROM heard_ever AS hearing
) AS hearing
WHERE (<<acceptable>>) AND (<<met>>)

-- name: deal
SELECT deal.person_id, <<slot>> AS slot, deal.begins, deal.ends FROM deal_spans AS deal WHERE <<met>>

-- name: undated
-- What holds now and nobody knows since when.
SELECT person_id, <<slot>> AS slot, -<<for_ever>> AS begins, <<for_ever>> AS ends FROM claimed WHERE <<claim>>

-- name: always
-- What held of everybody before anything was done: a score of 0 is at or over such a threshold.
SELECT pid, -<<for_ever>> AS k, <<word>> AS word, <<bit>> AS delta FROM score_people

-- name: marks
CREATE OR REPLACE TEMP TABLE life_marks AS
<<marks>>

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
