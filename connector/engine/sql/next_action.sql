-- name: contacts
-- The last question of a person that nobody answered since. A call, even a vain one, a meeting and a deal answer it. An
-- e-mail that somebody of ours wrote (mailings have a content) does so only together with a reply, or where the person
-- may not be called; a mailing never does, nor does a reply to one.
CREATE OR REPLACE TEMP TABLE next_contacts AS
WITH ours AS (
  SELECT person_id,
    max(occurred_at) FILTER (type IN ('call', 'call_attempt', 'meeting')) AS spoken,
    max(occurred_at) FILTER (type = 'email_sent' AND content IS NULL) AS written,
    max(occurred_at) FILTER (type = 'email_reply') AS replied
  FROM activities
  WHERE occurred_at <= $as_of
  GROUP BY person_id
),
deals AS (
  SELECT person_id, max(greatest(created_at, closed_at)) AS dealt FROM opportunities GROUP BY person_id
),
answers AS (
  SELECT decided.person_id,
    greatest(
      ours.spoken,
      CASE WHEN NOT decided.may_call THEN ours.written END,
      CASE WHEN ours.written IS NOT NULL AND ours.replied IS NOT NULL THEN least(ours.written, ours.replied) END,
      deals.dealt
    ) AS answered
  FROM decided
  LEFT JOIN ours USING (person_id)
  LEFT JOIN deals USING (person_id)
)
SELECT activity.person_id, max(activity.occurred_at) AS asked_at,
  max_by(coalesce(activity.content, activity.type), (activity.occurred_at, activity.activity_id)) AS asked_by
FROM activities AS activity
JOIN answers USING (person_id)
LEFT JOIN content_actions AS item ON item.content = activity.content
WHERE activity.occurred_at <= $as_of AND activity.occurred_at > $as_of::TIMESTAMP - to_days(<<inquiry_days>>)
  AND (activity.type = 'inquiry' OR item.action = 'inquiry')
  AND activity.type IN (<<types>>)
  AND <<not_noise>>
  AND coalesce(activity.occurred_at > answers.answered, TRUE)
GROUP BY activity.person_id

-- name: run_steps
-- The next step of each person's latest open run: the first that comes after those ticked off and may be done, by
-- consent. Once the days of the run are over only its last step is left.
CREATE OR REPLACE TEMP TABLE next_steps AS
WITH open_runs AS (
  SELECT person_id, max_by(cadence, (start_date, cadence)) AS cadence, max(start_date) AS start_date
  FROM cadence_runs
  WHERE ended_at IS NULL AND start_date <= <<today>>
  GROUP BY person_id
),
steps AS (
  SELECT run.person_id, step.step, step.channel, step.due::DATE AS due, step.place::INTEGER AS place,
    max(step.due::DATE) OVER (PARTITION BY run.person_id) AS last_day
  FROM open_runs AS run
  JOIN next_cadence_steps AS step ON step.cadence = run.cadence AND step.start_date::DATE = run.start_date
),
done AS (
  SELECT person_id, max(place) AS place FROM steps JOIN finished_tasks USING (person_id, step) GROUP BY person_id
)
SELECT step.person_id, min_by(step.channel, step.place) AS channel, min_by(step.due, step.place) AS due,
  min_by(step.step, step.place) AS step
FROM steps AS step
JOIN decided USING (person_id)
LEFT JOIN done USING (person_id)
WHERE step.place > coalesce(done.place, -1)
  AND CASE step.channel WHEN 'call' THEN decided.may_call WHEN 'email' THEN decided.may_email ELSE TRUE END
  AND (step.last_day >= <<today>> OR step.due = step.last_day)
GROUP BY step.person_id

