-- name: members_person
-- Whom figures are about: each person alone.
CREATE OR REPLACE TEMP TABLE momentum_members AS
SELECT pid, pid AS gid, person_id AS id FROM score_people

-- name: members_account
-- Whom figures are about: the people of each company together. Who belongs to none is left out.
CREATE OR REPLACE TEMP TABLE momentum_members AS
SELECT who.pid, dense_rank() OVER (ORDER BY person.company_id) AS gid, person.company_id AS id
FROM score_people AS who
JOIN people AS person USING (person_id)
WHERE person.company_id IS NOT NULL

-- name: points
-- What was earned and done in a period, [begins, ends), and in the one before it, [before, begins).
CREATE OR REPLACE TEMP TABLE momentum_points AS
WITH lately AS (
  SELECT pid, t, points, 1 AS acts FROM score_events WHERE t >= $before AND t < $ends
  UNION ALL
  SELECT pid, t, points, 0 FROM score_awards WHERE t >= $before AND t < $ends
)
SELECT gid,
  coalesce(sum(points) FILTER (t >= $begins), 0)::BIGINT AS points,
  coalesce(sum(points) FILTER (t < $begins), 0)::BIGINT AS points_before,
  coalesce(sum(acts) FILTER (t >= $begins), 0)::BIGINT AS activities,
  coalesce(sum(acts) FILTER (t < $begins), 0)::BIGINT AS activities_before,
  count(DISTINCT pid) FILTER (t >= $begins) AS people,
  count(DISTINCT pid) FILTER (t < $begins) AS people_before
FROM lately JOIN momentum_members USING (pid)
GROUP BY gid

-- name: visits
-- A visit belongs to the period of its first page.
CREATE OR REPLACE TEMP TABLE momentum_visits AS
SELECT gid, count(*) FILTER (begins >= $begins) AS visits, count(*) FILTER (begins < $begins) AS visits_before
FROM score_visits JOIN momentum_members USING (pid)
WHERE begins >= $before AND begins < $ends
GROUP BY gid

-- name: kinds
-- How often things of each kind were done, and each named conversion that happened.
CREATE OR REPLACE TEMP TABLE momentum_kinds AS
WITH did AS (
  SELECT who.pid, <<tests>>, activity.occurred_at >= make_timestamp($begins) AS later
  FROM activities AS activity
  JOIN score_people AS who USING (person_id)
  WHERE activity.occurred_at >= make_timestamp($before) AND activity.occurred_at < make_timestamp($ends)
    AND activity.type IN (<<types>>) AND <<not_noise>>
)
SELECT gid, <<kinds>>, list_filter(<<named>>, lambda one: one.now > 0 OR one.before > 0) AS by_conversion
FROM did JOIN momentum_members USING (pid)
GROUP BY gid

-- name: awake
-- The last time that somebody came back: the first activity after so long a silence since the one before. Activities
-- of one bucket of time, as long as such a silence, are always less apart: only between buckets can there be one.
CREATE OR REPLACE TEMP TABLE momentum_awake AS
WITH spells AS (
  SELECT gid, (t + <<shift>>) // <<silence>> AS bucket, min(t) AS first, max(t) AS last
  FROM score_events JOIN momentum_members USING (pid)
  GROUP BY ALL
),
lives AS (
  SELECT gid, first, lag(last) OVER (PARTITION BY gid ORDER BY bucket) AS earlier FROM spells
)
SELECT gid, max(first) AS awake, arg_max(earlier, first) AS silent_since
FROM lives
WHERE first - earlier >= <<silence>>
GROUP BY gid

-- name: unusual
-- More within the last seven days than the habit of the weeks before lets expect: above the mean and three standard
-- deviations. In whole numbers: n > S/w + 3·√(wQ − S²)/w, with S the sum of w weeks' counts and Q that of their squares.
CREATE OR REPLACE TEMP TABLE momentum_unusual AS
WITH counted AS (
  SELECT gid, ($now - t) // <<week>> AS weeks_ago, count(*)::BIGINT AS n
  FROM score_events JOIN momentum_members USING (pid)
  WHERE t > $now - (<<weeks>> + 1) * <<week>>
  GROUP BY ALL
),
habits AS (
  SELECT gid, coalesce(sum(n) FILTER (weeks_ago = 0), 0) AS n, coalesce(sum(n) FILTER (weeks_ago > 0), 0) AS s,
    coalesce(sum(n * n) FILTER (weeks_ago > 0), 0) AS q
  FROM counted
  GROUP BY gid
)
SELECT gid, n::BIGINT AS n, s / <<weeks>> AS usual
FROM habits
WHERE n >= <<least>> AND <<weeks>> * n > s AND (<<weeks>> * n - s) ** 2 > 9 * (<<weeks>> * q - s * s)

-- name: momentum
-- One row for each who did anything in either period, or ever came back, or does more than usual.
CREATE OR REPLACE TEMP TABLE <<table>> AS
WITH groups AS (SELECT DISTINCT gid, id FROM momentum_members),
everybody AS (
  SELECT gid FROM momentum_points UNION SELECT gid FROM momentum_awake UNION SELECT gid FROM momentum_unusual
)
SELECT groups.id AS <<key>>,
  coalesce(earned.points, 0) AS points, coalesce(earned.points_before, 0) AS points_before,
  coalesce(earned.points, 0) - coalesce(earned.points_before, 0) AS change,
  coalesce(earned.people, 0) AS people, coalesce(earned.people_before, 0) AS people_before,
  coalesce(earned.activities, 0) AS activities, coalesce(earned.activities_before, 0) AS activities_before,
  coalesce(seen.visits, 0) AS visits, coalesce(seen.visits_before, 0) AS visits_before,
  <<counted>>,
  coalesce(kinds.by_conversion, []) AS by_conversion,
  make_timestamp(woke.awake) AS awake_at,
  make_timestamp(woke.silent_since) AS silent_since,
  coalesce(woke.awake >= $begins, FALSE) AS awake,
  coalesce(habit.n, 0) AS activities_7d,
  habit.usual AS usual_7d,
  habit.gid IS NOT NULL AS unusual
FROM everybody
JOIN groups USING (gid)
LEFT JOIN momentum_points AS earned USING (gid)
LEFT JOIN momentum_visits AS seen USING (gid)
LEFT JOIN momentum_kinds AS kinds USING (gid)
LEFT JOIN momentum_awake AS woke USING (gid)
LEFT JOIN momentum_unusual AS habit USING (gid)
