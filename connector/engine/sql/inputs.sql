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
  CASE WHEN closed_at > $as_of THEN 'open' ELSE lower(trim(status)) END AS status,
  CASE WHEN closed_at <= $as_of THEN closed_at END AS closed_at
)
FROM opportunities
WHERE created_at IS NULL OR created_at <= $as_of

-- name: no_deal_past
-- A file tells of each deal once: when it began, and when it was closed.
CREATE OR REPLACE TEMP TABLE deal_past (
  opportunity_id VARCHAR, begins TIMESTAMP, ends TIMESTAMP, status VARCHAR, closed_at TIMESTAMP
)

-- name: crm_words
-- What the file itself says of people, since when where it tells that.
CREATE OR REPLACE TEMP TABLE crm_words AS
SELECT person_id, CASE WHEN crm_status IN ('lost', 'disqualified') THEN closed_at END AS begins, crm_status AS status,
  close_reason AS reason
FROM people
WHERE crm_status IS NOT NULL
  AND NOT (crm_status IN ('lost', 'disqualified') AND coalesce(closed_at > $as_of, FALSE))

-- name: people
-- What the deals of a person say of the person goes before the file's own word, as in the mirror: an open deal, then
-- won, then disqualified, then lost, by the deal that was closed last. What a record was closed as after the time asked
-- about, it was not then.
CREATE OR REPLACE TEMP TABLE people AS
WITH deals AS (
  SELECT person_id, bool_or(status = 'open') AS is_open,
    arg_max(status, (coalesce(closed_at, created_at, TIMESTAMP '-infinity'), opportunity_id))
      FILTER (WHERE status IN ('won', 'lost')) AS last_closed,
    max(coalesce(closed_at, created_at)) FILTER (WHERE status = 'lost') AS lost_at
  FROM opportunities
  WHERE person_id IS NOT NULL
  GROUP BY person_id
)
SELECT person.* EXCLUDE (later) REPLACE (
    CASE
      WHEN deals.is_open THEN 'opportunity'
      WHEN deals.last_closed = 'won' THEN 'won'
      WHEN person.crm_status = 'disqualified' AND NOT later THEN 'disqualified'
      ELSE coalesce(deals.last_closed, CASE WHEN NOT later THEN person.crm_status END)
    END AS crm_status
  ),
  deals.lost_at
FROM (
  SELECT *, crm_status IN ('lost', 'disqualified') AND coalesce(closed_at > $as_of, FALSE) AS later FROM people
) AS person
LEFT JOIN deals USING (person_id)

-- name: tasks
-- The tasks of the file as steps of runs. A run begins anew where a step comes again on a later day: two runs of one
-- cadence are two.
CREATE OR REPLACE TEMP TABLE input_tasks AS
WITH steps AS (
  SELECT task.person_id, task.task_id, task.step, task.channel, task.due, task.outcome, task.status, step.cadence,
    step.place::INTEGER AS place,
    coalesce(task.closed_at <= $as_of, lower(task.status) IN ('completed', 'closed', 'done', '完了'), FALSE) AS is_done,
    coalesce(task.closed_at, task.due::TIMESTAMP) AS closed_at
  FROM tasks AS task
  JOIN input_steps AS step ON step.step = task.step
    AND (step.cadence = task.cadence OR (task.cadence IS NULL AND step.is_first = 'yes'))
  WHERE task.person_id IS NOT NULL AND task.due IS NOT NULL
),
compared AS (
  SELECT *,
    row_number() OVER (PARTITION BY person_id, cadence, step, channel ORDER BY due, task_id) > 1 AS again,
    lag(place) OVER in_order AS place_before, lag(due) OVER in_order AS due_before
  FROM steps
  WINDOW in_order AS (PARTITION BY person_id, cadence ORDER BY due, place, task_id)
),
numbered AS (
  SELECT *,
    count(*) FILTER (WHERE again AND (place < place_before OR (place = place_before AND due > due_before)))
      OVER (PARTITION BY person_id, cadence ORDER BY due, place, task_id) AS number
  FROM compared
)
SELECT *, min(due) OVER (PARTITION BY person_id, cadence, number) AS start_date FROM numbered

-- name: runs
-- Runs of a cadence as their tasks tell them; one is over when the next begins.
CREATE OR REPLACE TEMP TABLE cadence_runs AS
SELECT person_id, cadence, start_date,
  lead(start_date) OVER (PARTITION BY person_id, cadence ORDER BY start_date)::TIMESTAMP AS ended_at,
  NULL::TIMESTAMP AS crossed_at, NULL::VARCHAR AS end_reason
FROM (SELECT DISTINCT person_id, cadence, start_date FROM input_tasks)

-- name: our_tasks
-- The same tasks as the org would have them: without a channel one stands for its whole step.
CREATE OR REPLACE TEMP TABLE our_tasks AS
SELECT task.person_id, task.cadence, task.start_date, task.step, task.channel, task.task_id, task.is_done,
  NOT task.is_done AS is_open,
  CASE WHEN task.is_done THEN task.closed_at END AS done_at, task.outcome, task.status,
  run.ended_at IS NULL AS is_open_run
FROM input_tasks AS task
JOIN cadence_runs AS run
  ON run.person_id = task.person_id AND run.cadence = task.cadence AND run.start_date = task.start_date

-- name: no_fiscal_calendar
-- Files do not tell when a fiscal year begins: the rules do.
CREATE OR REPLACE TEMP TABLE fiscal_calendar (first_month INTEGER)

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

-- name: unknown_statuses
-- Words of deals that are none of the three; without a word a deal says nothing either.
SELECT coalesce(nullif(trim(status), ''), '') AS word, count(*) AS times
FROM opportunities
WHERE coalesce(status NOT IN ('open', 'won', 'lost'), TRUE)
GROUP BY word ORDER BY times DESC, word

-- name: unknown_reasons
-- Words for why deals were lost that no rule knows.
SELECT trim(loss_reason) AS word, count(*) AS times
FROM opportunities
WHERE status = 'lost' AND trim(loss_reason) <> '' AND lower(trim(loss_reason)) NOT IN (<<known>>)
GROUP BY word ORDER BY times DESC, word
