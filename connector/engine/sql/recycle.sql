-- name: heard_dates
-- The dates that were heard, as a first day: 2027-04-01, 2027/4/1, 2027年4月1日, 2027-04, 2027年4月; "next term" is the
-- fiscal year after it was said (`next_term` where nobody knows when that was). Of several answers to an item the latest
-- counts, whether it names a date or not.
CREATE OR REPLACE TEMP TABLE heard_dates AS
WITH answers AS (
  SELECT person_id, item, translate(trim(value), '０１２３４５６７８９／－', '0123456789/-') AS said,
    timezone(<<zone>>, timezone('UTC', "at")) AS local
  FROM hearing
  WHERE item IN (<<items>>) AND coalesce("at" <= $as_of, TRUE) AND trim(value) <> ''
  QUALIFY row_number() OVER (PARTITION BY person_id, item ORDER BY "at" DESC NULLS LAST, value, said_by, via) = 1
),
parts AS (
  SELECT person_id, item, local,
    regexp_extract(said, '^([0-9]{4})[-/.年]([0-9]{1,2})(?:$|[-/.月]([0-9]{0,2}))', ['year', 'month', 'day']) AS part,
    regexp_matches(said, '^(来期|来年度|翌期|翌年度|next (fiscal )?(year|term))', 'i') AS next_term
  FROM answers
)
SELECT person_id, item, next_term,
  CASE
    WHEN next_term THEN (<<next_year>>)::DATE
    WHEN part.year <> '' THEN try_cast(
      part.year || '-' || lpad(part.month, 2, '0') || '-' || lpad(coalesce(nullif(part.day, ''), '1'), 2, '0') AS DATE
    )
  END AS day
FROM parts

-- name: no_heard_dates
CREATE OR REPLACE TEMP TABLE heard_dates AS
SELECT '' AS person_id, '' AS item, NULL::DATE AS day, FALSE AS next_term WHERE FALSE

-- name: closings
-- Every closing with a known person: deals that were lost, and what the person's own record says. `local` is when it
-- happened by the clock of the rules' zone, `rule` the reason that its word leads to.
CREATE OR REPLACE TEMP TABLE closings AS
WITH found AS (
  SELECT person_id, 'deal' AS kind, opportunity_id AS record_id, coalesce(closed_at, created_at) AS closed_at,
    loss_reason AS word, competitor, product, amount, renewal_on, FALSE AS past
  FROM opportunities
  WHERE status = 'lost' AND person_id IS NOT NULL
  UNION ALL
  -- Nobody knows the deal: the record says that it was lost.
  SELECT person_id, 'deal', NULL, coalesce(lost_at, closed_at), close_reason, NULL, NULL, NULL, NULL, FALSE
  FROM people
  WHERE crm_status = 'lost' AND person_id NOT IN (
    SELECT person_id FROM opportunities
    WHERE status = 'lost' AND person_id IS NOT NULL AND coalesce(closed_at, created_at) IS NOT NULL
  )
  UNION ALL
  SELECT person_id, 'lead', NULL, closed_at, close_reason, NULL, NULL, NULL, NULL, FALSE
  FROM people
  WHERE crm_status = 'disqualified'
  <<past_leads>>
),
named AS (
  SELECT * REPLACE (nullif(trim(word), '') AS word),
    timezone(<<zone>>, timezone('UTC', closed_at)) AS local,
    CASE WHEN trim(coalesce(word, '')) = '' THEN 'without_reason' <<rules>> ELSE 'other' END AS rule
  FROM found
),
timed AS (
  SELECT named.*,
    <<action>> AS action,
    <<due>> AS due_local,
    <<due_at>> AS due_after,
    <<share>> AS share
  FROM named
  <<segmented>>
)
SELECT person_id, kind, record_id, word AS reason, rule, action, competitor, product, amount, closed_at,
  CASE WHEN action <> 'never' THEN coalesce(
    timezone('UTC', timezone(<<zone>>, due_local)),
    closed_at + to_microseconds(epoch_us(due_after - closed_at) * share // 100)
  ) END AS due_at, past
FROM timed

-- name: past_leads
-- What a lead was closed as at any time, also before somebody opened it again or a deal went before it: the past needs
-- to know when that life was over. What was closed since nobody knows when has no such time.
UNION ALL
SELECT person_id, 'lead', NULL, min(begins), arg_max({'word': reason}, begins).word, NULL, NULL, NULL, NULL, TRUE
FROM (
  SELECT *,
    count(*) FILTER (status IS DISTINCT FROM 'disqualified') OVER (PARTITION BY person_id ORDER BY begins NULLS FIRST)
      AS stretch
  FROM crm_words
  SEMI JOIN (SELECT person_id FROM crm_words WHERE status = 'disqualified') AS closed USING (person_id)
)
WHERE status = 'disqualified'
GROUP BY person_id, stretch
HAVING count(begins) = count(*)

-- name: recycling
-- One row for each person who stands lost or closed now: the closing that counts. Of deals it is the last one that was
-- lost; beside a closed lead it is the one of both that waits longer.
CREATE OR REPLACE TEMP TABLE recycling AS
WITH last AS (
  SELECT closings.*, person.crm_status
  FROM closings
  JOIN people AS person USING (person_id)
  WHERE NOT past AND (
    person.crm_status = 'lost'
    OR (person.crm_status = 'disqualified' AND (kind = 'lead' OR closings.closed_at IS NOT NULL))
  )
  QUALIFY row_number() OVER (
    PARTITION BY closings.person_id, kind ORDER BY closings.closed_at DESC NULLS LAST, record_id DESC NULLS LAST
  ) = 1
),
counting AS (
  SELECT *
  FROM last
  QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY due_at DESC NULLS FIRST, kind DESC) = 1
)
SELECT person_id, kind, reason, rule, action, competitor, product, amount, closed_at, due_at,
  CASE WHEN due_at <= $as_of THEN due_at END AS recycled_at,
  rule = 'without_reason' AND coalesce(closed_at > $as_of::TIMESTAMP - to_days(<<ask_days>>), FALSE) AS ask_reason,
  least(
    CASE WHEN due_at > $as_of THEN due_at END,
    CASE WHEN rule = 'without_reason' AND closed_at + to_days(<<ask_days>>) > $as_of
      THEN closed_at + to_days(<<ask_days>>) END
  ) AS next_change_at
