-- name: pages
-- The distinct addresses that nobody has said the content of.
SELECT DISTINCT url FROM activities WHERE url IS NOT NULL AND (content IS NULL OR theme IS NULL) ORDER BY url

-- name: named
-- Content, theme and product from the catalogue, where the file says nothing of them: by the content's id, else by the address.
CREATE OR REPLACE TEMP TABLE activities AS
SELECT activity.* REPLACE (
  coalesce(activity.content, page.content) AS content,
  coalesce(activity.theme, item.theme, page.theme) AS theme,
  coalesce(activity.product, item.product, page.product) AS product
)
FROM activities AS activity
LEFT JOIN input_items AS item ON item.content = activity.content
LEFT JOIN input_pages AS page ON page.url = activity.url AND activity.content IS NULL

-- name: companies
-- A company of the file is the company: whoever wrote the file has matched it.
CREATE OR REPLACE TEMP TABLE companies AS
SELECT * REPLACE (coalesce(match_status, 'matched') AS match_status) FROM companies

-- name: opportunities
-- Deals as they stood at the time asked about; what was closed later was open then.
CREATE OR REPLACE TEMP TABLE opportunities AS
SELECT * REPLACE (
  CASE WHEN closed_at > $as_of THEN 'open' ELSE lower(status) END AS status,
  CASE WHEN closed_at <= $as_of THEN closed_at END AS closed_at
)
FROM opportunities
WHERE created_at IS NULL OR created_at <= $as_of

-- name: people
-- What the deals of a person say of the person goes before the file's own word, as in the mirror: an open deal, then
-- won, then disqualified, then lost.
CREATE OR REPLACE TEMP TABLE people AS
WITH deals AS (
  SELECT person_id, bool_or(status = 'open') AS is_open,
    arg_max(status, (coalesce(closed_at, created_at), opportunity_id)) FILTER (WHERE status <> 'open') AS last_closed,
    max(coalesce(closed_at, created_at)) FILTER (WHERE status = 'lost') AS lost_at
  FROM opportunities
  WHERE person_id IS NOT NULL
  GROUP BY person_id
)
SELECT person.* REPLACE (
    CASE
      WHEN deals.is_open THEN 'opportunity'
      WHEN deals.last_closed = 'won' THEN 'won'
      WHEN person.crm_status = 'disqualified' THEN 'disqualified'
      ELSE coalesce(deals.last_closed, person.crm_status)
    END AS crm_status
  ),
  deals.lost_at
FROM people AS person
LEFT JOIN deals USING (person_id)

-- name: runs
-- Runs of a cadence as their tasks tell them. A run is open while one of its tasks is, or its last step is to come.
CREATE OR REPLACE TEMP TABLE cadence_runs AS
WITH steps AS (
  SELECT task.person_id, step.cadence, task.due, step.is_last = 'yes' AS is_last,
    coalesce(task.closed_at <= $as_of, lower(task.status) IN ('completed', 'closed', 'done', '完了')) AS is_closed,
    coalesce(task.closed_at, task.due::TIMESTAMP) AS closed_at
  FROM tasks AS task
  JOIN input_steps AS step USING (step)
  WHERE task.person_id IS NOT NULL AND task.due IS NOT NULL
)
SELECT person_id, cadence, min(due) AS start_date,
  CASE WHEN bool_and(is_closed) AND bool_or(is_last) THEN max(closed_at) END AS ended_at
FROM steps
GROUP BY person_id, cadence

-- name: finished
-- Steps that somebody has ticked off.
CREATE OR REPLACE TEMP TABLE finished_tasks AS
SELECT person_id, step
FROM tasks
WHERE person_id IS NOT NULL AND step IS NOT NULL
  AND coalesce(closed_at <= $as_of, lower(status) IN ('completed', 'closed', 'done', '完了'))

-- name: no_lists
-- Files bring no lists of events: their people and what they did stand in the files themselves.
CREATE OR REPLACE TEMP TABLE list_follow_ups (
  person_id VARCHAR, follow_up_until DATE, moments TIMESTAMP[]
)

-- name: strangers
-- Rows of other files that are about nobody.
SELECT count(*) FROM <<table>> WHERE person_id IS NOT NULL AND person_id NOT IN (SELECT person_id FROM people)

-- name: unknown_types
-- Words that are no type of activity.
SELECT type, count(*) FROM activities WHERE type NOT IN (<<types>>) GROUP BY type ORDER BY count(*) DESC, type
