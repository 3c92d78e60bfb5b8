-- name: converted
-- How often each named event happened, and when; one pass over what people did.
CREATE OR REPLACE TEMP TABLE converted AS
WITH did AS (
  SELECT activity.person_id, activity.occurred_at AS moment, unnest(<<named>>) AS conversion
  FROM activities AS activity
  SEMI JOIN scored ON scored.person_id = activity.person_id
  WHERE activity.occurred_at <= $as_of AND <<not_noise>> AND (<<any>>)
)
SELECT person_id, conversion, coalesce(conversion IN (<<key>>), FALSE) AS is_key, count(*) AS times, <<sums>>,
  min(moment) AS first_at, max(moment) AS last_at,
  least(<<leaves>>) AS next_change_at
FROM did
GROUP BY person_id, conversion

-- name: none
-- The same where the rules name no conversions.
CREATE OR REPLACE TEMP TABLE converted (
  person_id VARCHAR, conversion VARCHAR, is_key BOOLEAN, times BIGINT, last_1d BIGINT, last_7d BIGINT, last_30d BIGINT,
  first_at TIMESTAMP, last_at TIMESTAMP, next_change_at TIMESTAMP
)
