-- name: did
-- An activity claim holds from the activity that completes the count until the first of those counted leaves the
-- window.
SELECT person_id, '<<claim>>' AS claim, t AS begins, first_of_count + <<window>> AS ends
FROM (
  SELECT person_id, epoch_us(occurred_at) AS t,
    lag(epoch_us(occurred_at), <<count>> - 1) OVER (PARTITION BY person_id ORDER BY occurred_at) AS first_of_count
  FROM counted_activities
  WHERE <<met>>
)
WHERE first_of_count + <<window>> > t

-- name: answered
-- A claim about answers holds from an answer until the next one to the same item, or until it leaves the window.
-- What was heard nobody knows when is older than any other answer, and in no window.
SELECT person_id, '<<claim>>' AS claim, begins, least(ends, begins + <<window>>) AS ends
FROM (
  SELECT hearing.*,
    coalesce(epoch_us(hearing."at"), -<<for_ever>>) AS begins,
    coalesce(lead(epoch_us(hearing."at")) OVER (PARTITION BY person_id, item ORDER BY "at" NULLS FIRST), <<for_ever>>)
      AS ends
  FROM heard_ever AS hearing
) AS hearing
WHERE <<met>>

-- name: earned
-- The points of a window change where some are earned and where they leave it; before the first there are none.
SELECT person_id, '<<claim>>' AS claim, t AS begins, coalesce(until, <<for_ever>>) AS ends
FROM (
  SELECT person_id, t, lead(t) OVER life AS until, sum(sum(points)) OVER life AS points
  FROM (
    SELECT person_id, t, points FROM earned_points
    UNION ALL
    SELECT person_id, t + <<window>>, -points FROM earned_points
    UNION ALL
    SELECT person_id, -<<for_ever>>, 0 FROM scored
  )
  GROUP BY person_id, t
  WINDOW life AS (PARTITION BY person_id ORDER BY t)
)
WHERE <<met>>

-- name: undated
-- What holds now and nobody knows since when.
SELECT person_id, '<<claim>>' AS claim, -<<for_ever>> AS begins, <<for_ever>> AS ends FROM claimed WHERE <<claim>>

-- name: open_since
-- Any one claim of a group is enough, so that their spans are joined where they touch; what is required has been
-- there since the last of the groups began.
CREATE OR REPLACE TEMP TABLE open_since AS
WITH spans AS (
  SELECT held.person_id, grouped.number, held.begins, held.ends
  FROM (
<<spans>>
  ) AS held
  JOIN (VALUES <<groups>>) AS grouped(number, claim) USING (claim)
  -- What will leave a window later can open a span that is still to come.
  WHERE held.begins <= $now
),
chained AS (
  SELECT *, coalesce(begins > max(ends) OVER earlier, TRUE) AS anew
  FROM spans
  WINDOW earlier AS (
    PARTITION BY person_id, number ORDER BY begins ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
  )
),
sinces AS (
  SELECT person_id, max(begins) FILTER (anew) AS since
  FROM chained
  GROUP BY person_id, number
  HAVING max(ends) > $now
)
SELECT person_id, max(since) AS since FROM sinces WHERE since > -<<for_ever>> GROUP BY person_id

-- name: always
CREATE OR REPLACE TEMP TABLE open_since AS SELECT '' AS person_id, 0::BIGINT AS since WHERE FALSE
