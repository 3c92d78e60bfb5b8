-- name: past
-- Everybody else whose last deal is closed, with what makes people alike.
CREATE OR REPLACE TEMP TABLE similar_past AS
WITH deals AS (
  SELECT person_id, arg_max(status, (closed_at, opportunity_id)) AS outcome,
    arg_max(product, (closed_at, opportunity_id)) AS product, max(closed_at) AS closed_at,
    arg_max(coalesce(created_at, closed_at), (closed_at, opportunity_id)) AS began_at
  FROM opportunities
  WHERE person_id IS NOT NULL AND person_id <> $person_id
  GROUP BY person_id
  HAVING bool_and(status IN ('won', 'lost'))
)
SELECT deals.person_id, deals.outcome, deals.closed_at, deals.began_at, personified.persona, fit.tier, fit.industry,
  CASE
    WHEN fit.employees < 50 THEN 'below 50'
    WHEN fit.employees < 300 THEN '50 to 299'
    WHEN fit.employees < 1000 THEN '300 to 999'
    WHEN fit.employees >= 1000 THEN '1000 and more'
  END AS size,
  fit.source, coalesce(deals.product, interested.product) AS product
FROM deals
JOIN grade_fit AS fit USING (person_id)
LEFT JOIN personified USING (person_id)
LEFT JOIN interested USING (person_id)

-- name: mine
-- The same of the person asked about; the product is that of an open deal, else that of the interest.
CREATE OR REPLACE TEMP TABLE similar_mine AS
SELECT fit.person_id, personified.persona, fit.tier, fit.industry,
  CASE
    WHEN fit.employees < 50 THEN 'below 50'
    WHEN fit.employees < 300 THEN '50 to 299'
    WHEN fit.employees < 1000 THEN '300 to 999'
    WHEN fit.employees >= 1000 THEN '1000 and more'
  END AS size,
  fit.source, coalesce(
    (SELECT arg_max(product, (created_at, opportunity_id)) FROM opportunities AS deal
     WHERE deal.person_id = fit.person_id AND deal.status = 'open'),
    interested.product
  ) AS product
FROM grade_fit AS fit
LEFT JOIN personified USING (person_id)
LEFT JOIN interested USING (person_id)
WHERE fit.person_id = $person_id

-- name: traits
SELECT <<columns>> FROM similar_mine

-- name: nearest
-- Those of whom at least half of what is known of the person is the same, the likest and then the latest first.
CREATE OR REPLACE TEMP TABLE similar_nearest AS
SELECT *
FROM (
  SELECT past.person_id, past.outcome, past.closed_at, past.began_at, <<known>> AS known,
    list_filter([<<alike>>], lambda one: one IS NOT NULL) AS alike,
    list_filter([<<different>>], lambda one: one IS NOT NULL) AS different
  FROM similar_past AS past
  CROSS JOIN similar_mine AS mine
)
WHERE len(alike) > 0 AND 2 * len(alike) >= known
ORDER BY len(alike) DESC, closed_at DESC NULLS LAST, person_id
LIMIT <<at_most>>

-- name: leads
SELECT person_id, outcome, closed_at, alike, different
FROM similar_nearest
ORDER BY len(alike) DESC, closed_at DESC NULLS LAST, person_id

-- name: totals
SELECT count(*) FILTER (outcome = 'won'), count(*) FILTER (outcome = 'lost') FROM similar_past

-- name: preceding
-- What so many of those who were won did before their deal began, and relatively more of them than of those who were lost.
WITH acts AS (
  SELECT who.person_id, who.outcome, coalesce(stage.content, activity.type) AS what
  FROM similar_nearest AS who
  JOIN activities AS activity USING (person_id)
  LEFT JOIN content_stages AS stage ON stage.content = activity.content
  WHERE activity.occurred_at <= least(coalesce(who.began_at, $as_of::TIMESTAMP), $as_of::TIMESTAMP)
    AND activity.occurred_at > coalesce(who.began_at, $as_of::TIMESTAMP) - to_days(<<days>>)
    AND activity.type IN (<<types>>) AND <<not_noise>>
),
ends AS (
  SELECT count(*) FILTER (outcome = 'won') AS won, count(*) FILTER (outcome = 'lost') AS lost FROM similar_nearest
),
did AS (
  SELECT what, count(DISTINCT person_id) FILTER (outcome = 'won') AS won,
    count(DISTINCT person_id) FILTER (outcome = 'lost') AS lost
  FROM acts
  GROUP BY what
)
SELECT did.what, did.won, did.lost,
  EXISTS (
    SELECT 1 FROM activities AS mine
    WHERE mine.person_id = $person_id AND mine.occurred_at <= $as_of::TIMESTAMP
      AND did.what IN (mine.content, mine.type)
  ) AS done
FROM did CROSS JOIN ends
WHERE did.won >= <<least>> AND did.won * greatest(ends.lost, 1) > did.lost * ends.won
ORDER BY did.won * greatest(ends.lost, 1) - did.lost * ends.won DESC, did.what
LIMIT <<most>>
