-- name: nobody
CREATE OR REPLACE TEMP TABLE screened (person_id VARCHAR, reason VARCHAR, rule VARCHAR)

-- name: screened
-- Of the entries that fit a person the first one counts: by the domain of the e-mail or of the company (itself or one
-- above it), by the company's number, or by a condition.
CREATE OR REPLACE TEMP TABLE screened AS
WITH domains(domain, place) AS (VALUES <<domains>>),
numbers(number, place) AS (VALUES <<numbers>>),
addressed AS (
  SELECT person_id, company_id,
    CASE WHEN contains(email, '@') THEN lower(trim(split_part(email, '@', -1))) END AS host
  FROM people
),
employers AS (
  SELECT company_id, lower(trim(domain)) AS host, regexp_replace(corporate_number, '[^0-9]', '', 'g') AS number
  FROM companies AS company
  WHERE NOT (<<not_feeding>>)
),
hosts AS (
  SELECT host FROM addressed WHERE host <> ''
  UNION
  SELECT host FROM employers WHERE host <> ''
),
labelled AS (
  SELECT host, string_split(host, '.') AS labels FROM hosts
),
tails AS (
  SELECT host, array_to_string(labels[first:], '.') AS tail
  FROM (SELECT host, labels, unnest(range(1, len(labels) + 1)) AS first FROM labelled)
),
by_host AS (
  SELECT tails.host, min(domains.place) AS place FROM tails JOIN domains ON domains.domain = tails.tail GROUP BY tails.host
),
by_number AS (
  SELECT number, min(place) AS place FROM numbers GROUP BY number
),
found AS (
  SELECT fit.person_id, least(mail.place, web.place, numbered.place, <<by_condition>>) AS place
  FROM grade_fit AS fit
  JOIN addressed USING (person_id)
  LEFT JOIN employers AS employer ON employer.company_id = addressed.company_id
  LEFT JOIN by_host AS mail ON mail.host = addressed.host
  LEFT JOIN by_host AS web ON web.host = employer.host
  LEFT JOIN by_number AS numbered ON numbered.number = employer.number
)
SELECT person_id, ([<<reasons>>])[place] AS reason, ([<<rules>>])[place] AS rule
FROM found
WHERE place IS NOT NULL
