-- name: firsts
-- The first activity of each person, content and set of rules that pay once a content.
CREATE OR REPLACE TEMP TABLE score_firsts AS
SELECT pid, content, <<kept>>, min(t) AS t FROM score_events WHERE <<any_once>> GROUP BY ALL

-- name: shared_firsts
-- The bits of rules that some activities pay together: only of these can one content have several rows.
SELECT bit_or(kept_0) FROM score_firsts WHERE kept_0 & (kept_0 - 1) <> 0

-- name: award_once_alone
-- Points for the first activity of each content, of rules that no activity pays together with others.
SELECT pid, t, points::INTEGER AS points, rule, content AS about, NULL AS activity_id
FROM score_firsts
JOIN (VALUES <<rules>>) AS paid(bits, points, rule) ON paid.bits = score_firsts.kept_0

-- name: award_once
-- Points for the first activity of each content.
SELECT pid, min(t) AS t, <<points>> AS points, <<rule>> AS rule, content AS about, NULL AS activity_id
FROM score_firsts
WHERE <<met>>
GROUP BY pid, content

-- name: award_each
-- Points for each activity, where a cap holds them.
SELECT pid, t, <<points>> AS points, <<rule>> AS rule, NULL AS about, <<activity>> AS activity_id
FROM score_events
WHERE <<met>>

-- name: award_visit
-- Points for the n-th page of a visit.
SELECT page.pid, min(page.t, <<pages>>)[<<pages>>] AS t, <<points>> AS points, <<rule>> AS rule,
  any_value(page.visit_id) AS about, NULL AS activity_id
FROM score_events AS page
JOIN score_visits AS visit USING (pid, visit_id)
WHERE visit.pages >= <<pages>>
GROUP BY page.pid, page.visit_id

-- name: award_week
-- Points for the n-th visit that begins in a calendar week, Monday to Sunday in the zone of the rules. To ask a zone for
-- the time of each visit is dear: it is asked once for each quarter of an hour, at which alone its days begin.
SELECT pid, min(begins, <<visits>>)[<<visits>>] AS t, <<points>> AS points, <<rule>> AS rule, NULL AS about,
  NULL AS activity_id
FROM (
  SELECT visit.pid, visit.begins, quarters.week
  FROM score_visits AS visit
  JOIN (
    SELECT quarter, date_trunc('week', timezone(<<zone>>, timezone('UTC', make_timestamp(quarter * 900000000)))) AS week
    FROM (SELECT DISTINCT begins // 900000000 AS quarter FROM score_visits)
  ) AS quarters ON quarters.quarter = visit.begins // 900000000
)
GROUP BY pid, week
HAVING count(*) >= <<visits>>

-- name: award_rolling
-- Points for the visit that is the n-th within so many days, and again so many days later at the earliest: of the
-- moments at which it could be paid, in their order, each that is far enough from the last one that was.
SELECT pid, unnest(paid) AS t, <<points>> AS points, <<rule>> AS rule, NULL AS about, NULL AS activity_id
FROM (
  SELECT pid, list_reduce(
    list([t] ORDER BY t),
    lambda paid, one: CASE WHEN one[1] >= paid[-1] + <<days>> * 86400000000 THEN list_concat(paid, one) ELSE paid END
  ) AS paid
  FROM (
    SELECT pid, begins AS t, lag(begins, <<visits>> - 1) OVER (PARTITION BY pid ORDER BY begins) AS first_of_count
    FROM score_visits
  )
  WHERE first_of_count > t - <<days>> * 86400000000
  GROUP BY pid
)

-- name: hold
-- Awards of one rule with what holds them; a period is null where a cap holds for ever.
SELECT pid, t, points, rule, about, activity_id, coalesce(activity_id, about, '') AS tie,
  <<number>> AS number, <<cap>>::BIGINT AS cap, <<period>> AS period,
  <<grp>>::INTEGER AS grp, <<place>> AS place, <<shared>>::BIGINT AS shared, <<shared_period>> AS shared_period
FROM (
<<branch>>
)

-- name: held
-- Awards that a cap of their rule or of its group holds.
CREATE OR REPLACE TEMP TABLE score_held AS
<<branches>>

-- name: own_caps
-- What the caps of the rules leave: each award gives what takes the sum of its period from where it stood to where it
-- may stand. Only where a cap is passed is anything put in order.
CREATE OR REPLACE TEMP TABLE score_held_own AS
WITH passed AS (
  SELECT pid, number, period
  FROM score_held
  GROUP BY ALL
  HAVING sum(abs(points)) > min(cap)
)
SELECT held.*, held.points AS own
FROM score_held AS held
ANTI JOIN passed
  ON passed.pid = held.pid AND passed.number = held.number AND passed.period IS NOT DISTINCT FROM held.period
UNION ALL
SELECT * EXCLUDE (so_far), (sign(points) * (least(so_far, cap) - least(so_far - abs(points), cap)))::BIGINT AS own
FROM (
  SELECT held.*, sum(abs(held.points)) OVER (
    PARTITION BY held.pid, held.number, held.period ORDER BY held.t, held.tie
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  ) AS so_far
  FROM score_held AS held
  SEMI JOIN passed
    ON passed.pid = held.pid AND passed.number = held.number AND passed.period IS NOT DISTINCT FROM held.period
)

-- name: paid
-- What the caps of the groups leave of that: gains together, and apart from them what is taken together.
SELECT pid, t, points::INTEGER AS points, rule, about, activity_id, uncut
FROM (
  WITH passed AS (
    SELECT pid, grp, own > 0 AS gained, shared_period AS period
    FROM score_held_own
    WHERE grp IS NOT NULL
    GROUP BY ALL
    HAVING sum(abs(own)) > min(shared)
  )
  SELECT held.pid, t, own AS points, rule, about, activity_id, points AS uncut
  FROM score_held_own AS held
  ANTI JOIN passed
    ON passed.pid = held.pid AND passed.grp = held.grp AND passed.gained = (held.own > 0)
    AND passed.period IS NOT DISTINCT FROM held.shared_period
  UNION ALL
  SELECT pid, t, (sign(own) * (least(so_far, shared) - least(so_far - abs(own), shared)))::BIGINT, rule, about, activity_id, points
  FROM (
    SELECT held.*, sum(abs(own)) OVER (
      PARTITION BY held.pid, held.grp, own > 0, shared_period ORDER BY t, place, tie
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS so_far
    FROM score_held_own AS held
    SEMI JOIN passed
      ON passed.pid = held.pid AND passed.grp = held.grp AND passed.gained = (held.own > 0)
      AND passed.period IS NOT DISTINCT FROM held.shared_period
  )
)
WHERE <<kept>>

-- name: free
-- Awards that nothing holds.
SELECT pid, t, points, rule, about, activity_id, points AS uncut
FROM (
<<branches>>
)

-- name: awards
-- Points that several activities earn together, or that a cap may cut, at the activity that completes them.
CREATE OR REPLACE TEMP TABLE score_awards AS
SELECT <<columns>> FROM (
<<rows>>
)

-- name: no_awards
-- The same without any such rule.
CREATE OR REPLACE TEMP TABLE score_awards AS
SELECT <<columns>>
FROM (SELECT 0::BIGINT AS pid, 0::BIGINT AS t, 0 AS points, '' AS rule, '' AS about, '' AS activity_id, 0 AS uncut)
WHERE FALSE