FROM counting

-- name: not_before
-- Before which day somebody does not want to be turned to; of several the latest. `until` is the day's first moment.
CREATE OR REPLACE TEMP TABLE not_before AS
WITH told AS (
  SELECT person_id, not_before AS day FROM people WHERE not_before IS NOT NULL
  UNION ALL
  SELECT person_id, day FROM heard_dates WHERE day IS NOT NULL AND item IN (<<items>>)
),
days AS (
  SELECT person_id, max(day) AS day FROM told GROUP BY person_id
)
SELECT person_id, day, until, until > $as_of AS held, CASE WHEN until > $as_of THEN until END AS next_change_at
FROM (SELECT *, timezone('UTC', timezone(<<zone>>, day::TIMESTAMP)) AS until FROM days)

-- name: days_over
-- The days on which waiting times were over.
SELECT DISTINCT timezone(<<zone>>, timezone('UTC', recycled_at))::DATE AS day
FROM recycling
WHERE recycled_at IS NOT NULL
ORDER BY day

-- name: second_approaches
-- Who is to be turned to again: by new interest, or since the reason asks for a call; until somebody has called or met
-- the person since, or tried to.
CREATE OR REPLACE TEMP TABLE second_approaches AS
WITH over AS (
  SELECT recycling.person_id, recycling.recycled_at, coalesce(qualified.approach, FALSE) AS by_interest,
    timezone(<<zone>>, timezone('UTC', recycled_at))::DATE AS day
  FROM recycling
  JOIN qualified USING (person_id)
  WHERE recycling.recycled_at IS NOT NULL AND (recycling.action = 'call' OR qualified.approach)
),
turned_to AS (
  SELECT over.person_id
  FROM activities AS activity
  JOIN over USING (person_id)
  WHERE activity.type IN ('call', 'call_attempt', 'meeting') AND activity.occurred_at > over.recycled_at
    AND activity.occurred_at <= $as_of
)
SELECT over.person_id, over.by_interest, moved.business_day::DATE AS day
FROM over
JOIN business_days_over AS moved ON moved.day::DATE = over.day
ANTI JOIN turned_to USING (person_id)
