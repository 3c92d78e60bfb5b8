-- name: none
CREATE OR REPLACE TEMP TABLE lined (
  person_id VARCHAR, line VARCHAR, score BIGINT, score_behaviour BIGINT, score_inactivity BIGINT, activities BIGINT,
  first_at TIMESTAMP, last_at TIMESTAMP, <<windows>>, hot BOOLEAN, crossed_at TIMESTAMP, next_change_at TIMESTAMP
)

-- name: acts
-- What is of any line at all, in one pass: with which line, without machines, and since when it counts for whom.
CREATE OR REPLACE TEMP TABLE line_acts AS
SELECT <<columns>>, <<met>>
FROM activities AS activity
JOIN scored ON scored.person_id = activity.person_id
WHERE activity.occurred_at <= $as_of AND activity.type IN (<<types>>) AND <<not_noise>> AND (<<any>>)
  AND (scored.recycled_at IS NULL OR activity.occurred_at > scored.recycled_at)

-- name: line
-- What is of one line.
CREATE OR REPLACE TEMP VIEW line_activities AS SELECT * FROM line_acts WHERE met_<<number>>

-- name: line_people
-- Whose lives these are: each begins with the first of it.
CREATE OR REPLACE TEMP TABLE line_people AS
SELECT person_id, min(occurred_at) AS created_at FROM line_activities GROUP BY person_id

-- name: lined
-- One row a person who did anything of the line.
INSERT INTO lined
WITH lives AS (
  SELECT pid, max(last) FILTER (active) AS last, min(first) FILTER (active) AS first,
    sum(activities)::BIGINT AS activities, sum(points)::BIGINT AS points, arg_max(clock, i) AS clock
  FROM score_knots GROUP BY pid
),
recent AS (
  SELECT pid, <<sums>>, least(<<leaves>>) AS next_leaves
  FROM (
    SELECT pid, t, points FROM score_events WHERE t > <<longest>> AND points <> 0
    UNION ALL
    SELECT pid, t, points FROM score_awards WHERE t > <<longest>> AND points <> 0
  )
  GROUP BY pid
)
SELECT who.person_id, <<line>>, <<score>>, lives.points, <<score>> - lives.points, lives.activities,
  make_timestamp(lives.first), make_timestamp(lives.last), <<windows>>,
  fold.after >= <<threshold>>, make_timestamp(crossing.crossed),
  make_timestamp(least(<<next_penalty>>, recent.next_leaves))
FROM score_people AS who
JOIN score_fold AS fold ON fold.pid = who.pid AND fold.is_last
JOIN lives ON lives.pid = who.pid
LEFT JOIN recent ON recent.pid = who.pid
LEFT JOIN score_crossings AS crossing ON crossing.pid = who.pid

-- name: no_own_lines
CREATE OR REPLACE TEMP TABLE own_lines (person_id VARCHAR, line VARCHAR)

-- name: own_lines
-- The line in which somebody stands highest.
INSERT INTO own_lines
SELECT person_id, line
FROM lined JOIN (VALUES <<places>>) AS named(line, place) USING (line)
WHERE score > 0
QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY score DESC, place) = 1
