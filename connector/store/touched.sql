-- name: nodes
-- Every record that can be part of a person, by a short name, with its address.
CREATE OR REPLACE TEMP TABLE touched_nodes AS
SELECT 'L' || left(id, 15) AS node, 'salesforce.Lead:' || id AS record_key, email FROM seen_salesforce_lead
UNION ALL
SELECT 'C' || left(id, 15), 'salesforce.Contact:' || id, email FROM seen_salesforce_contact
UNION ALL
SELECT 'P' || _unit || ':' || id, 'account_engagement.prospects:' || _unit || ':' || id, email
FROM seen_account_engagement_prospects
UNION ALL
SELECT DISTINCT 'M' || member_id, 'list:' || member_id, email FROM seen_list_member

-- name: unusual
SELECT DISTINCT email FROM touched_nodes WHERE regexp_matches(email, '[^\x21-\x7e]')

-- name: addressed
CREATE OR REPLACE TEMP TABLE touched_nodes AS
SELECT node, record_key, coalesce(folded.folded, lower(one.email)) AS address
FROM touched_nodes AS one
LEFT JOIN touched_folded AS folded ON folded.email = one.email

-- name: links
-- Which records name which others.
CREATE OR REPLACE TEMP TABLE touched_links AS
SELECT 'L' || left(id, 15) AS a, 'C' || left(converted_contact_id, 15) AS b FROM seen_salesforce_lead
WHERE converted_contact_id IS NOT NULL
UNION ALL
SELECT 'L' || left(id, 15), 'L' || left(master_id, 15) FROM seen_salesforce_lead WHERE master_id IS NOT NULL
UNION ALL
SELECT 'C' || left(id, 15), 'C' || left(master_id, 15) FROM seen_salesforce_contact WHERE master_id IS NOT NULL
UNION ALL
SELECT 'P' || _unit || ':' || id, 'L' || left(lead_id, 15) FROM seen_account_engagement_prospects
WHERE lead_id IS NOT NULL
UNION ALL
SELECT 'P' || _unit || ':' || id, 'C' || left(contact_id, 15) FROM seen_account_engagement_prospects
WHERE contact_id IS NOT NULL

-- name: begun
-- What was touched, as records of people.
CREATE OR REPLACE TEMP TABLE touched_now AS
SELECT DISTINCT CASE stream
    WHEN $lead THEN 'L' || left(id, 15) WHEN $contact THEN 'C' || left(id, 15) ELSE 'P' || unit || ':' || id
  END AS node
FROM touched_ids
WHERE stream IN ($lead, $contact, $prospect)

-- name: due
-- People of whom a record was touched, be it gone by now; whose time has come, of whom something waits or is followed
-- up, or whose company was touched.
INSERT INTO touched_persons
WITH keys AS (
  SELECT CASE stream
    WHEN $prospect THEN stream || ':' || unit || ':' || id ELSE stream || ':' || id
  END AS record_key
  FROM touched_ids
  WHERE stream IN ($lead, $contact, $prospect)
)
SELECT person_id FROM known_persons WHERE record_key IN (SELECT record_key FROM keys)
UNION
SELECT person_id FROM (
  SELECT person_id FROM evaluated
  WHERE pending OR next_change_at <= $as_of
    OR company_id IN (
      SELECT company_id FROM evaluated_account
      WHERE account_id IN (SELECT id FROM touched_ids WHERE stream = $account)
    )
  UNION
  SELECT person_id FROM cadence_runs
  WHERE ended_at IS NULL OR ended_at >= (SELECT max(as_of) FROM evaluation)
)

-- name: due_records
INSERT INTO touched_now
SELECT DISTINCT one.node
FROM touched_nodes AS one
JOIN known_persons AS known USING (record_key)
WHERE known.person_id IN (SELECT person_id FROM touched_persons) AND one.node NOT IN (SELECT node FROM touched_now)

