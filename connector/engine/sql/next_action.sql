-- name: run_steps
-- The next step of each person's latest open run: the first that comes after those ticked off and may be done, by
-- consent. Of several calls or e-mails whose day has come only the latest stands: the earlier ones were missed. Once the
-- days of the run are over only its last step is left.
CREATE OR REPLACE TEMP TABLE next_steps AS
WITH open_runs AS (
  SELECT run.person_id, max_by(run.cadence, (run.start_date, run.cadence)) AS cadence, max(run.start_date) AS start_date
  FROM cadence_runs AS run
  LEFT JOIN run_ends AS ended
    ON ended.person_id = run.person_id AND ended.cadence = run.cadence AND ended.start_date = run.start_date
    AND NOT ended.restarts
  WHERE run.ended_at IS NULL AND ended.person_id IS NULL AND run.start_date <= <<today>>
    AND run.cadence NOT IN (<<apart>>)
  GROUP BY run.person_id
),
steps AS (
  SELECT run.person_id, run.cadence, run.start_date, step.step, step.channel, step.due::DATE AS due,
    step.place::INTEGER AS place, step.number::INTEGER AS number, step.escalates::DATE AS escalates,
    max(step.due::DATE) OVER (PARTITION BY run.person_id) AS last_day
  FROM open_runs AS run
  LEFT JOIN run_pauses AS pause
    ON pause.person_id = run.person_id AND pause.cadence = run.cadence AND pause.start_date = run.start_date
  JOIN next_cadence_steps AS step ON step.cadence = run.cadence AND step.start_date::DATE = run.start_date
    AND step.pauses = coalesce(pause.pauses, '')
),
done AS (
  SELECT task.person_id, task.cadence, task.start_date, max(step.number::INTEGER) AS number
  FROM our_tasks AS task
  JOIN (SELECT DISTINCT cadence, step, number FROM next_cadence_steps) AS step
    ON step.cadence = task.cadence AND step.step = task.step
  WHERE task.is_done
  GROUP BY task.person_id, task.cadence, task.start_date
),
finished AS (
  SELECT step.person_id, step.place
  FROM steps AS step
  JOIN our_tasks AS task ON task.person_id = step.person_id AND task.cadence = step.cadence
    AND task.start_date = step.start_date AND task.step = step.step AND coalesce(task.channel, step.channel) = step.channel
  WHERE task.is_done
  GROUP BY step.person_id, step.place
),
left_over AS (
  SELECT step.*, row_number() OVER (
      PARTITION BY step.person_id, step.channel, step.due <= <<today>> ORDER BY step.place DESC) AS place_of_channel
  FROM steps AS step
  JOIN decided ON decided.person_id = step.person_id
  LEFT JOIN done ON done.person_id = step.person_id AND done.cadence = step.cadence AND done.start_date = step.start_date
  LEFT JOIN finished ON finished.person_id = step.person_id AND finished.place = step.place
  WHERE step.number >= coalesce(done.number, -1) AND finished.person_id IS NULL
    AND CASE step.channel WHEN 'call' THEN decided.may_call WHEN 'email' THEN decided.may_email ELSE TRUE END
    AND (step.last_day >= <<today>> OR step.due = step.last_day)
)
SELECT person_id, min_by(cadence, place) AS cadence, min_by(channel, place) AS channel, min_by(due, place) AS due,
  min_by(step, place) AS step, min_by(escalates, place) AS escalates,
  timezone('UTC', timezone(<<zone>>, least(min(due) FILTER (due > <<today>>), min(escalates) FILTER (escalates > <<today>>),
    max(last_day) FILTER (last_day >= <<today>>) + 1)::TIMESTAMP)) AS next_change_at
FROM left_over
WHERE due > <<today>> OR place_of_channel = 1
GROUP BY person_id

