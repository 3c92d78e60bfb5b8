-- name: acts
-- What the person did by the time asked about, of the types that count and without a machine's doing; of somebody
-- recycled what was done since, for nothing else counts (RC-3).
CREATE OR REPLACE TEMP TABLE evidence_acts AS
SELECT activity.*
FROM activities AS activity
WHERE activity.person_id = $person AND activity.occurred_at <= $as_of AND activity.type IN (<<types>>)
  AND <<not_noise>>
  AND activity.occurred_at > coalesce((SELECT recycled_at FROM scored WHERE person_id = $person), TIMESTAMP '-infinity')

-- name: claimed
-- Which claims hold of the person.
SELECT <<columns>> FROM claimed WHERE person_id = $person

-- name: activity
-- The latest activities of the kind that a claim asks for; `counts`: within its window.
SELECT occurred_at AS "at", activity_id, type, content, regexp_replace(url, '[?#].*$', '') AS url,
  <<in_window>> AS counts
FROM evidence_acts AS activity
WHERE <<met>>
ORDER BY occurred_at DESC, activity_id
LIMIT <<most>>

-- name: hearing
-- The answers that a claim asks for; `counts`: one that is acceptable and within its window.
SELECT hearing."at" AS "at", hearing.item, hearing.value, hearing.said_by, hearing.via, hearing.heard_by,
  list_contains(items.acceptable, hearing.item) AND <<in_window>> AS counts
FROM heard AS hearing
JOIN heard_items AS items USING (person_id)
WHERE hearing.person_id = $person AND <<met>>
ORDER BY hearing.item

-- name: deal
-- The deals that a claim asks for.
SELECT deal.opportunity_id, deal.status, deal.product, deal.amount, deal.created_at, deal.closed_at
FROM opportunities AS deal
WHERE deal.person_id = $person AND <<met>>
ORDER BY deal.created_at DESC, deal.opportunity_id
LIMIT <<most>>

-- name: attributes
-- The values that a claim looks at.
SELECT <<columns>> FROM grade_fit AS fit WHERE fit.person_id = $person

-- name: figures
-- The figures that claims look at.
SELECT <<columns>> FROM scored JOIN graded USING (person_id) WHERE scored.person_id = $person

-- name: account
-- The account that claims look at.
SELECT account.score, account.people, account.active_people, account.hot
FROM account_scored AS account
JOIN people AS person USING (company_id)
WHERE person.person_id = $person

-- name: items
-- The latest answers to all items, and whether they count.
SELECT heard.item, heard.value, heard.said_by, heard.via, heard."at", heard.heard_by,
  list_contains(items.acceptable, heard.item) AS acceptable
FROM heard
JOIN heard_items AS items USING (person_id)
WHERE heard.person_id = $person
ORDER BY heard.item

-- name: verdict
-- What was decided of the person beside the stage.
SELECT is_mql, mql_rules, bant_complete, is_sql, toss_up_ready, toss_up_met, toss_up_missing, toss_up_required,
  hot_lacks, buying_stage
FROM qualified
WHERE person_id = $person
