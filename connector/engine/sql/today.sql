-- name: owners
-- Everybody to whom records can belong; a queue is nobody yet.
CREATE OR REPLACE TEMP TABLE today_owners AS
SELECT id AS owner_id, name, coalesce(is_active, TRUE) AS is_active, FALSE AS is_queue FROM seen_salesforce_user
UNION ALL
SELECT id, name, TRUE, TRUE FROM seen_salesforce_group

-- name: people
-- Everybody with a next action or without, with what a list of calls says of them.
CREATE OR REPLACE TEMP TABLE today_people AS
SELECT person.person_id, person.name, person.company, person.owner_id, decided.stage, decided.may_call,
  decided.may_email, decided.review, decided.hot_since, scored.score_deciding AS score, graded.grade,
  coalesce(person.contact_ids[1], person.lead_ids[1], split_part(person.prospect_ids[1], ':', 2)) AS record,
  qualified.is_mql, qualified.toss_up_met, qualified.toss_up_required,
  action.owner, action.purpose, action.channel, action.due, action.ask, action.content,
  action.why_id, action.why_parts,
  contact.asked_at, contact.asked_by, step.step, step.cadence,
  list_has_any(qualified.acceptable, ['timeframe', 'timing']) AS timing, list_contains(qualified.acceptable, 'budget') AS budget,
  company.employees AS size
FROM decided
JOIN people AS person USING (person_id)
JOIN scored USING (person_id)
JOIN qualified USING (person_id)
LEFT JOIN graded USING (person_id)
LEFT JOIN companies AS company ON company.company_id = person.company_id
LEFT JOIN next_actions AS action USING (person_id)
LEFT JOIN next_contacts AS contact USING (person_id)
LEFT JOIN next_steps AS step USING (person_id)

-- name: calls
-- Whom to call: by what it is about, then by the day, then by timing, size, relation and budget (CD-5), then by score.
WITH customers AS (
  SELECT DISTINCT person.person_id
  FROM opportunities AS deal
  JOIN people AS person ON person.company_id = deal.company_id
  WHERE deal.status = 'won'
),
ranked AS (
  SELECT who.*, customer.person_id IS NOT NULL AS relation,
    CASE
      WHEN purpose = 'inquiry' THEN 1
      WHEN purpose = 'toss_up' THEN 2
      WHEN purpose = 'review' OR cadence = $review THEN 4
      WHEN purpose = 'ask_reason' THEN 5
      ELSE 3
    END AS place
  FROM today_people AS who
  LEFT JOIN customers AS customer USING (person_id)
  WHERE (purpose IN ('inquiry', 'toss_up') OR (purpose IN ('cadence', 'second_approach') AND due <= $day::DATE)
      OR purpose IN ('cadence_starts', 'ask_reason', 'rise')
      OR (purpose = 'review' AND review))
    AND (purpose NOT IN ('cadence_starts', 'review') OR person_id NOT IN (SELECT unnest($history::VARCHAR[])))
),
last_acts AS (
  SELECT person_id, max(occurred_at) AS last_at, arg_max(type, (occurred_at, activity_id)) AS last_type
  FROM activities SEMI JOIN ranked USING (person_id)
  WHERE occurred_at <= $as_of AND type IN (<<types>>)
  GROUP BY person_id
),
open_tasks AS (
  SELECT person_id, step, arg_min(channel, task_id) AS channel, min(task_id) AS task_id
  FROM our_tasks WHERE is_open AND is_open_run GROUP BY person_id, step
)
SELECT ranked.person_id, ranked.name, ranked.company, ranked.record, ranked.score, ranked.grade, ranked.place,
  ranked.owner, owner.name AS owner_name, coalesce(owner.is_active, TRUE) AS owner_active,
  ranked.purpose, coalesce(task.channel, ranked.channel) AS channel, ranked.due, ranked.ask, ranked.content,
  ranked.asked_at, ranked.asked_by, ranked.step, ranked.cadence, ranked.toss_up_met, ranked.toss_up_required,
  ranked.hot_since, last_acts.last_at, last_acts.last_type, task.task_id AS task,
  ranked.why_id, ranked.why_parts
FROM ranked
LEFT JOIN today_owners AS owner ON owner.owner_id = ranked.owner
LEFT JOIN last_acts USING (person_id)
LEFT JOIN open_tasks AS task
  ON task.person_id = ranked.person_id AND ranked.purpose = 'cadence' AND task.step = ranked.step