-- name: spread
-- Who is named by one of them or names one, has its address, or is the same person to the ledger.
INSERT INTO touched_now
WITH mine AS (
  SELECT node, record_key, address FROM touched_nodes SEMI JOIN touched_now USING (node)
),
near AS (
  SELECT b AS node FROM touched_links WHERE a IN (SELECT node FROM touched_now)
  UNION
  SELECT a FROM touched_links WHERE b IN (SELECT node FROM touched_now)
  UNION
  SELECT node FROM touched_nodes WHERE address IN (SELECT address FROM mine WHERE address IS NOT NULL)
  UNION
  SELECT one.node
  FROM touched_nodes AS one
  JOIN known_persons AS known USING (record_key)
  WHERE known.person_id IN (SELECT person_id FROM mine JOIN known_persons USING (record_key))
)
SELECT node FROM near WHERE node NOT IN (SELECT node FROM touched_now)

-- name: persons
INSERT INTO touched_persons
SELECT DISTINCT known.person_id
FROM touched_nodes SEMI JOIN touched_now USING (node)
JOIN known_persons AS known USING (record_key)
WHERE known.person_id NOT IN (SELECT person_id FROM touched_persons)

-- name: leads
-- Leads and contacts by the first 15 characters of their ids, which tell one from the other.
CREATE OR REPLACE TEMP TABLE touched_leads AS
SELECT substr(node, 2) AS id FROM touched_now WHERE left(node, 1) IN ('L', 'C')

-- name: prospects
CREATE OR REPLACE TEMP TABLE touched_prospects AS
SELECT regexp_extract(node, '^P(.*):[0-9]+$', 1) AS _unit, regexp_extract(node, ':([0-9]+)$', 1)::BIGINT AS id
FROM touched_now
WHERE left(node, 1) = 'P'

-- name: list_members
CREATE OR REPLACE TEMP TABLE touched_list_member AS
SELECT * FROM seen_list_member WHERE 'M' || member_id IN (SELECT node FROM touched_now)

-- name: visitors
CREATE OR REPLACE TEMP TABLE touched_visitors AS
SELECT DISTINCT visitor._unit, visitor.id
FROM whole_account_engagement_visitors AS visitor
JOIN touched_prospects AS one ON one._unit = visitor._unit AND one.id = visitor.prospect_id

-- name: visits
CREATE OR REPLACE TEMP TABLE touched_visits AS
SELECT visit._unit, visit.id
FROM whole_account_engagement_visits AS visit
WHERE (visit._unit, visit.prospect_id) IN (SELECT (_unit, id) FROM touched_prospects)
  OR (visit._unit, visit.visitor_id) IN (SELECT (_unit, id) FROM touched_visitors)

-- name: kept_differ
-- People of whom a full evaluation finds something else, though nothing touched them and no time had come.
SELECT count(*), string_agg(said, '; ' ORDER BY said) FILTER (place <= 5)
FROM (
  SELECT row_number() OVER (ORDER BY person_id) AS place,
    concat(person_id, ': score ', old.score, ' is ', new.score, ', ', old.stage, ' is ', new.stage) AS said
  FROM evaluated AS old
  FULL JOIN answers AS new USING (person_id)
  WHERE NOT coalesce(old.pending, FALSE)
    AND coalesce(old.next_change_at > $as_of, TRUE)
    AND person_id NOT IN (SELECT person_id FROM touched_persons)
    AND old.digest IS DISTINCT FROM new.digest
)

-- name: forget_touched
DELETE FROM evaluated WHERE person_id IN (SELECT person_id FROM touched_persons)
  OR person_id IN (SELECT person_id FROM answers)

-- name: keep
-- Something is still to be written also of whom no plan has anything just now: an import that has not ended may have
-- written their prospect, or a membership of theirs was refused.
INSERT INTO evaluated
WITH waiting AS (
  SELECT person_id FROM answers_pending
  UNION
  SELECT person_id FROM failure WHERE object = 'list-memberships'
  UNION
  SELECT known.person_id
  FROM journal AS sent
  JOIN known_persons AS known ON known.record_key = 'account_engagement.prospects:'
    || split_part(sent.record, ':', 1) || ':' || split_part(sent.record, ':', 2)
  WHERE sent.outcome IS NULL AND sent.object IN ('prospects', 'list-memberships')
)
SELECT person_id, company_id, answers.open OR person_id IN (SELECT person_id FROM waiting), next_change_at, score, stage,
  digest
FROM answers

-- name: keep_accounts
INSERT INTO evaluated_account SELECT account_id, company_id FROM company_accounts
