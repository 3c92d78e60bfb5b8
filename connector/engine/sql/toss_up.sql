-- name: ground
-- Where nobody looked at the tasks that we made there are none, and no day was agreed where nobody asked.
CREATE TEMP TABLE IF NOT EXISTS our_tasks (
  person_id VARCHAR, cadence VARCHAR, start_date DATE, step VARCHAR, channel VARCHAR, task_id VARCHAR,
  is_done BOOLEAN, is_open BOOLEAN, done_at TIMESTAMP, outcome VARCHAR, status VARCHAR, is_open_run BOOLEAN
)

-- name: ground_of_deals
-- Nor did we make any deals.
CREATE TEMP TABLE IF NOT EXISTS our_deals (opportunity_id VARCHAR)

-- name: nobody
CREATE OR REPLACE TEMP TABLE toss_ups (
  person_id VARCHAR, state VARCHAR, segment VARCHAR, met VARCHAR[], missing VARCHAR[], required INTEGER, start_date DATE
)

-- name: ledger
SELECT 1 FROM duckdb_tables() WHERE table_name = 'approvals'

-- name: given
SELECT person_id, word FROM approvals WHERE kind = 'toss_ups'

-- name: nobody_asked
SELECT NULL::VARCHAR AS person_id, NULL::VARCHAR AS word

-- name: toss_ups
-- Where everybody stands between inside and field sales: handed over already, turned down by field sales, due, waiting for
-- an approval, declined by whoever was asked for it, or lacking one criterion. Whoever is a deal, lost, disqualified, screened out or not to be approached yet is not handed over; nor is
-- somebody who did nothing since being recycled.
CREATE OR REPLACE TEMP TABLE toss_ups AS
WITH runs AS (
  SELECT person_id, max(start_date) AS start_date FROM cadence_runs
  WHERE cadence = <<cadence>> AND ended_at IS NULL GROUP BY person_id
),
undone AS (
  SELECT DISTINCT person_id FROM cadence_runs WHERE cadence = <<cadence>> AND end_reason = <<undone>>
),
facts AS (
  SELECT decided.person_id, <<segment>> AS segment, qualified.toss_up_met AS met, qualified.toss_up_missing AS missing,
    qualified.toss_up_required::INTEGER AS required, runs.start_date, told.answer,
    -- A hand-over that was taken back holds, as if somebody had said no, until the criteria are not met any more.
    CASE WHEN undone.person_id IS NULL THEN given.word ELSE 'rejected' END AS word, undone.person_id IS NOT NULL AS undone,
    qualified.toss_up_ready AS ready,
    len(qualified.toss_up_met) > 0 AND len(qualified.toss_up_met) >= qualified.toss_up_required - 1 AS almost,
    decided.stage IN ('registered', 'cold', 'hot') AND screened.person_id IS NULL
      AND NOT coalesce(not_before.held, FALSE) AND coalesce(qualified.approach, TRUE)
      AND coalesce(scored.last_activity_at > scored.recycled_at, scored.recycled_at IS NULL) AS free
  FROM decided
  JOIN qualified USING (person_id)
  JOIN scored USING (person_id)
  JOIN grade_fit AS fit USING (person_id)
  LEFT JOIN screened USING (person_id)
  LEFT JOIN not_before USING (person_id)
  LEFT JOIN runs USING (person_id)
  LEFT JOIN undone ON undone.person_id = decided.person_id
  LEFT JOIN (<<given>>) AS given ON given.person_id = decided.person_id
  LEFT JOIN toss_up_outcomes AS told ON told.person_id = decided.person_id AND told.start_date = runs.start_date
)
SELECT person_id,
  CASE WHEN start_date IS NOT NULL THEN CASE WHEN answer = 'rejected' THEN 'turned_down' ELSE 'handed_over' END
    WHEN ready THEN CASE WHEN NOT (<<waits>> OR undone) OR word = 'approved' THEN 'due' WHEN word = 'rejected' THEN 'declined'
      ELSE 'awaits_approval' END
    ELSE 'almost' END AS state,
  segment, met, missing, required, start_date
FROM facts
WHERE start_date IS NOT NULL OR (free AND (ready OR almost))

-- name: outcomes
-- What became of each hand-over: what field sales said in the task, and the first deal since. A deal says that the lead
-- was accepted, whatever the task says, save one that we made ourselves and that is not won yet; a task that was done without a word of ours says nothing.
CREATE OR REPLACE TEMP TABLE toss_up_outcomes AS
WITH told AS (
  SELECT task.person_id, task.start_date, task.task_id, task.done_at, task.is_done,
    coalesce(by_result.answer, by_status.answer) AS answer, task.outcome AS said
  FROM our_tasks AS task
  LEFT JOIN (VALUES <<words>>) AS by_result(word, answer) ON by_result.word = lower(trim(task.outcome))
  LEFT JOIN (VALUES <<words>>) AS by_status(word, answer) ON by_status.word = lower(trim(task.status))
  WHERE task.cadence = <<cadence>>
),
runs AS (
  SELECT person_id, start_date,
    lead(start_date) OVER (PARTITION BY person_id ORDER BY start_date) AS next_start
  FROM cadence_runs WHERE cadence = <<cadence>>
),
deals AS (
  SELECT runs.person_id, runs.start_date, deal.opportunity_id, deal.status, deal.amount, deal.created_at,
    deal.loss_reason
  FROM runs
  JOIN opportunities AS deal ON deal.person_id = runs.person_id
    AND timezone(<<zone>>, timezone('UTC', deal.created_at))::DATE >= runs.start_date
    AND coalesce(timezone(<<zone>>, timezone('UTC', deal.created_at))::DATE < runs.next_start, TRUE)
  QUALIFY row_number() OVER (
    PARTITION BY runs.person_id, runs.start_date ORDER BY deal.created_at, deal.opportunity_id) = 1
)
SELECT runs.person_id, runs.start_date, told.task_id,
  CASE WHEN deals.opportunity_id IS NOT NULL AND (ours.opportunity_id IS NULL OR deals.status = 'won') THEN 'accepted'
    ELSE told.answer END AS answer,
  CASE WHEN told.answer = 'rejected' THEN told.said END AS said,
  told.done_at AS answered_at, deals.opportunity_id, deals.status AS deal_status, deals.amount, deals.loss_reason
FROM runs
LEFT JOIN told USING (person_id, start_date)
LEFT JOIN deals USING (person_id, start_date)
LEFT JOIN our_deals AS ours ON ours.opportunity_id = deals.opportunity_id
