-- name: counted
-- What counts as theirs: of the listed types, up to the time asked about, and no machine's; of the recycled only what
-- they did since (RC-3).
CREATE OR REPLACE TEMP TABLE counted_activities AS
SELECT activity.person_id, activity.occurred_at, <<columns>>
FROM <<acts>> AS activity
LEFT JOIN (SELECT person_id, recycled_at FROM recycling WHERE recycled_at IS NOT NULL) AS again USING (person_id)
WHERE activity.occurred_at <= $as_of AND coalesce(activity.occurred_at > again.recycled_at, TRUE)
  AND <<not_noise>> AND (<<any>>)

-- name: with_silence
-- What counts as theirs, each with the time of silence before it, the registration counting as the first sign of life.
-- What was done at one instant has one silence before it. Only those are looked at of whom somebody asks.
(
  SELECT activity.*, NULL::INTERVAL AS silence
  FROM activities AS activity
  WHERE activity.person_id NOT IN (<<whose>>)
  UNION ALL
  SELECT activity.*, activity.occurred_at - coalesce(max(activity.occurred_at) OVER (
      PARTITION BY activity.person_id ORDER BY activity.occurred_at GROUPS BETWEEN 1 PRECEDING AND 1 PRECEDING
    ), person.created_at) AS silence
  FROM activities AS activity
  JOIN people AS person USING (person_id)
  WHERE activity.person_id IN (<<whose>>) AND activity.type IN (<<types>>) AND <<not_noise>>
)

-- name: heard_ever
-- The answers by the time asked about; of several at one moment the first by its text, so that rows have no order.
CREATE OR REPLACE TEMP TABLE heard_ever AS
SELECT *
FROM hearing
WHERE coalesce("at" <= $as_of, TRUE) AND trim(value) <> ''
QUALIFY row_number() OVER (PARTITION BY person_id, item, "at" ORDER BY value, said_by, via) = 1

-- name: heard
-- The latest answer to each item; one heard nobody knows when is older than any other.
CREATE OR REPLACE TEMP TABLE heard AS
SELECT *
FROM heard_ever
QUALIFY row_number() OVER (PARTITION BY person_id, item ORDER BY "at" DESC NULLS LAST) = 1

-- name: items
-- Which items were heard, and which answers are acceptable: soft statements never are (LC-3).
CREATE OR REPLACE TEMP TABLE heard_items AS
SELECT person_id,
  list(item ORDER BY item) AS heard,
  coalesce(list(item ORDER BY item) FILTER (WHERE <<acceptable>>), []) AS acceptable
FROM heard AS hearing
GROUP BY person_id

-- name: claims
-- Which claims hold of whom. `ever`: something like it was done often enough, however long ago.
CREATE OR REPLACE TEMP TABLE claimed AS
WITH did AS (
  SELECT person_id <<did>> FROM counted_activities GROUP BY person_id
),
answers AS (
  SELECT person_id <<answers>> FROM heard AS hearing
  LEFT JOIN heard_items USING (person_id) GROUP BY person_id
),
deals AS (
  SELECT person_id <<deals>> FROM opportunities AS deal WHERE person_id IS NOT NULL GROUP BY person_id
)
SELECT scored.person_id <<claims>>
FROM scored
JOIN grade_fit AS fit USING (person_id)
JOIN graded USING (person_id)
LEFT JOIN did USING (person_id)
LEFT JOIN answers USING (person_id)
LEFT JOIN deals USING (person_id)

-- name: placed
-- The furthest buying stage that content seen has placed a person at, and when the first such content was seen.
CREATE OR REPLACE TEMP TABLE placed AS
WITH seen AS (
  SELECT activity.person_id, stage.stage, stage.rank::INTEGER AS rank, min(activity.occurred_at) AS since
  FROM activities AS activity
  JOIN content_stages AS stage USING (content)
  WHERE activity.occurred_at <= $as_of AND activity.type IN (<<types>>) AND <<not_noise>> AND <<lately>>
  GROUP BY ALL
)
SELECT person_id, arg_max(stage, rank) AS buying_stage, arg_max(since, rank) AS since FROM seen GROUP BY person_id

-- name: qualified
-- One row a person: what is required beside the score, MQL, SQL, and how much of the toss-up is there. Who was
-- screened out is none of them.
CREATE OR REPLACE TEMP TABLE qualified AS
WITH facts AS (
  SELECT claim.person_id,
    <<open>> AS open,
    CASE WHEN scored.recycled_at IS NOT NULL THEN <<approach>> END AS approach,
    since.since AS open_since,
    list_filter([<<lacking>>], lambda one: one IS NOT NULL) AS hot_lacks,
    screened.person_id IS NOT NULL AS is_screened,
    coalesce(person.source IN (<<sources>>), FALSE) AND NOT is_screened AS from_marketing,
    list_filter([<<mql>>], lambda one: one IS NOT NULL) AS mql_rules,
    coalesce(items.heard, []) AS heard,
    coalesce(items.acceptable, []) AS acceptable,
    list_filter([<<criteria>>], lambda one: one IS NOT NULL) AS met,
    <<required>> AS required,
    <<needed>> AS needed,
    placed.buying_stage
  FROM claimed AS claim
  JOIN people AS person USING (person_id)
  JOIN scored USING (person_id)
  JOIN grade_fit AS fit USING (person_id)
  LEFT JOIN heard_items AS items USING (person_id)
  LEFT JOIN placed USING (person_id)
  LEFT JOIN open_since AS since USING (person_id)
  LEFT JOIN screened USING (person_id)
)
SELECT person_id, open, CASE WHEN open THEN make_timestamp(open_since) END AS open_since, hot_lacks, heard, acceptable, buying_stage,
  from_marketing AND len(mql_rules) > 0 AS is_mql,
  CASE WHEN from_marketing THEN mql_rules ELSE [] END AS mql_rules,
  list_has_all(acceptable, <<bant>>) AS bant_complete,
  from_marketing AND len(mql_rules) > 0 AND list_has_all(acceptable, <<bant>>) AND len(<<bant>>) > 0 AS is_sql,
  list_filter(<<bant>>, lambda one: NOT list_contains(acceptable, one)) AS bant_missing,
  met AS toss_up_met,
  list_filter(<<all_criteria>>, lambda one: NOT list_contains(met, one)) AS toss_up_missing,
  required AS toss_up_required,
  needed AS toss_up_needed,
  from_marketing,
  len(<<all_criteria>>) > 0 AND len(met) >= required AND list_has_all(met, needed) AND NOT is_screened AS toss_up_ready,
  approach
FROM facts
