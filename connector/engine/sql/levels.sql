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
SELECT pid, 2 * t + 1 AS k, (score - points)::BIGINT AS before, score::BIGINT AS after FROM running WHERE points <> 0
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
  FROM (SELECT pid, t, points FROM earned UNION ALL SELECT pid, t + <<window>>, -points FROM earned)
  GROUP BY pid, t
),
running AS (
  SELECT pid, t, points, sum(points) OVER (PARTITION BY pid ORDER BY t) AS score FROM changes
)
SELECT pid, 2 * t + 1 AS k, (score - points)::BIGINT AS before, score::BIGINT AS after FROM running WHERE points <> 0

-- name: crossed
-- Where the running score rises to a threshold, and where it falls below it.
SELECT pid, k, <<word>> AS word, CASE WHEN after >= <<threshold>> THEN <<bit>> ELSE -<<bit>> END AS delta
FROM <<life>>_steps
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
