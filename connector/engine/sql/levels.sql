-- name: steps
-- Every change of the running score in a life, with the score before and after it. `k` is twice the microsecond, and
-- one more for what people did: at one instant a month of silence takes its points first. Within a knot the running
-- score is the score before it plus what was earned up to that moment; what happens at one instant counts together.
CREATE OR REPLACE TEMP TABLE <<life>>_steps AS
WITH RECURSIVE knots AS (
  SELECT knot.pid, knot.i, knot.first, knot.last, knot.clock, knot.nested, knot.silence, fold.before,
    fold.before + knot.points AS earned
  FROM <<life>>_knots AS knot
  JOIN <<life>>_fold AS fold USING (pid, i)
),
instants AS (
  SELECT pid, t, sum(points)::BIGINT AS points
  FROM (
    SELECT pid, t, points FROM <<life>>_events WHERE points <> 0
    UNION ALL
    SELECT pid, t, points FROM <<life>>_awards WHERE points <> 0
    UNION ALL
    SELECT pid, created, source_points FROM <<life>>_people WHERE source_points <> 0
    <<more>>
  )
  GROUP BY pid, t
),
spans AS (
  SELECT pid, i, first, before FROM knots WHERE NOT nested
),
placed AS (
  SELECT instants.pid, instants.t, instants.points, spans.i, spans.before
  FROM instants ASOF JOIN spans ON instants.pid = spans.pid AND instants.t >= spans.first
),
running AS (
  SELECT pid, t, points, before + sum(points) OVER (PARTITION BY pid, i ORDER BY t) AS score FROM placed
),
silent AS (
  SELECT pid, clock, silence, <<months>> + 1 AS nth, 1::BIGINT AS n, earned AS before, earned + <<takes_first>> AS after
  FROM knots
  WHERE silence > 0
  UNION ALL
  SELECT pid, clock, silence, nth + 1, n + 1, after, after + <<takes_next>>
  FROM silent
  WHERE n < silence AND after < before
)
SELECT pid, 2 * t + 1 AS k, (score - points)::BIGINT AS before, score::BIGINT AS after FROM running
UNION ALL
SELECT pid, 2 * <<ends>>, before, after FROM silent WHERE after < before

-- name: window_steps
-- The same where the score that decides is what behaviour earned in a window.
CREATE OR REPLACE TEMP TABLE <<life>>_steps AS
WITH earned AS (
  SELECT pid, t, points FROM <<life>>_events WHERE points <> 0
  UNION ALL
  SELECT pid, t, points FROM <<life>>_awards WHERE points <> 0
),
changes AS (
  SELECT pid, t, sum(points)::BIGINT AS points
  FROM (
    SELECT pid, t, points FROM earned
    UNION ALL
    SELECT pid, t + <<window>>, -points FROM earned
    <<more>>
  )
  GROUP BY pid, t
),
running AS (
  SELECT pid, t, points, sum(points) OVER (PARTITION BY pid ORDER BY t) AS score FROM changes
)
SELECT pid, 2 * t + 1 AS k, (score - points)::BIGINT AS before, score::BIGINT AS after FROM running

-- name: extra
-- What is given for who somebody is, from the first activity of a life on.
CREATE OR REPLACE TEMP TABLE <<life>>_extra AS
SELECT living.pid, attributed.score_attribute AS extra, min(event.t) AS since
FROM (<<living>>) AS living
JOIN attributed USING (person_id)
JOIN <<life>>_events AS event USING (pid)
WHERE attributed.score_attribute <> 0
GROUP BY living.pid, attributed.score_attribute

-- name: lifted
-- The score that decides, where it is more than what was done: never below a floor, and with what is given on top.
CREATE OR REPLACE TEMP TABLE <<life>>_steps AS
SELECT step.pid, step.k,
  <<before>> + CASE WHEN step.k > 2 * given.since + 1 THEN given.extra ELSE 0 END AS before,
  <<after>> + CASE WHEN step.k > 2 * given.since THEN given.extra ELSE 0 END AS after
FROM <<life>>_steps AS step
LEFT JOIN (<<given>>) AS given USING (pid)

-- name: crossed
-- Where the running score rises to a threshold, and where it falls below it.
SELECT pid, k, <<word>> AS word, CASE WHEN after >= <<threshold>> THEN <<bit>> ELSE -<<bit>> END AS delta
FROM <<life>>_steps
<<bars>>
WHERE (before >= <<threshold>>) <> (after >= <<threshold>>)

-- name: again_people
-- Lives of the score that began anew, each with a number of its own: without the source's points (RC-3).
CREATE OR REPLACE TEMP TABLE again_people AS
SELECT life AS pid, born AS created, 0::BIGINT AS source_points
FROM recycled_spans
SEMI JOIN score_people USING (person_id)

-- name: again_events
CREATE OR REPLACE TEMP TABLE again_events AS
SELECT span.life AS pid, event.* EXCLUDE (pid)
FROM score_events AS event
JOIN score_people AS who USING (pid)
JOIN recycled_spans AS span ON span.person_id = who.person_id AND event.t > span.born

-- name: again_awards
CREATE OR REPLACE TEMP TABLE again_awards AS
SELECT span.life AS pid, award.* EXCLUDE (pid)
FROM score_awards AS award
JOIN score_people AS who USING (pid)
JOIN recycled_spans AS span ON span.person_id = who.person_id AND award.t > span.born

-- name: bars
JOIN (<<living>>) AS living USING (pid)
JOIN (SELECT person_id, hot_at_least FROM scored) AS bar USING (person_id)
