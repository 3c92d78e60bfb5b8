-- name: ground
-- Where there is no catalogue no content asks for anything.
CREATE TEMP TABLE IF NOT EXISTS content_actions (content VARCHAR, action VARCHAR, channel VARCHAR, destination VARCHAR)

-- name: asking
-- Everything by which people asked for something or earned thanks: by its type, or by what its content is for.
CREATE OR REPLACE TEMP TABLE inquiry_acts AS
SELECT activity.person_id, activity.activity_id, activity.occurred_at,
  coalesce(activity.content, activity.type) AS asked_by,
  CASE
    WHEN activity.type = 'inquiry' OR (activity.type = 'quote_request' AND item.action IS NULL) THEN 'inquiry'
    ELSE item.action
  END AS action,
  nullif(item.channel, '') AS channel, nullif(item.destination, '') AS destination
FROM activities AS activity
LEFT JOIN content_actions AS item ON item.content = activity.content
WHERE activity.occurred_at <= $as_of AND (activity.type IN ('inquiry', 'quote_request') OR item.action IS NOT NULL)
  AND activity.type IN (<<types>>)
  AND <<not_noise>>

-- name: answers
-- The last answer to each person who asked. A call, even a vain one, a meeting and a deal answer, and so does our own
-- task for it, ticked off. An e-mail that somebody of ours wrote (mailings have a content) does so only together with a
-- reply, or where the person may not be called; a mailing never does, nor does a reply to one.
CREATE OR REPLACE TEMP TABLE inquiry_answers AS
WITH ours AS (
  SELECT person_id,
    max(occurred_at) FILTER (type IN ('call', 'call_attempt', 'meeting')) AS spoken,
    max(occurred_at) FILTER (type = 'email_sent' AND content IS NULL) AS written,
    max(occurred_at) FILTER (type = 'email_reply') AS replied
  FROM activities SEMI JOIN inquiry_acts USING (person_id)
  WHERE occurred_at <= $as_of AND type IN ('call', 'call_attempt', 'meeting', 'email_sent', 'email_reply')
  GROUP BY person_id
),
deals AS (
  SELECT person_id, max(greatest(created_at, closed_at)) AS dealt FROM opportunities GROUP BY person_id
),
ticked AS (
  SELECT person_id, max(done_at) AS ticked FROM our_tasks WHERE cadence IN (<<cadences>>) AND is_done GROUP BY person_id
)
SELECT decided.person_id,
  greatest(
    ours.spoken,
    CASE WHEN NOT decided.may_call THEN ours.written END,
    CASE WHEN ours.written IS NOT NULL AND ours.replied IS NOT NULL THEN least(ours.written, ours.replied) END,
    deals.dealt,
    ticked.ticked
  ) AS answered,
  greatest(ours.spoken, ours.written, ticked.ticked) AS last_touch
FROM decided
SEMI JOIN inquiry_acts USING (person_id)
LEFT JOIN ours USING (person_id)
LEFT JOIN deals USING (person_id)
LEFT JOIN ticked USING (person_id)

-- name: contacts
-- The inquiries that nobody answered since: the last one, and the first, with which the waiting began.
CREATE OR REPLACE TEMP TABLE next_contacts AS
SELECT act.person_id, max(act.occurred_at) AS asked_at,
  max_by(act.asked_by, (act.occurred_at, act.activity_id)) AS asked_by,
  max_by({'channel': act.channel, 'destination': act.destination}, (act.occurred_at, act.activity_id)) AS said,
  min(act.occurred_at) AS waiting_since,
  max(act.occurred_at) + to_days(<<inquiry_days>>) AS next_change_at
FROM inquiry_acts AS act
JOIN inquiry_answers AS answer USING (person_id)
WHERE act.action = 'inquiry' AND coalesce(act.occurred_at > answer.answered, TRUE)
GROUP BY act.person_id
HAVING max(act.occurred_at) > $as_of::TIMESTAMP - to_days(<<inquiry_days>>)

-- name: thanks
-- Whoever is to be thanked for the last content of that kind, unless somebody was in touch since.
CREATE OR REPLACE TEMP TABLE next_thanks AS
SELECT act.person_id, max_by(act.asked_by, (act.occurred_at, act.activity_id)) AS thanked_for,
  max_by({'channel': act.channel, 'destination': act.destination}, (act.occurred_at, act.activity_id)) AS said,
  max(act.occurred_at) AS asked_at, max(act.occurred_at) + to_days(<<thanks_days>>) AS next_change_at
FROM inquiry_acts AS act
JOIN inquiry_answers AS answer USING (person_id)
WHERE act.action = 'thanks'
  AND act.occurred_at > $as_of::TIMESTAMP - to_days(<<thanks_days>>)
  AND coalesce(act.occurred_at > answer.last_touch, TRUE)
GROUP BY act.person_id

-- name: responses
-- The last inquiry of each person, and the first that we did about it: how long it took.
CREATE OR REPLACE TEMP TABLE inquiry_responses AS
WITH asked AS (
  SELECT person_id, max(occurred_at) AS asked_at FROM inquiry_acts WHERE action = 'inquiry' GROUP BY person_id
),
done AS (
  SELECT person_id, occurred_at AS done_at FROM activities SEMI JOIN asked USING (person_id)
  WHERE occurred_at <= $as_of AND (type IN ('call', 'call_attempt', 'meeting') OR (type = 'email_sent' AND content IS NULL))
  UNION ALL
  SELECT person_id, done_at FROM our_tasks WHERE cadence IN (<<cadences>>) AND is_done AND done_at IS NOT NULL
)
SELECT asked.person_id, any_value(asked.asked_at) AS asked_at, min(done.done_at) AS responded_at,
  date_diff('minute', any_value(asked.asked_at), min(done.done_at)) AS minutes
FROM asked
LEFT JOIN done ON done.person_id = asked.person_id AND done.done_at >= asked.asked_at
GROUP BY asked.person_id
