-- name: door
CREATE OR REPLACE TEMP TABLE at_the_door AS
WITH told AS (
  SELECT nurtured.person_id, nurtured.nurture, nurtured.why AS nurture_why, tiered.tier, tiered.tier_rule,
    screened.reason AS screened, person.company_id, coalesce(company.match_status, <<matched>>, 'none') AS matched
  FROM nurtured
  JOIN people AS person USING (person_id)
  LEFT JOIN companies AS company ON company.company_id = person.company_id
  LEFT JOIN tiered ON tiered.company_id = person.company_id
  LEFT JOIN screened ON screened.person_id = nurtured.person_id
)
SELECT person_id,
  tier IS NOT NULL AND screened IS NULL AS target,
  CASE
    WHEN screened IS NOT NULL THEN 'screened'
    WHEN tier IS NOT NULL THEN tier_rule
    WHEN matched LIKE '%closed' THEN 'closed'
    WHEN matched = 'candidate' THEN 'candidate'
    WHEN company_id IS NULL THEN 'unknown_company'
    ELSE 'no_tier'
  END AS target_why,
  nurture, nurture_why
FROM told

-- name: intake
CREATE OR REPLACE TEMP TABLE intake AS
SELECT at_the_door.*, action.due AS when_on, action.purpose AS when_why
FROM at_the_door
LEFT JOIN next_actions AS action USING (person_id)
