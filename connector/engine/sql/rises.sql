-- name: earned
-- What behaviour has earned lately, and when: small beside the lives it is taken from.
CREATE OR REPLACE TEMP TABLE risen_points AS
SELECT who.person_id, earned.t, sum(earned.points)::BIGINT AS points
FROM (
  SELECT pid, t, points FROM score_events WHERE points <> 0 AND t > $begin
  UNION ALL
  SELECT pid, t, points FROM score_awards WHERE points <> 0 AND t > $begin
) AS earned
JOIN score_people AS who USING (pid)
GROUP BY ALL

-- name: risen
-- Who has earned enough since the stage was set, since somebody of ours last turned to the person, and lately: the first
-- such rise in the order of the file, and the moment that completed it.
CREATE OR REPLACE TEMP TABLE risen AS
WITH wanted AS (
  SELECT times.person_id, rule.*, greatest(epoch_us(times.since), $now - rule.span) AS begin
  FROM stage_times AS times
  JOIN (VALUES <<rules>>) AS rule(rise, place, stage, points, span, owner) ON rule.stage = times.stage
  WHERE times.since IS NOT NULL
),
spoken AS (
  SELECT person_id, max(epoch_us(occurred_at)) AS t
  FROM activities SEMI JOIN wanted USING (person_id)
  WHERE epoch_us(occurred_at) <= $now
    AND (type IN ('call', 'call_attempt', 'meeting') OR (type = 'email_sent' AND content IS NULL))
  GROUP BY person_id
),
counted AS (
  SELECT wanted.person_id, wanted.rise, wanted.place, wanted.owner, wanted.points AS enough, wanted.span, earned.t,
    sum(earned.points) OVER life AS so_far, sum(earned.points) OVER whole AS points
  FROM wanted
  LEFT JOIN spoken USING (person_id)
  JOIN risen_points AS earned
    ON earned.person_id = wanted.person_id AND earned.t > greatest(wanted.begin, spoken.t) AND earned.t <= $now
  WINDOW whole AS (PARTITION BY wanted.person_id, wanted.rise), life AS (whole ORDER BY earned.t)
),
each AS (
  SELECT person_id, rise, place, any_value(owner) AS owner, any_value(points) AS points,
    min(t) FILTER (so_far >= enough) AS reached, any_value(points >= enough) AS met, min(t + span) AS turns
  FROM counted
  GROUP BY person_id, rise, place
)
SELECT person_id, arg_min(rise, place) FILTER (met) AS rise, arg_min(points, place) FILTER (met) AS points,
  make_timestamp(arg_min(reached, place) FILTER (met)) AS reached_at, arg_min(owner, place) FILTER (met) AS owner,
  make_timestamp(min(turns)) AS next_change_at
FROM each
GROUP BY person_id

-- name: nobody
CREATE OR REPLACE TEMP TABLE risen AS
SELECT '' AS person_id, '' AS rise, 0::BIGINT AS points, NULL::TIMESTAMP AS reached_at, '' AS owner,
  NULL::TIMESTAMP AS next_change_at
WHERE FALSE