ORDER BY ranked.place, CASE WHEN purpose = 'inquiry' THEN asked_at ELSE due::TIMESTAMP END, ranked.timing DESC,
  ranked.size DESC NULLS LAST, relation DESC, ranked.budget DESC, ranked.score DESC, ranked.person_id

-- name: gaps
-- Leads that matter and that nobody owns, or about whom nobody does anything (CD-6), and those who were lost or closed
-- without a reason (RC-2). A queue owns nobody. Who was screened out is no lead.
WITH seen AS (
  SELECT who.*, owner.name AS owner_name,
    who.owner_id IS NULL OR coalesce(owner.is_queue, starts_with(who.owner_id, '00G')) AS unowned,
    NOT coalesce(owner.is_active, TRUE) AS owner_left,
    who.stage = 'hot' OR who.is_mql OR who.purpose IN ('inquiry', 'toss_up', 'cadence', 'cadence_starts') AS matters,
    who.stage IN ('lost', 'disqualified') AND coalesce(who.purpose <> 'inquiry', TRUE) AS is_closed,
    coalesce(recycling.rule = 'without_reason', FALSE) AS reasonless
  FROM today_people AS who
  LEFT JOIN today_owners AS owner ON owner.owner_id = who.owner_id
  ANTI JOIN screened ON screened.person_id = who.person_id
  LEFT JOIN recycling ON recycling.person_id = who.person_id
  WHERE who.stage IN ('registered', 'cold', 'hot') OR who.purpose = 'inquiry' OR recycling.rule = 'without_reason'
),
told AS (
  SELECT *, CASE
      WHEN is_closed THEN 'closed_without_reason'
      WHEN matters AND unowned THEN 'nobody_owns'
      WHEN matters AND owner_left THEN 'owner_left'
      WHEN matters AND NOT may_call AND NOT may_email THEN 'out_of_reach'
      WHEN purpose IS NULL AND NOT unowned AND NOT owner_left THEN 'no_next_action'
      WHEN reasonless THEN 'closed_without_reason'
    END AS gap
  FROM seen
)
SELECT gap, person_id, name, company, record, stage, score, owner_id AS owner, owner_name
FROM told
WHERE gap IS NOT NULL
ORDER BY list_position(['nobody_owns', 'owner_left', 'out_of_reach', 'no_next_action', 'closed_without_reason'], gap), score DESC, person_id

-- name: hand_overs
-- Whom field sales could take: those who wait for an approval or for the next plan, and those who lack one criterion. Of
-- the last only those who matter.
SELECT who.person_id, who.record, who.name, who.company, who.owner_id AS owner, owner.name AS owner_name, who.score, who.grade,
  tossed.state, tossed.met, tossed.missing, tossed.required
FROM toss_ups AS tossed
JOIN today_people AS who USING (person_id)
LEFT JOIN today_owners AS owner ON owner.owner_id = who.owner_id
WHERE tossed.state IN ('due', 'awaits_approval') OR (tossed.state = 'almost' AND (who.is_mql OR who.stage = 'hot'))
ORDER BY list_position(['due', 'awaits_approval', 'almost'], tossed.state), len(tossed.missing), who.score DESC, who.person_id

-- name: queue
-- What pre-sales has before it, whoever does it: MQLs and hot people who are neither a deal nor handed over, by timing,
-- size, relation and budget (CD-8).
WITH customers AS (
  SELECT DISTINCT person.person_id
  FROM opportunities AS deal
  JOIN people AS person ON person.company_id = deal.company_id
  WHERE deal.status = 'won'
)
SELECT who.person_id, who.record, who.name, who.company, who.owner_id AS owner, owner.name AS owner_name, who.score, who.grade,
  coalesce(who.timing, FALSE) AS timing, who.size, customer.person_id IS NOT NULL AS relation,
  coalesce(who.budget, FALSE) AS budget
FROM today_people AS who
LEFT JOIN today_owners AS owner ON owner.owner_id = who.owner_id
LEFT JOIN customers AS customer USING (person_id)
ANTI JOIN screened ON screened.person_id = who.person_id
ANTI JOIN (SELECT person_id FROM toss_ups WHERE state = 'handed_over') AS handed ON handed.person_id = who.person_id
WHERE (who.is_mql OR who.stage = 'hot') AND who.stage IN ('registered', 'cold', 'hot')
  AND (who.may_call OR who.may_email) AND who.purpose IS DISTINCT FROM 'not_before'
ORDER BY coalesce(who.timing, FALSE) DESC, who.size DESC NULLS LAST, relation DESC, coalesce(who.budget, FALSE) DESC,
  who.score DESC, who.person_id
