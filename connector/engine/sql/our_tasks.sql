-- name: our_tasks
-- The tasks that we made for runs that are still open, found again by their keys: org, record, cadence, start, step and
-- channel. What a rep deleted is as good as done: it is not made again.
CREATE OR REPLACE TEMP TABLE our_tasks AS
SELECT run.person_id, run.cadence, run.start_date, split_part(task.key, ':', 5) AS step,
  split_part(task.key, ':', 6) AS channel, task.id AS task_id,
  coalesce(task.is_closed, FALSE) OR coalesce(task.is_deleted, FALSE) AS is_done
FROM seen_salesforce_task AS task
JOIN cadence_runs AS run
  ON run.key_record = split_part(task.key, ':', 2) AND run.cadence = split_part(task.key, ':', 3)
  AND run.start_date = try_cast(split_part(task.key, ':', 4) AS DATE)
WHERE task.key IS NOT NULL AND run.ended_at IS NULL

-- name: finished
-- Steps of which nothing is left to do: a call and an e-mail of one day are one step.
CREATE OR REPLACE TEMP TABLE finished_tasks AS
SELECT person_id, step FROM our_tasks GROUP BY person_id, cadence, start_date, step HAVING bool_and(is_done)
