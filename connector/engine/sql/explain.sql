-- name: wanted
-- The one person who is explained.
CREATE OR REPLACE TEMP TABLE explain_wanted AS SELECT $person_id AS person_id

-- name: source_lines
-- Points for how a person came in.
SELECT who.pid, who.created AS t, <<points>> AS points, <<rule>> AS rule,
  NULL AS activity_id, person.source AS type, NULL AS content, NULL AS url, NULL AS uncut
FROM score_people AS who JOIN people AS person USING (person_id)
WHERE <<when>>

-- name: event_lines
-- Points that activities earned by themselves.
SELECT pid, t, <<points>>, <<rule>>, activity_id, type, key, url, NULL
FROM score_events
WHERE met_<<number>>

-- name: paid_lines
-- Points of single activities that a cap holds, with what the rule would have given.
SELECT award.pid, award.t, award.points, award.rule, event.activity_id, event.type, event.key, event.url, award.uncut
FROM score_awards AS award
JOIN score_events AS event ON event.pid = award.pid AND event.t = award.t AND event.activity_id = award.activity_id

-- name: award_lines
-- Points that several activities earned together, each shown at one activity of that instant.
SELECT award.pid, award.t, any_value(award.points), award.rule,
  min(event.activity_id), arg_min(event.type, event.activity_id), arg_min(event.key, event.activity_id),
  arg_min(event.url, event.activity_id), any_value(award.uncut)
FROM score_awards AS award
JOIN score_events AS event ON event.pid = award.pid AND event.t = award.t AND <<matches>>
WHERE award.activity_id IS NULL
GROUP BY award.pid, award.t, award.rule, award.about

-- name: silent_lines
-- What each month of silence took, month by month.
SELECT pid, t, points, <<rule>>, NULL, NULL, NULL, NULL, NULL
FROM (
  WITH RECURSIVE months AS (
    SELECT knot.pid, knot.i, 1::BIGINT AS n, knot.silence, fold.before + knot.points AS score, knot.clock,
      <<past>> AS past
    FROM score_knots AS knot JOIN score_fold AS fold USING (pid, i)
    WHERE knot.silence > 0
    UNION ALL
    SELECT pid, i, n + 1, silence, score + <<band>>, clock, past
    FROM months
    WHERE n < silence
  )
  SELECT pid, <<ends>> AS t, <<band>> AS points FROM months
)

-- name: floor_line
-- What lifts the score to the floor when it is read.
SELECT pid, <<now>>, <<floor>> - after, <<rule>>, NULL, NULL, NULL, NULL, NULL
FROM score_fold
WHERE is_last AND after < <<floor>>

-- name: ledger
-- Every change of the score, line by line with the running total; at one instant a penalty comes first, and the floor
-- is last of all.
CREATE OR REPLACE TEMP TABLE ledger AS
WITH lines(pid, t, points, rule, activity_id, type, content, url, uncut) AS (
  <<lines>>
),
ordered AS (
  SELECT who.person_id, lines.*,
    row_number() OVER each AS line,
    sum(lines.points) OVER each AS running_total
  FROM lines JOIN score_people AS who USING (pid)
  WHERE lines.points <> 0 OR lines.uncut <> 0
  WINDOW each AS (
    PARTITION BY lines.pid
    ORDER BY lines.rule = <<floor>>, lines.t, lines.rule <> <<silent>>, lines.activity_id NULLS FIRST, lines.rule
    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
  )
)
SELECT person_id, line, make_timestamp(t) AS moment, rule, points::BIGINT AS points,
  running_total::BIGINT AS running_total, activity_id, type, content, url,
  CASE WHEN uncut <> points THEN uncut END::BIGINT AS uncut
FROM ordered

-- name: one_ledger
SELECT moment, rule, points, running_total, activity_id, type, content, url, uncut
FROM ledger
WHERE person_id = $person_id
ORDER BY line

-- name: reasons
-- The ledger by rule: total points and how often. The totals of a person add up to the score.
CREATE OR REPLACE TEMP TABLE reasons AS
SELECT person_id, rule, sum(points)::BIGINT AS points, count(*) AS times
FROM ledger
WHERE points <> 0
GROUP BY person_id, rule

-- name: fit
-- What the grade of one person was made of.
SELECT graded.grade, graded.thirds, graded.profile, graded.met, graded.missed, graded.unknown,
  fit.tier, tiered.tier_rule
FROM graded
JOIN grade_fit AS fit USING (person_id)
LEFT JOIN tiered ON tiered.company_id = fit.company_id
WHERE graded.person_id = $person_id

-- name: evidence
-- The values that the criteria look at.
SELECT <<columns>> FROM grade_fit AS fit WHERE fit.person_id = $person_id
