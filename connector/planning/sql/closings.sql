-- name: closings
-- Our open tasks whose purpose is over, why, and whether somebody has worked on them since we made them. A task that we
-- closed once and somebody opened again is theirs. Of a task that belongs to several runs an open run speaks.
WITH planned AS (
  SELECT unnest($persons::VARCHAR[]) AS person_id, unnest($cadences::VARCHAR[]) AS cadence,
    unnest($starts::DATE[]) AS start_date, unnest($reasons::VARCHAR[]) AS reason
),
places AS (
  SELECT unnest($place_cadences::VARCHAR[]) AS cadence, unnest($place_steps::VARCHAR[]) AS step,
    unnest($places::INTEGER[]) AS place
),
standing AS (
  SELECT ours.*, task.key, task.status AS word, task.modified_at,
    run.crossed_at, CASE WHEN run.ended_at IS NULL THEN planned.reason ELSE coalesce(run.end_reason, 'ended') END AS ended
  FROM our_tasks AS ours
  JOIN seen_salesforce_task AS task ON task.id = ours.task_id
  JOIN cadence_runs AS run ON run.person_id = ours.person_id AND run.cadence = ours.cadence
    AND run.start_date = ours.start_date
  LEFT JOIN planned ON planned.person_id = ours.person_id AND planned.cadence = ours.cadence
    AND planned.start_date = ours.start_date
  WHERE ours.is_open AND task.status IS DISTINCT FROM $closed
    AND task.id NOT IN (SELECT record FROM journal WHERE kind = 'close' AND object = 'Task' AND outcome = 'done')
),
overtaken AS (
  SELECT DISTINCT earlier.task_id
  FROM standing AS earlier
  JOIN places AS before ON before.cadence = earlier.cadence AND before.step = earlier.step
  JOIN our_tasks AS later ON later.person_id = earlier.person_id AND later.cadence = earlier.cadence
    AND later.start_date = earlier.start_date AND later.channel = earlier.channel
  JOIN places AS after ON after.cadence = later.cadence AND after.step = later.step AND after.place > before.place
  WHERE earlier.channel IN ('call', 'email')
),
judged AS (
  SELECT one.*,
    CASE
      WHEN one.ended NOT IN (SELECT unnest($stays::VARCHAR[])) THEN one.ended
      WHEN one.ended IN ('unanswered', 'over') AND one.cadence IN (SELECT unnest($inquiries::VARCHAR[]))
        AND answer.answered >= one.crossed_at THEN 'answered'
      WHEN screened.person_id IS NOT NULL THEN 'screened'
      WHEN one.channel = 'email' AND person.opted_out THEN 'opted_out'
      WHEN one.channel = 'call' AND person.do_not_call THEN 'do_not_call'
      WHEN one.cadence IN (SELECT unnest($apart::VARCHAR[])) THEN NULL
      WHEN decided.stage IN ('opportunity', 'won', 'lost', 'disqualified') THEN decided.stage
      WHEN lead.is_converted AND coalesce(lead.converted_on >= one.start_date, TRUE) THEN 'converted'
      WHEN overtaken.task_id IS NOT NULL THEN 'overtaken'
    END AS why
  FROM standing AS one
  LEFT JOIN people AS person ON person.person_id = one.person_id
  LEFT JOIN decided ON decided.person_id = one.person_id
  LEFT JOIN screened ON screened.person_id = one.person_id
  LEFT JOIN inquiry_answers AS answer ON answer.person_id = one.person_id
  LEFT JOIN seen_salesforce_lead AS lead ON lead.id = split_part(one.key, ':', 2)
  LEFT JOIN overtaken ON overtaken.task_id = one.task_id
  QUALIFY row_number() OVER (PARTITION BY one.task_id ORDER BY why IS NOT NULL, one.person_id) = 1
),
made AS (
  SELECT record AS key, arg_max(values_after, number) AS made FROM journal
  WHERE kind = 'task' AND outcome = 'done' AND record IN (SELECT key FROM judged WHERE why IS NOT NULL)
  GROUP BY record
)
SELECT judged.task_id, judged.person_id, judged.cadence, judged.start_date, judged.step, judged.channel, judged.word,
  judged.modified_at, judged.why, <<reworked>> AS reworked
FROM judged
JOIN seen_salesforce_task AS task ON task.id = judged.task_id
LEFT JOIN made ON made.key = judged.key
WHERE judged.why IS NOT NULL
ORDER BY judged.task_id
