-- name: people
-- Whom the evaluation is about, each with a small number: grouping by it is much cheaper than by text.
-- People created after the time asked about are left out. Times are microseconds since 1970 from here on.
CREATE OR REPLACE TEMP TABLE score_people AS
SELECT
  row_number() OVER () AS pid,
  person.person_id,
  epoch_us(person.created_at) AS created,
  (<<source_points>>)::BIGINT AS source_points
FROM <<people>> AS person
WHERE person.created_at <= $as_of AND <<among>>

-- name: noise
-- Activities that a machine did, by pattern: bursts of clicks, and opens right after the sending (SY-8).
CREATE OR REPLACE TEMP TABLE score_noise AS
WITH clicks AS (
  SELECT who.pid, activity.activity_id, epoch_us(activity.occurred_at) AS t
  FROM activities AS activity
  JOIN score_people AS who USING (person_id)
  WHERE activity.type = 'email_click' AND activity.occurred_at <= $as_of AND <<clicks_wanted>>
),
-- A burst lies in one stretch of its length, or in two that follow each other: half of it in one of them.
crowded AS (
  SELECT DISTINCT pid FROM (SELECT pid FROM clicks GROUP BY pid, t // (<<burst_us>> + 1) HAVING count(*) >= (<<burst>> + 1) // 2)
),
bursts AS (
  SELECT pid, activity_id, t, lead(t, <<burst>> - 1) OVER each - t <= <<burst_us>> AS begins
  FROM clicks SEMI JOIN crowded USING (pid)
  WINDOW each AS (PARTITION BY pid ORDER BY t, activity_id)
),
bursting AS (
  SELECT * FROM bursts SEMI JOIN (SELECT pid FROM bursts WHERE begins) AS seen USING (pid)
),
in_burst AS (
  SELECT
    activity_id,
    coalesce(bool_or(begins) OVER (
      PARTITION BY pid ORDER BY t, activity_id ROWS BETWEEN <<burst>> - 1 PRECEDING AND CURRENT ROW
    ), FALSE) AS noise
  FROM bursting
),
-- Stretches as long as the time asked for: what was opened in time was sent in the same one or in the one before.
sent AS (
  SELECT person_id, content, occurred_at,
    unnest([epoch_us(occurred_at) // <<stretch>>, epoch_us(occurred_at) // <<stretch>> + 1]) AS stretch
  FROM activities
  WHERE type = 'email_sent' AND occurred_at <= $as_of AND <<opens_wanted>>
),
opens AS (
  SELECT opened.activity_id
  FROM activities AS opened
  SEMI JOIN sent
    ON sent.stretch = epoch_us(opened.occurred_at) // <<stretch>>
    AND sent.person_id = opened.person_id
    AND sent.content = opened.content
    AND opened.occurred_at >= sent.occurred_at
    AND opened.occurred_at <= sent.occurred_at + to_seconds(<<open_seconds>>)
  WHERE opened.type = 'email_open' AND opened.occurred_at <= $as_of AND <<opens_wanted>>
    AND opened.person_id IN (SELECT person_id FROM score_people)
)
SELECT activity_id FROM in_burst WHERE noise
UNION
SELECT activity_id FROM opens

-- name: events
-- What counts: activities of the listed types up to the time asked about that are not noise, with the sum of the
-- points that each earns by itself. The bits of `kept_<n>` are the rules that make awards of it (engine/earning.py).
CREATE OR REPLACE TEMP TABLE score_events AS
SELECT
  who.pid,
  epoch_us(activity.occurred_at) AS t,
  (<<points>>)::INTEGER AS points,
  <<kept>>,
  CASE WHEN <<any_once>> THEN activity.content END AS content,
  CASE WHEN activity.type = 'page_view' THEN activity.visit_id END AS visit_id
  <<details>>
FROM <<activities>> AS activity
JOIN score_people AS who USING (person_id)
WHERE activity.occurred_at <= $as_of
  AND <<counted>>
  AND <<not_noise>>

-- name: visits
-- A visit is the page views with one visit id; it begins with its first page.
CREATE OR REPLACE TEMP TABLE score_visits AS
SELECT pid, visit_id, min(t) AS begins, count(*) AS pages
FROM score_events
WHERE visit_id IS NOT NULL
GROUP BY pid, visit_id

-- name: knots
-- The life of a person as a string of knots with the months of silence after each. Activities of one bucket of
-- time, no longer than a month of silence, are always less than a month apart: no penalty falls between them,
-- and their sum is all that matters. Registration is a knot of its own: it brings the source's points and does
-- not restart the clock, unless it comes first. `nested` marks it when it falls within a bucket.
CREATE OR REPLACE TEMP TABLE <<life>>_knots AS
WITH earned AS (
  SELECT pid, t, t AS acted, points FROM <<life>>_events
  UNION ALL
  SELECT pid, t, NULL, points FROM <<life>>_awards
),
knots AS (
  SELECT pid, min(acted) AS first, max(acted) AS last, sum(points)::BIGINT AS points,
    sum(greatest(points, 0))::BIGINT AS gains, count(acted) AS activities, TRUE AS active
  FROM earned GROUP BY pid, (t + <<shift>>) // <<bucket>>
  UNION ALL
  SELECT pid, created, created, source_points, greatest(source_points, 0), 0, FALSE FROM <<life>>_people
),
strung AS (
  SELECT *,
    row_number() OVER life AS i,
    lead(first) OVER life AS next_first,
    max(CASE WHEN active THEN last END) OVER life AS reset
  FROM knots
  WINDOW life AS (PARTITION BY pid ORDER BY first, active DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT pid, i, first, last, points, gains, activities, active,
  coalesce(reset, first) AS clock,
  NOT active AND coalesce(reset >= first, FALSE) AS nested,
  next_first IS NULL AS is_last,
  <<silence>> AS silence
FROM strung

-- name: fold
-- The score before and after each knot with the silence that follows it, knot by knot, everybody at once. `reach`: no
-- score up to there was higher, source points aside that fall within a knot.
CREATE OR REPLACE TEMP TABLE <<life>>_fold AS
WITH RECURSIVE fold AS (
  SELECT pid, i, 0::BIGINT AS before, <<first_after>> AS after, is_last, gains AS reach
  FROM <<life>>_knots WHERE i = 1
  UNION ALL
  SELECT knot.pid, knot.i, fold.after, <<next_after>>, knot.is_last,
    greatest(fold.reach, fold.after + knot.gains)
  FROM fold JOIN <<life>>_knots AS knot ON knot.pid = fold.pid AND knot.i = fold.i + 1
)
SELECT * FROM fold

-- name: recycled_people
-- Those who were lost or closed and whose time of rest is over: their second life begins at 0 when they are recycled,
-- without the source's points, and that moment starts the clock (RC-3).
CREATE OR REPLACE TEMP TABLE recycled_people AS
SELECT who.pid, epoch_us(recycling.recycled_at) AS created, 0::BIGINT AS source_points
FROM score_people AS who
JOIN recycling USING (person_id)
WHERE recycling.recycled_at IS NOT NULL

-- name: recycled_events
CREATE OR REPLACE TEMP TABLE recycled_events AS
SELECT event.* FROM score_events AS event JOIN recycled_people AS who USING (pid) WHERE event.t > who.created

-- name: recycled_awards
CREATE OR REPLACE TEMP TABLE recycled_awards AS
SELECT award.* FROM score_awards AS award JOIN recycled_people AS who USING (pid) WHERE award.t > who.created

-- name: windows
-- Behaviour points of the last days, (T − n, T], and when the oldest of each leaves its window.
CREATE OR REPLACE TEMP TABLE <<life>>_windows AS
WITH earned AS (
  SELECT pid, t, points FROM <<life>>_events WHERE t > $now - <<longest>> AND points <> 0
  UNION ALL
  SELECT pid, t, points FROM <<life>>_awards WHERE t > $now - <<longest>> AND points <> 0
)
SELECT pid, <<sums>>,
  least(<<leaves>>) AS next_leaves
FROM earned
GROUP BY pid

-- name: earned
-- Behaviour points and their moments, for whoever asks since when a window has held so many. Of the recycled only what
-- they earned since.
CREATE OR REPLACE TEMP TABLE earned_points AS
SELECT who.person_id, earned.t, earned.points
FROM (
  SELECT pid, t, points FROM score_events WHERE points <> 0
  UNION ALL
  SELECT pid, t, points FROM score_awards WHERE points <> 0
) AS earned
JOIN score_people AS who USING (pid)
LEFT JOIN recycled_people AS again USING (pid)
WHERE coalesce(earned.t > again.created, TRUE)

-- name: scored
-- One row a person. `next_change_at` is the next moment at which time alone can change the row.
CREATE OR REPLACE TEMP TABLE scored AS
WITH lives AS (
  SELECT pid, max(last) FILTER (active) AS last, min(first) FILTER (active) AS first,
    sum(activities)::BIGINT AS activities, sum(points)::BIGINT AS points, sum(gains)::BIGINT AS gains,
    arg_max(clock, i) AS clock
  FROM score_knots GROUP BY pid
),
again AS (
  SELECT who.pid, who.created AS recycled, fold.after, arg_max(knot.clock, knot.i) AS clock
  FROM recycled_people AS who
  JOIN recycled_fold AS fold ON fold.pid = who.pid AND fold.is_last
  JOIN recycled_knots AS knot ON knot.pid = who.pid
  GROUP BY ALL
),
rests AS (
  SELECT pid, min(epoch_us(next_change_at)) AS t
  FROM (
    SELECT person_id, next_change_at FROM recycling
    UNION ALL
    SELECT person_id, next_change_at FROM not_before
  )
  JOIN score_people USING (person_id)
  GROUP BY pid
),
future AS (
  SELECT score_people.pid, min(epoch_us(activity.occurred_at)) AS t
  FROM activities AS activity JOIN score_people USING (person_id)
  WHERE activity.occurred_at > $as_of
  GROUP BY score_people.pid
)
SELECT
  who.person_id,
  <<score>> AS score,
  who.source_points AS score_source,
  lives.points - who.source_points AS score_behaviour,
  fold.after - lives.points AS score_inactivity,
  <<deciding>> AS score_deciding,
  make_timestamp(lives.last) AS last_activity_at,
  make_timestamp(lives.first) AS first_activity_at,
  lives.activities,
  <<windows>>,
  make_timestamp(CASE WHEN again.pid IS NULL THEN crossing.crossed ELSE crossing_again.crossed END) AS crossed_at,
  make_timestamp(again.recycled) AS recycled_at,
  make_timestamp(least(<<next_penalty>>, <<next_penalty_again>>, recent.next_leaves, rests.t, future.t))
    AS next_change_at,
  <<score>> - fold.after AS score_floor,
  <<hot_at_least>> AS hot_at_least,
  fold.reach + greatest(who.source_points, 0) AS score_reach,
  lives.gains AS score_gains
FROM score_people AS who
JOIN score_fold AS fold ON fold.pid = who.pid AND fold.is_last
JOIN lives ON lives.pid = who.pid
LEFT JOIN score_windows AS recent ON recent.pid = who.pid
LEFT JOIN recycled_windows AS recent_again ON recent_again.pid = who.pid
LEFT JOIN score_crossings AS crossing ON crossing.pid = who.pid
LEFT JOIN again ON again.pid = who.pid
LEFT JOIN recycled_crossings AS crossing_again ON crossing_again.pid = who.pid
<<bars>>LEFT JOIN rests ON rests.pid = who.pid
LEFT JOIN future ON future.pid = who.pid

-- name: keep_people
CREATE OR REPLACE TEMP TABLE kept_people AS SELECT * FROM score_people

-- name: keep_events
CREATE OR REPLACE TEMP TABLE kept_events AS SELECT pid, t, points FROM score_events

-- name: any_kept
SELECT 1 FROM duckdb_tables() WHERE table_name = 'kept_people'

-- name: kept_people
CREATE OR REPLACE TEMP TABLE score_people AS SELECT * FROM kept_people SEMI JOIN <<among>> USING (person_id)

-- name: kept_part
CREATE OR REPLACE TEMP TABLE score_<<part>> AS SELECT * FROM kept_<<part>> SEMI JOIN score_people USING (pid)
