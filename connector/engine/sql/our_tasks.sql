-- name: our_deals
-- The opportunities that we made at hand-overs, found again by their keys.
CREATE OR REPLACE TEMP TABLE our_deals AS
SELECT id AS opportunity_id FROM seen_salesforce_opportunity WHERE ends_with(key, ':opportunity')

-- name: our_tasks
-- The tasks that we made for runs, found again by their keys: org, record, cadence, start, step and channel. What a rep
-- deleted is as good as done: it is not made again. What we closed ourselves nobody has done.
CREATE OR REPLACE TEMP TABLE our_tasks AS
SELECT run.person_id, run.cadence, run.start_date, split_part(task.key, ':', 5) AS step,
  split_part(task.key, ':', 6) AS channel, task.id AS task_id,
  (coalesce(task.is_closed, FALSE) OR coalesce(task.is_deleted, FALSE)) AND ours.task_id IS NULL AS is_done,
  NOT coalesce(task.is_closed, FALSE) AND NOT coalesce(task.is_deleted, FALSE) AS is_open,
  CASE WHEN task.is_closed AND ours.task_id IS NULL THEN coalesce(task.completed_at, task.modified_at) END AS done_at,
  task.disposition AS outcome, CASE WHEN ours.task_id IS NULL THEN task.status END AS status,
  run.ended_at IS NULL AS is_open_run
FROM seen_salesforce_task AS task
JOIN cadence_runs AS run
  ON run.key_record = split_part(task.key, ':', 2) AND run.cadence = split_part(task.key, ':', 3)
  AND run.start_date = try_cast(split_part(task.key, ':', 4) AS DATE)
LEFT JOIN closed_by_us AS ours ON ours.task_id = task.id
WHERE task.key IS NOT NULL
