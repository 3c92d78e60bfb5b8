-- name: our_tasks
-- The tasks that we made for runs, found again by their keys: org, record, cadence, start, step and channel. What a rep
-- deleted is as good as done: it is not made again.
CREATE OR REPLACE TEMP TABLE our_tasks AS
SELECT run.person_id, run.cadence, run.start_date, split_part(task.key, ':', 5) AS step,
  split_part(task.key, ':', 6) AS channel, task.id AS task_id,
  coalesce(task.is_closed, FALSE) OR coalesce(task.is_deleted, FALSE) AS is_done,
  CASE WHEN task.is_closed THEN coalesce(task.completed_at, task.modified_at) END AS done_at,
  task.disposition AS outcome, task.status, run.ended_at IS NULL AS is_open_run
FROM seen_salesforce_task AS task
JOIN cadence_runs AS run
  ON run.key_record = split_part(task.key, ':', 2) AND run.cadence = split_part(task.key, ':', 3)
  AND run.start_date = try_cast(split_part(task.key, ':', 4) AS DATE)
WHERE task.key IS NOT NULL