-- name: next_actions
-- One row a person who has something coming: who does what by when, what to ask, what to offer, and why. An inquiry
-- comes before everything, whatever day was agreed; of a lost deal nothing is asked before its time is over, whatever
-- was heard in it, and then only after the person did something anew. The way on that a stage has after its time comes
-- where nothing else is to be done.
CREATE OR REPLACE TEMP TABLE next_actions AS
WITH facts AS (
  SELECT decided.*, person.owner_id, person.lost_at, contact.asked_by, contact.said AS inquiry_said,
    thanks.thanked_for, thanks.said AS thanks_said, step.channel AS step_channel, step.due AS step_due, step.step,
    coalesce(step.escalates <= <<today>>, FALSE) AS is_escalated, qualified.is_mql, qualified.toss_up_met,
    qualified.toss_up_required, asks.ask, offer.content, routed.team, routed.next_team, routed.last_team,
    limits.overdue AS over_time, limits.way_on, limits.owner AS stage_owner, tracked.track,
    risen.rise, risen.points AS risen_points, risen.owner AS rise_owner,
    recycling.due_at, recycling.closed_at, recycling.rule AS loss_rule, recycling.reason AS loss_reason,
    approach.day AS approach_day, approach.by_interest, not_before.day AS agreed_day,
    CASE
      WHEN screened.person_id IS NOT NULL THEN NULL
      WHEN decided.stage IN ('lost', 'disqualified') AND decided.stage_rule = 'crm_status' AND recycling.ask_reason
        AND person.owner_id IS NOT NULL AND (decided.stage = 'disqualified' OR contact.person_id IS NULL) THEN 'ask_reason'
      WHEN decided.stage = 'disqualified' THEN CASE WHEN recycling.due_at IS NOT NULL THEN 'recycle' END
      WHEN contact.person_id IS NOT NULL THEN 'inquiry'
      WHEN decided.stage IN ('won', 'opportunity') AND risen.rise IS NOT NULL THEN 'rise'
      WHEN decided.stage = 'won' THEN
        CASE WHEN limits.overdue AND limits.way_on IN ('remind', 'escalate', 'review') THEN 'stage_limit' END
      WHEN decided.stage = 'opportunity' THEN 'deal'
      WHEN decided.stage = 'lost' THEN 'recycle'
      WHEN not_before.held AND (person.owner_id IS NOT NULL OR decided.stage = 'hot' OR qualified.is_mql) THEN 'not_before'
      WHEN qualified.toss_up_ready AND tossed.person_id IS NULL AND coalesce(qualified.approach, TRUE) AND coalesce(scored.last_activity_at > scored.recycled_at, scored.recycled_at IS NULL)
        THEN 'toss_up'
      WHEN decided.cadence_starts THEN 'cadence_starts'
      WHEN step.person_id IS NOT NULL THEN 'cadence'
      WHEN decided.review THEN 'review'
      WHEN risen.rise IS NOT NULL THEN 'rise'
      WHEN approach.person_id IS NOT NULL AND (decided.may_email OR decided.may_call) THEN 'second_approach'
      WHEN thanks.person_id IS NOT NULL AND (decided.may_email OR decided.may_call) THEN 'thanks'
      WHEN limits.overdue AND limits.way_on IN ('remind', 'escalate', 'review') THEN 'stage_limit'
      WHEN (person.owner_id IS NOT NULL OR qualified.is_mql OR (limits.overdue AND limits.way_on = 'nurture'))
        AND (decided.may_email OR decided.may_call) THEN
        CASE WHEN segmented.skip_nurture THEN 'contact' ELSE 'nurture' END
      WHEN person.owner_id IS NOT NULL THEN 'review'
    END AS purpose,
    CASE WHEN decided.may_call THEN 'call' WHEN decided.may_email THEN 'email' ELSE 'review' END AS by_voice,
    CASE WHEN decided.may_email THEN 'email' WHEN decided.may_call THEN 'call' ELSE 'review' END AS in_writing,
    least(contact.next_change_at, thanks.next_change_at, limits.next_change_at, recycling.next_change_at,
      not_before.next_change_at, step.next_change_at, risen.next_change_at) AS next_change_at
  FROM decided
  JOIN people AS person USING (person_id)
  JOIN qualified USING (person_id)
  JOIN scored USING (person_id)
  JOIN routed USING (person_id)
  LEFT JOIN next_contacts AS contact USING (person_id)
  LEFT JOIN next_thanks AS thanks USING (person_id)
  LEFT JOIN next_steps AS step USING (person_id)
  LEFT JOIN next_offers AS offer USING (person_id)
  LEFT JOIN hearing_asks AS asks USING (person_id)
  LEFT JOIN stage_times AS limits USING (person_id)
  LEFT JOIN risen USING (person_id)
  LEFT JOIN segmented USING (person_id)
  LEFT JOIN recycling USING (person_id)
  LEFT JOIN second_approaches AS approach USING (person_id)
  LEFT JOIN not_before USING (person_id)
  LEFT JOIN tracked USING (person_id)
  LEFT JOIN screened USING (person_id)
  LEFT JOIN (SELECT person_id FROM toss_ups WHERE state IN ('turned_down', 'declined')) AS tossed USING (person_id)
),
told AS (
  SELECT *,
    CASE purpose
      WHEN 'inquiry' THEN 'inquiry'
      WHEN 'deal' THEN CASE WHEN over_time THEN 'deal_over_time' ELSE 'deal' END
      WHEN 'recycle' THEN CASE WHEN closed_at IS NULL AND lost_at IS NULL THEN 'lost_unknown_when'
        WHEN due_at IS NULL THEN 'lost_for_good' ELSE 'lost' END
      WHEN 'ask_reason' THEN 'ask_reason'
      WHEN 'second_approach' THEN CASE WHEN by_interest THEN 'new_interest' ELSE 'time_is_over' END
      WHEN 'not_before' THEN 'not_before'
      WHEN 'toss_up' THEN 'toss_up'
      WHEN 'cadence_starts' THEN 'turned_hot'
      WHEN 'cadence' THEN CASE WHEN is_escalated THEN 'decision_overdue' ELSE 'step' END
      WHEN 'review' THEN CASE WHEN may_call OR may_email THEN 'hot_since_longer' ELSE 'no_consent' END
      WHEN 'thanks' THEN 'thanks'
      WHEN 'stage_limit' THEN 'stage_limit'
      WHEN 'rise' THEN 'rise'
      WHEN 'contact' THEN 'short_lead_time'
      WHEN 'nurture' THEN CASE WHEN is_mql THEN 'mql' WHEN owner_id IS NOT NULL THEN 'owned' ELSE 'stage_limit' END
    END AS why_id
  FROM facts
  WHERE purpose IS NOT NULL
)
SELECT person_id,
  CASE purpose
    WHEN 'inquiry' THEN
      CASE WHEN inquiry_said.channel = 'email' AND may_email OR NOT may_call AND may_email THEN 'email' ELSE by_voice END
    WHEN 'deal' THEN by_voice
    WHEN 'rise' THEN by_voice
    WHEN 'contact' THEN by_voice
    WHEN 'toss_up' THEN 'hand_over'
    WHEN 'recycle' THEN 'wait'
    WHEN 'not_before' THEN 'wait'
    WHEN 'ask_reason' THEN 'ask'
    WHEN 'second_approach' THEN by_voice
    WHEN 'cadence' THEN step_channel
    WHEN 'cadence_starts' THEN by_voice
    WHEN 'review' THEN 'review'
    WHEN 'stage_limit' THEN 'review'
    WHEN 'thanks' THEN CASE WHEN thanks_said.channel = 'call' THEN by_voice ELSE in_writing END
    ELSE in_writing
  END AS channel,
  CASE
    WHEN purpose = 'stage_limit' AND way_on = 'escalate' THEN coalesce(stage_owner, owner_id, team)
    ELSE coalesce(owner_id, CASE
      WHEN purpose = 'toss_up' THEN next_team
      WHEN purpose = 'rise' AND rise_owner IS NOT NULL THEN rise_owner
      WHEN stage IN ('won', 'opportunity') THEN last_team
      WHEN purpose = 'stage_limit' THEN coalesce(stage_owner, team)
      WHEN purpose IN ('nurture', 'recycle', 'thanks') THEN 'marketing'
      ELSE team
    END)
  END AS owner,
  purpose,
  CASE purpose
    WHEN 'recycle' THEN timezone(<<zone>>, timezone('UTC', due_at))::DATE
    WHEN 'not_before' THEN agreed_day
    WHEN 'second_approach' THEN approach_day
    WHEN 'cadence' THEN step_due
    ELSE <<today>>
  END AS due,
  CASE WHEN purpose IN ('nurture', 'recycle', 'not_before', 'thanks') THEN []::VARCHAR[]
    WHEN purpose = 'ask_reason' THEN ['loss_reason']
    ELSE coalesce(ask, []::VARCHAR[]) END AS ask,
  CASE WHEN purpose IN ('nurture', 'cadence', 'cadence_starts', 'second_approach', 'thanks') THEN content END AS content,
  CASE why_id
    WHEN 'inquiry' THEN 'asked by ' || asked_by
    WHEN 'toss_up' THEN len(toss_up_met) || ' of ' || toss_up_required || ' criteria: ' || list_aggregate(toss_up_met, 'string_agg', ', ')
    WHEN 'step' THEN 'step ' || step
    WHEN 'decision_overdue' THEN 'step ' || step || ' is overdue'
    WHEN 'turned_hot' THEN 'turned hot'
    WHEN 'hot_since_longer' THEN 'hot since longer'
    WHEN 'no_consent' THEN 'may be neither called nor written to'
    WHEN 'deal' THEN 'open deal'
    WHEN 'deal_over_time' THEN 'open deal, longer than its time'
    WHEN 'lost' THEN CASE loss_rule WHEN 'without_reason' THEN 'no reason given' ELSE loss_reason END
      || ': again from ' || timezone(<<zone>>, timezone('UTC', due_at))::DATE
    WHEN 'lost_for_good' THEN coalesce(loss_reason, 'no reason given') || ': not again'
    WHEN 'ask_reason' THEN 'closed without a reason'
    WHEN 'new_interest' THEN 'new interest since ' || timezone(<<zone>>, timezone('UTC', due_at))::DATE
    WHEN 'time_is_over' THEN coalesce(loss_reason, 'no reason given') || ': its time is over'
    WHEN 'lost_unknown_when' THEN 'deal was lost, nobody knows when'
    WHEN 'not_before' THEN 'not before ' || agreed_day
    WHEN 'thanks' THEN 'thanks for ' || thanked_for
    WHEN 'stage_limit' THEN stage || ' for longer than its time'
    WHEN 'rise' THEN risen_points || ' points since ' || stage
    WHEN 'short_lead_time' THEN 'short lead time'
    WHEN 'mql' THEN 'MQL'
    ELSE 'owned'
  END AS why,
  CASE WHEN purpose = 'nurture' THEN track END AS track,
  why_id,
  CASE why_id
    WHEN 'inquiry' THEN [asked_by]
    WHEN 'toss_up' THEN [toss_up_required::VARCHAR] || toss_up_met
    WHEN 'step' THEN [step]
    WHEN 'decision_overdue' THEN [step]
    WHEN 'lost' THEN [loss_rule, timezone(<<zone>>, timezone('UTC', due_at))::DATE::VARCHAR]
    WHEN 'new_interest' THEN [loss_rule, timezone(<<zone>>, timezone('UTC', due_at))::DATE::VARCHAR]
    WHEN 'time_is_over' THEN [loss_rule]
    WHEN 'lost_for_good' THEN [loss_rule]
    WHEN 'not_before' THEN [agreed_day::VARCHAR]
    WHEN 'thanks' THEN [thanked_for]
    WHEN 'stage_limit' THEN [stage, way_on]
    WHEN 'rise' THEN [rise, risen_points::VARCHAR, stage]
    ELSE []::VARCHAR[]
  END AS why_parts,
  CASE purpose
    WHEN 'inquiry' THEN inquiry_said.destination
    WHEN 'thanks' THEN thanks_said.destination
    WHEN 'toss_up' THEN next_team
  END AS destination,
  next_change_at
FROM told
