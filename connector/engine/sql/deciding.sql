-- name: bars
-- What is asked of each person in a life, and what is given on top of what they do, from the first activity on.
CREATE OR REPLACE TEMP TABLE <<life>>_bars AS
WITH begun AS (
  SELECT pid, min(t) AS since FROM <<life>>_events GROUP BY pid
)
SELECT living.pid, (<<at_least>>)::BIGINT AS at_least,
  CASE WHEN begun.since IS NULL THEN 0 ELSE <<extra>> END::BIGINT AS extra, begun.since
FROM <<life>>_people AS living
JOIN (SELECT pid, person_id FROM score_people) AS who USING (pid)
LEFT JOIN begun USING (pid)
<<segmented>>
<<attributed>>

-- name: ledger_crossings
-- For those at or over the threshold now: the last moment at which the running score rose to it. Within a knot the
-- running score is the score before it plus what was earned up to that moment; what happens at one instant counts
-- together, after a penalty that is due at that instant. It rose in the last knot before which it stood below, or
-- in a later one in which so many points were taken (by what was done, or by who somebody is, with the first activity)
-- that it may have fallen: the others need not be looked at.
CREATE OR REPLACE TEMP TABLE <<life>>_crossings AS
WITH hot AS (
  SELECT pid FROM <<life>>_fold <<joins>> WHERE is_last AND <<over_now>>
),
all_spans AS (
  SELECT knot.pid, knot.i, knot.first, knot.last, knot.first AS t, fold.before, knot.nested,
    sum(CASE WHEN knot.nested THEN knot.gains - knot.points ELSE 0 END) OVER (PARTITION BY knot.pid)
      + CASE WHEN knot.nested THEN 0 ELSE knot.gains - knot.points END AS losses
  FROM <<life>>_knots AS knot
  JOIN <<life>>_fold AS fold USING (pid, i)
  SEMI JOIN hot ON hot.pid = knot.pid
),
low AS (
  SELECT pid, max(i) AS i
  FROM (SELECT pid, i, t, before AS score, 0 AS points FROM all_spans WHERE NOT nested) <<joins>>
  WHERE NOT (<<over_before>>)
  GROUP BY pid
),
dips AS (
  SELECT DISTINCT pid, i
  FROM (SELECT pid, i, <<dip_times>> AS t, before AS score, losses AS points FROM all_spans WHERE NOT nested AND <<may_dip>>)
  <<joins>>
  WHERE NOT (<<over_before>>)
),
spans AS (
  SELECT one.pid, one.i, one.first, one.last, one.before
  FROM all_spans AS one
  JOIN low ON low.pid = one.pid
  LEFT JOIN dips ON dips.pid = one.pid AND dips.i = one.i
  WHERE NOT one.nested AND (one.i = low.i OR (one.i > low.i AND dips.i IS NOT NULL))
),
placed AS (
  SELECT span.pid, span.i, span.before, earned.t, sum(earned.points) AS points
  FROM (
    SELECT pid, t, points FROM <<life>>_events
    UNION ALL
    SELECT pid, t, points FROM <<life>>_awards
    UNION ALL
    SELECT pid, created, source_points FROM <<life>>_people
  ) AS earned
  JOIN spans AS span ON span.pid = earned.pid AND earned.t BETWEEN span.first AND span.last
  GROUP BY ALL
),
running AS (
  SELECT pid, t, points, before + sum(points) OVER (PARTITION BY pid, i ORDER BY t) AS score FROM placed
)
SELECT pid, max(t) AS crossed
FROM running <<joins>>
WHERE <<over>> AND NOT (<<over_before>>)
GROUP BY pid

-- name: window_crossings
-- The same of a window: it changes where points are earned and where they leave it.
CREATE OR REPLACE TEMP TABLE <<life>>_crossings AS
WITH hot AS (
  SELECT pid
  FROM (
    SELECT living.pid, coalesce(recent.<<column>>, 0) AS after
    FROM <<life>>_people AS living LEFT JOIN <<life>>_windows AS recent USING (pid)
  ) <<joins>>
  WHERE <<over_now>>
),
earned AS (
  SELECT pid, t, points FROM <<life>>_events SEMI JOIN hot USING (pid) WHERE points <> 0
  UNION ALL
  SELECT pid, t, points FROM <<life>>_awards SEMI JOIN hot USING (pid) WHERE points <> 0
),
changes AS (
  SELECT pid, t, sum(points) AS points
  FROM (
    SELECT pid, t, points FROM earned
    UNION ALL
    SELECT pid, t + <<window>>, -points FROM earned WHERE t + <<window>> <= <<now>>
    <<more>>
  )
  GROUP BY pid, t
),
running AS (
  SELECT pid, t, points, sum(points) OVER (PARTITION BY pid ORDER BY t) AS score FROM changes SEMI JOIN hot USING (pid)
)
SELECT pid, max(t) AS crossed
FROM running <<joins>>
WHERE <<over>> AND NOT (<<over_before>>)
GROUP BY pid
