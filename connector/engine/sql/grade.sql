-- name: fit
-- A person with the firmographics and the tier of the company; what the company does not say, the person's own
-- record says. A doubtful match brings nothing. Attributes of people that an admin gave a company's name are left out.
CREATE OR REPLACE TEMP TABLE grade_fit AS
WITH own AS (
  SELECT COLUMNS(lambda word: word NOT IN ('revenue_jpy', 'capital_jpy', 'listed', 'target', 'tier')) FROM people
)
SELECT person.* EXCLUDE (industry, employees, prefecture),
  coalesce(company.industry, person.industry) AS industry,
  coalesce(company.employees, person.employees) AS employees,
  coalesce(company.prefecture, person.prefecture) AS prefecture,
  company.revenue_jpy, company.capital_jpy, company.listed, company.target,
  tiered.tier
FROM own AS person
LEFT JOIN companies AS company ON company.company_id = person.company_id AND NOT (<<not_feeding>>)
LEFT JOIN tiered ON tiered.company_id = company.company_id

-- name: graded
-- Thirds of a letter from the start, criterion by criterion of the person's profile: met, missed, or unknown where
-- the data is missing. Then the bounds of the tier, then the ends of the ladder.
CREATE OR REPLACE TEMP TABLE graded AS
WITH profiled AS (
  SELECT fit.person_id, fit.tier, <<profile>> AS profile, [<<answers>>] AS answers
  FROM grade_fit AS fit
),
summed AS (
  SELECT person_id, tier, profile,
    list_filter(answers, lambda one: one.profile = profile) AS own
  FROM profiled
),
counted AS (
  SELECT person_id, tier, profile,
    coalesce(list_sum(list_transform(own, lambda one: one.thirds)), 0)::BIGINT AS thirds,
    list_transform(list_filter(own, lambda one: one.met), lambda one: one.criterion) AS met,
    list_transform(list_filter(own, lambda one: NOT one.met), lambda one: one.criterion) AS missed,
    list_transform(list_filter(own, lambda one: one.met IS NULL), lambda one: one.criterion) AS unknown
  FROM summed
)
SELECT person_id,
  ([<<letters>>])[1 + greatest(0, least(<<top>>, <<cap>>, greatest(<<floor>>, <<start>> + thirds)))] AS grade,
  thirds, profile, met, missed, unknown
FROM counted

-- name: attributed
-- Points for who a person and the company are: what is unknown gives none.
CREATE OR REPLACE TEMP TABLE attributed AS
SELECT fit.person_id, (<<points>>)::BIGINT AS score_attribute FROM grade_fit AS fit
