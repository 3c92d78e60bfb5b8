-- name: closed_by_us
-- The tasks that we closed because what they were for is over, and about which nobody has said anything since. A result
-- that somebody gave, or a task that somebody opened and finished another day, is a rep's word again. An apply is over
-- within a day. Nor does it say anything when an undo has deleted a task. What an undo has opened again is a rep's to close.
CREATE OR REPLACE TEMP TABLE closed_by_us AS
SELECT task.id AS task_id
FROM seen_salesforce_task AS task
JOIN (
  SELECT record, max(intended_at) AS closed_at FROM journal
  WHERE kind = 'close' AND object = 'Task' AND outcome = 'done' GROUP BY record
) AS ours ON ours.record = task.id
WHERE task.is_closed AND trim(coalesce(task.disposition, '')) = ''
  AND coalesce(task.completed_at < ours.closed_at + INTERVAL 1 DAY, TRUE)
  AND NOT EXISTS (
    SELECT 1 FROM journal
    WHERE kind = 'update' AND object = 'Task' AND outcome = 'done' AND record = ours.record AND intended_at >= ours.closed_at)
UNION
SELECT task.id
FROM seen_salesforce_task AS task
WHERE task.is_deleted
  AND task.id IN (SELECT record FROM journal WHERE kind = 'delete' AND object = 'Task' AND outcome = 'done')
