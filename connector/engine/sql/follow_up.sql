-- name: ground
-- Where nobody looked at the tasks that we made there are none.
CREATE TEMP TABLE IF NOT EXISTS our_tasks (
  person_id VARCHAR, cadence VARCHAR, start_date DATE, step VARCHAR, channel VARCHAR, task_id VARCHAR,
  is_done BOOLEAN, is_open BOOLEAN, done_at TIMESTAMP, outcome VARCHAR, status VARCHAR, is_open_run BOOLEAN
)

-- name: choices
-- Which cadence is a person's, should one start: of each kind the first that fits; the one that the person's lead time
-- names goes before.
CREATE OR REPLACE TEMP TABLE cadence_choices AS
SELECT fit.person_id, CASE WHEN segmented.cadence IN (<<fresh_ids>>) THEN segmented.cadence ELSE <<fresh>> END AS fresh,
  <<longer>> AS longer, <<inquiry>> AS inquiry
FROM grade_fit AS fit
LEFT JOIN segmented USING (person_id)

-- name: events
-- What people did in their open runs that says something to these: never what a machine did, nor what lies before the
-- run's first day or before the crossing that began it.
CREATE OR REPLACE TEMP TABLE run_events AS
SELECT run.person_id, run.cadence, run.start_date, event.effect, event.word, event.days::INTEGER AS days,
  activity.occurred_at
FROM cadence_runs AS run
JOIN (VALUES <<events>>) AS event(cadence, word, effect, days) ON event.cadence = run.cadence
JOIN activities AS activity ON activity.person_id = run.person_id AND activity.type = event.word
WHERE run.ended_at IS NULL AND activity.occurred_at <= $as_of AND <<not_noise>>
  AND activity.occurred_at > greatest(run.crossed_at,
    timezone('UTC', timezone(<<zone>>, run.start_date::TIMESTAMP)) - INTERVAL 1 MICROSECOND)

-- name: decisions
-- The last step of a run, where its tasks are done: one of the two tasks of a decision is enough. What the task says of
-- the outcome counts; a decision that says nothing takes the lead back to nurturing, and so does one that was deleted.
CREATE OR REPLACE TEMP TABLE run_decisions AS
WITH told AS (
  SELECT task.*, coalesce(by_result.outcome, by_status.outcome) AS meaning
  FROM our_tasks AS task
  JOIN (VALUES <<lasts>>) AS last(cadence, step) ON last.cadence = task.cadence AND last.step = task.step
  LEFT JOIN (VALUES <<words>>) AS by_result(cadence, word, outcome)
    ON by_result.cadence = task.cadence AND by_result.word = lower(trim(task.outcome))
  LEFT JOIN (VALUES <<words>>) AS by_status(cadence, word, outcome)
    ON by_status.cadence = task.cadence AND by_status.word = lower(trim(task.status))
)
SELECT person_id, cadence, start_date,
  max(done_at) FILTER (WHERE is_done) AS came_at,
  CASE WHEN cadence IN (<<deciding>>)
    THEN coalesce(arg_max(meaning, coalesce(done_at, TIMESTAMP '-infinity')) FILTER (WHERE is_done), 'active_prospect')
    ELSE 'finished'
  END AS outcome
FROM told
GROUP BY person_id, cadence, start_date
HAVING CASE WHEN cadence IN (<<deciding>>) THEN bool_or(is_done) ELSE bool_or(is_done) AND NOT bool_or(is_open) END

-- name: lasts
-- The runs of which a task of the last step is there, and whether one waits to be ticked off.
CREATE OR REPLACE TEMP TABLE run_lasts AS
SELECT task.person_id, task.cadence, task.start_date, bool_or(task.is_open) AS waits
FROM our_tasks AS task
JOIN (VALUES <<lasts>>) AS last(cadence, step) ON last.cadence = task.cadence AND last.step = task.step
GROUP BY task.person_id, task.cadence, task.start_date

-- name: ends
-- The open runs that something has ended by now, and what did so first. One that begins anew is open as before, until
-- its new run is recorded.
CREATE OR REPLACE TEMP TABLE run_ends AS
WITH found AS (
  SELECT person_id, cadence, start_date, word AS reason, occurred_at AS came_at, effect = 'restarts' AS restarts
  FROM run_events WHERE effect IN ('stops', 'restarts')
  UNION ALL
  SELECT decision.person_id, decision.cadence, decision.start_date, decision.outcome, coalesce(decision.came_at, $as_of), FALSE
  FROM run_decisions AS decision
  JOIN cadence_runs AS run
    ON run.person_id = decision.person_id AND run.cadence = decision.cadence AND run.start_date = decision.start_date
  WHERE run.ended_at IS NULL
  UNION ALL
  SELECT run.person_id, run.cadence, run.start_date, 'opt_out', $as_of, FALSE
  FROM cadence_runs AS run
  JOIN people AS person ON person.person_id = run.person_id
  WHERE run.ended_at IS NULL AND run.cadence IN (<<by_opt_out>>) AND person.opted_out AND person.do_not_call
)
SELECT person_id, cadence, start_date, arg_min(reason, (came_at, restarts, reason)) AS reason, min(came_at) AS came_at,
  arg_min(restarts, (came_at, restarts, reason)) AS restarts
FROM found
GROUP BY person_id, cadence, start_date

-- name: pauses
-- The pauses of each open run as a text that runs share: day/days, in order.
CREATE OR REPLACE TEMP TABLE run_pauses AS
SELECT person_id, cadence, start_date, string_agg(DISTINCT day || '/' || days, ',' ORDER BY day || '/' || days) AS pauses
FROM (
  SELECT *, strftime(timezone(<<zone>>, timezone('UTC', occurred_at)), '%Y-%m-%d') AS day
  FROM run_events WHERE effect = 'pauses'
)
GROUP BY person_id, cadence, start_date

-- name: disqualified
-- Who was disqualified by a decision (CD-4): until the task of it says otherwise, or is open again.
CREATE OR REPLACE TEMP TABLE decided_off AS
SELECT person_id, max(start_date) FILTER (outcome <> 'finished') AS start_date FROM run_decisions GROUP BY person_id
HAVING arg_max(outcome, (start_date, coalesce(came_at, TIMESTAMP '-infinity'))) FILTER (WHERE outcome <> 'finished') = 'disqualified'

-- name: kinds_of_runs
-- The cadences, start days and pauses of runs that nobody ended.
SELECT DISTINCT run.cadence, run.start_date, coalesce(pause.pauses, '') AS pauses
FROM cadence_runs AS run
LEFT JOIN run_pauses AS pause
  ON pause.person_id = run.person_id AND pause.cadence = run.cadence AND pause.start_date = run.start_date
WHERE run.ended_at IS NULL
ORDER BY ALL