-- name: next_actions
-- One row a person who has something coming: who does what by when, what to ask, what to offer, and why. An inquiry
-- comes before everything; of a lost deal nothing is asked before its time is over, whatever was heard in it, and then
-- only after the person did something anew.
CREATE OR REPLACE TEMP TABLE next_actions AS
WITH facts AS (
  SELECT decided.*, person.owner_id, person.lost_at, contact.asked_by, step.channel AS step_channel,
    step.due AS step_due, step.step, qualified.is_mql, qualified.toss_up_ready, qualified.toss_up_met,
    qualified.toss_up_required, qualified.bant_missing, offer.content, tracked.track,
    CASE
      WHEN decided.stage = 'disqualified' OR screened.person_id IS NOT NULL THEN NULL
      WHEN contact.person_id IS NOT NULL THEN 'inquiry'
      WHEN decided.stage IN ('won', 'opportunity') THEN NULL
      WHEN decided.stage = 'lost' THEN 'recycle'
      WHEN qualified.toss_up_ready AND coalesce(scored.last_activity_at > scored.recycled_at, scored.recycled_at IS NULL)
        THEN 'toss_up'
      WHEN decided.cadence_starts THEN 'cadence_starts'
      WHEN step.person_id IS NOT NULL THEN 'cadence'
      WHEN decided.review THEN 'review'
      WHEN (person.owner_id IS NOT NULL OR qualified.is_mql) AND (decided.may_email OR decided.may_call) THEN 'nurture'
      WHEN person.owner_id IS NOT NULL THEN 'review'
    END AS purpose,
    CASE WHEN decided.may_call THEN 'call' WHEN decided.may_email THEN 'email' ELSE 'review' END AS by_voice,
    CASE WHEN decided.may_email THEN 'email' WHEN decided.may_call THEN 'call' ELSE 'review' END AS in_writing
  FROM decided
  JOIN people AS person USING (person_id)
  JOIN qualified USING (person_id)
  JOIN scored USING (person_id)
  LEFT JOIN next_contacts AS contact USING (person_id)
  LEFT JOIN next_steps AS step USING (person_id)
  LEFT JOIN next_offers AS offer USING (person_id)
  LEFT JOIN tracked USING (person_id)
  LEFT JOIN screened USING (person_id)
)
SELECT person_id,
  CASE purpose
    WHEN 'inquiry' THEN by_voice
    WHEN 'toss_up' THEN 'hand_over'
    WHEN 'recycle' THEN 'wait'
    WHEN 'cadence' THEN step_channel
    WHEN 'cadence_starts' THEN by_voice
    WHEN 'review' THEN 'review'
    ELSE in_writing
  END AS channel,
  coalesce(owner_id, CASE
    WHEN purpose = 'toss_up' OR stage IN ('won', 'opportunity') THEN 'field_sales'
    WHEN purpose IN ('nurture', 'recycle') THEN 'marketing'
    ELSE 'inside_sales'
  END) AS owner,
  purpose,
  CASE purpose WHEN 'recycle' THEN <<recycled_on>> WHEN 'cadence' THEN step_due ELSE <<today>> END AS due,
  CASE WHEN purpose IN ('nurture', 'recycle') THEN []::VARCHAR[] ELSE bant_missing END AS ask,
  CASE WHEN purpose IN ('nurture', 'cadence', 'cadence_starts') THEN content END AS content,
  CASE purpose
    WHEN 'inquiry' THEN 'asked by ' || asked_by
    WHEN 'toss_up' THEN len(toss_up_met) || ' of ' || toss_up_required || ' criteria: ' || list_aggregate(toss_up_met, 'string_agg', ', ')
    WHEN 'cadence' THEN 'step ' || step
    WHEN 'cadence_starts' THEN 'turned hot'
    WHEN 'review' THEN
      CASE WHEN may_call OR may_email THEN 'hot since longer' ELSE 'may be neither called nor written to' END
    WHEN 'recycle' THEN CASE WHEN lost_at IS NULL THEN 'deal was lost, nobody knows when' ELSE 'deal was lost' END
    ELSE CASE WHEN is_mql THEN 'MQL' ELSE 'owned' END
  END AS why,
  CASE WHEN purpose = 'nurture' THEN track END AS track
FROM facts
WHERE purpose IS NOT NULL
