-- name: accounts
-- One row a company of which somebody is known.
CREATE OR REPLACE TEMP TABLE account_scored AS
WITH members AS (
  SELECT person.company_id, person.person_id, person.department, person.title, <<role>> AS role,
    -- Whose closed lead was recycled is nurtured again, and counts by what was done since.
    (person.crm_status IS DISTINCT FROM 'disqualified' OR scored.recycled_at IS NOT NULL)
      AND screened.person_id IS NULL AS qualified,
    least(greatest(scored.score_deciding, 0) * <<percent>> // 100, <<cap>>) AS points,
    qualified AND coalesce(scored.last_activity_at > $as_of::TIMESTAMP - to_days(<<active_days>>), FALSE) AS active,
    least(CASE WHEN active THEN scored.last_activity_at + to_days(<<active_days>>) END, scored.next_change_at)
      AS next_change_at
  FROM people AS person
  JOIN scored USING (person_id)
  LEFT JOIN screened USING (person_id)
  WHERE person.company_id IS NOT NULL
),
placed AS (
  SELECT *, row_number() OVER (PARTITION BY company_id ORDER BY active DESC, points DESC, person_id) AS place
  FROM members
),
played AS (
  SELECT company_id, list({'id': role, 'people': n} ORDER BY role) AS roles, list(role) AS ids
  FROM (SELECT company_id, role, count(*) AS n FROM members WHERE active AND role IS NOT NULL GROUP BY ALL)
  GROUP BY company_id
),
sums AS (
  SELECT company_id, count(*) AS people, count(*) FILTER (active) AS active_people,
    coalesce(list(DISTINCT trim(department)) FILTER (active AND trim(department) <> ''), []) AS departments,
    coalesce(list(DISTINCT trim(title)) FILTER (active AND trim(title) <> ''), []) AS titles,
    coalesce(sum(points) FILTER (qualified AND <<counts>>), 0)::BIGINT AS score,
    min(next_change_at) AS next_change_at
  FROM placed
  GROUP BY company_id
),
judged AS (
  SELECT sums.*, coalesce(played.roles, []) AS roles,
    list_filter([
      CASE WHEN score < <<hot_score>> THEN 'score' END,
      CASE WHEN active_people < <<hot_people>> THEN 'people' END,
      <<lacking_roles>>
    ], lambda one: one IS NOT NULL) AS hot_lacks
  FROM sums
  LEFT JOIN played USING (company_id)
)
SELECT company_id, people, active_people, list_sort(departments) AS departments, list_sort(titles) AS titles, roles, score,
  len(hot_lacks) = 0 AS hot, hot_lacks, next_change_at
FROM judged
