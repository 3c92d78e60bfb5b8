-- name: contacts
-- When somebody of ours last spoke or wrote to a person, or tried, and the last question that nobody answered since.
CREATE OR REPLACE TEMP TABLE next_contacts AS
WITH ours AS (
  SELECT person_id, max(occurred_at) AS last_contact
  FROM activities
  WHERE occurred_at <= $as_of AND type IN ('call', 'call_attempt', 'meeting', 'email_reply')
  GROUP BY person_id
)
SELECT activity.person_id, max(activity.occurred_at) AS asked_at,
  arg_max(coalesce(activity.content, activity.type), activity.occurred_at) AS asked_by
FROM activities AS activity
LEFT JOIN ours USING (person_id)
LEFT JOIN content_actions AS item ON item.content = activity.content
WHERE activity.occurred_at <= $as_of AND activity.occurred_at > $as_of::TIMESTAMP - to_days(<<inquiry_days>>)
  AND (activity.type = 'inquiry' OR item.action = 'inquiry')
  AND <<not_noise>>
  AND coalesce(activity.occurred_at > ours.last_contact, TRUE)
GROUP BY activity.person_id

-- name: run_steps
-- The next step of each open run: the first that is neither ticked off nor before one that is.
CREATE OR REPLACE TEMP TABLE next_steps AS
WITH open_runs AS (
  SELECT person_id, arg_max(cadence, start_date) AS cadence, max(start_date) AS start_date
  FROM cadence_runs
  WHERE ended_at IS NULL
  GROUP BY person_id
),
done AS (
  SELECT task.person_id, max(step.place::INTEGER) AS place
  FROM finished_tasks AS task
  JOIN next_cadence_steps AS step USING (step)
  GROUP BY task.person_id
)
SELECT run.person_id, arg_min(step.channel, step.place::INTEGER) AS channel,
  min_by(step.due::DATE, step.place::INTEGER) AS due, arg_min(step.step, step.place::INTEGER) AS step
FROM open_runs AS run
JOIN next_cadence_steps AS step ON step.cadence = run.cadence AND step.start_date::DATE = run.start_date
LEFT JOIN done USING (person_id)
WHERE step.place::INTEGER > coalesce(done.place, -1)
GROUP BY run.person_id

-- name: offers
-- What to offer next: the first item of the catalogue that the person has not seen, at the person's stage of buying or
-- beyond it.
CREATE OR REPLACE TEMP TABLE next_offers AS
WITH seen AS (
  SELECT DISTINCT person_id, content FROM activities WHERE content IS NOT NULL AND occurred_at <= $as_of
),
places AS (
  SELECT qualified.person_id, coalesce(max(stage.rank::INTEGER), 0) AS rank
  FROM qualified
  LEFT JOIN content_stages AS stage ON stage.stage = qualified.buying_stage
  GROUP BY qualified.person_id
)
SELECT places.person_id, arg_min(item.content, item.place::INTEGER) AS content
FROM places
JOIN content_offers AS item ON item.rank::INTEGER IN (greatest(places.rank, 1), places.rank + 1)
ANTI JOIN seen ON seen.person_id = places.person_id AND seen.content = item.content
GROUP BY places.person_id

-- name: next_actions
-- One row a person who has something coming: who does what by when, what to ask, what to offer, and why.
CREATE OR REPLACE TEMP TABLE next_actions AS
WITH facts AS (
  SELECT decided.person_id, decided.stage, decided.cadence_starts, decided.review, decided.may_call, decided.may_email,
    person.owner_id, person.lost_at, contact.asked_at, contact.asked_by, step.channel AS step_channel,
    step.due AS step_due, step.step, qualified.is_mql, qualified.toss_up_ready, qualified.toss_up_met,
    qualified.toss_up_required, qualified.bant_missing, offer.content,
    CASE
      WHEN decided.stage IN ('disqualified', 'won', 'opportunity') THEN NULL
      WHEN contact.asked_at IS NOT NULL AND (decided.may_call OR decided.may_email) THEN 'inquiry'
      WHEN qualified.toss_up_ready THEN 'toss_up'
      WHEN decided.stage = 'lost' THEN 'recycle'
      WHEN step.person_id IS NOT NULL THEN 'cadence'
      WHEN decided.cadence_starts THEN 'cadence_starts'
      WHEN decided.review THEN 'review'
      WHEN (decided.owner_known OR qualified.is_mql) AND decided.may_email THEN 'nurture'
    END AS purpose
  FROM (SELECT decided.*, person.owner_id IS NOT NULL AS owner_known FROM decided JOIN people AS person USING (person_id))
    AS decided
  JOIN people AS person USING (person_id)
  JOIN qualified USING (person_id)
  LEFT JOIN next_contacts AS contact USING (person_id)
  LEFT JOIN next_steps AS step USING (person_id)
  LEFT JOIN next_offers AS offer USING (person_id)
)
SELECT person_id,
  CASE purpose
    WHEN 'inquiry' THEN CASE WHEN may_call THEN 'call' ELSE 'email' END
    WHEN 'toss_up' THEN 'hand_over'
    WHEN 'recycle' THEN 'wait'
    WHEN 'cadence' THEN step_channel
    WHEN 'cadence_starts' THEN CASE WHEN may_call THEN 'call' ELSE 'email' END
    WHEN 'review' THEN 'review'
    ELSE 'email'
  END AS channel,
  coalesce(owner_id, CASE
    WHEN purpose = 'toss_up' THEN 'field_sales'
    WHEN purpose IN ('nurture', 'recycle') THEN 'marketing'
    ELSE 'inside_sales'
  END) AS owner,
  purpose,
  CASE purpose
    WHEN 'inquiry' THEN greatest(<<today>>, <<asked_on>>)
    WHEN 'recycle' THEN <<recycled_on>>
    WHEN 'cadence' THEN step_due
    ELSE <<today>>
  END AS due,
  CASE WHEN purpose IN ('nurture', 'recycle') THEN []::VARCHAR[] ELSE bant_missing END AS ask,
  CASE WHEN purpose IN ('nurture', 'cadence', 'cadence_starts') THEN content END AS content,
  CASE purpose
    WHEN 'inquiry' THEN 'asked by ' || asked_by
    WHEN 'toss_up' THEN len(toss_up_met) || ' of ' || toss_up_required || ' criteria: ' || list_aggregate(toss_up_met, 'string_agg', ', ')
    WHEN 'cadence' THEN 'step ' || step
    WHEN 'cadence_starts' THEN 'turned hot'
    WHEN 'review' THEN 'hot since longer'
    WHEN 'recycle' THEN 'deal was lost'
    ELSE CASE WHEN is_mql THEN 'MQL' ELSE 'owned' END
  END AS why
FROM facts
WHERE purpose IS NOT NULL
