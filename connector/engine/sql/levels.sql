-- name: steps
-- Every change of the running score in a life, with the score before and after it. `k` is twice the microsecond, and
-- one more for what people did: at one instant a month of silence takes its points first, and all that happens then
-- counts together. The months of silence are those of the fold, one by one.
CREATE OR REPLACE TEMP TABLE <<life>>_steps AS
WITH RECURSIVE silent AS (
  SELECT knot.pid, knot.clock, knot.silence, <<months>> + 1 AS nth, 1::BIGINT AS n, fold.before + knot.points AS before,
    <<takes_first>> AS taken
  FROM <<life>>_knots AS knot
  JOIN <<life>>_fold AS fold USING (pid, i)
  WHERE knot.silence > 0 AND <<takes_first>> <> 0
  UNION ALL
  SELECT pid, clock, silence, nth + 1, n + 1, before + taken, <<takes_next>>
  FROM silent
  WHERE n < silence AND <<takes_next>> <> 0
),
changes AS (
  SELECT pid, k, sum(points)::BIGINT AS points
  FROM (
    SELECT pid, 2 * t + 1 AS k, points FROM <<life>>_events WHERE points <> 0
    UNION ALL
    SELECT pid, 2 * t + 1, points FROM <<life>>_awards WHERE points <> 0
    UNION ALL
    SELECT pid, 2 * created + 1, source_points FROM <<life>>_people WHERE source_points <> 0
    UNION ALL
    SELECT pid, 2 * <<ends>>, taken FROM silent
    <<more>>
  )
  GROUP BY pid, k
),
running AS (
  SELECT pid, k, points, sum(points) OVER (PARTITION BY pid ORDER BY k)::BIGINT AS after FROM changes
)
SELECT pid, k, after - points AS before, after FROM running

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
