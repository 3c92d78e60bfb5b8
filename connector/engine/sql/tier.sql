-- name: tiered
-- The tier of each company and the rule that gave it. A doubtful match and a closed company have none; the target
-- list goes before the conditions, and a condition on something unknown does not hold.
CREATE OR REPLACE TEMP TABLE tiered AS
SELECT company_id, struct_extract(given, 'tier') AS tier, struct_extract(given, 'rule') AS tier_rule
FROM (
  SELECT company.company_id,
    CASE
      WHEN <<not_feeding>> THEN {'tier': NULL::VARCHAR, 'rule': NULL::VARCHAR}
      <<targets>>
      <<tiers>>
    END AS given
  FROM companies AS company
)
