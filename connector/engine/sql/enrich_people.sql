-- name: profiles_of_leads
-- <<extra>> are further attributes of fields.yaml.
SELECT
    known.*, 2 + known.converted::INTEGER AS precedence,
    lead.email, lead.name, lead.company, lead.title, lead.department, lead.phone, lead.website, lead.industry,
    lead.employees, lead.prefecture, lead.corporate_number, lead.owner_id, lead.source AS word, lead.status,
    lead.opted_out, lead.do_not_call, lead.budget, lead.authority, lead.need, lead.timeframe, lead.close_reason, lead.modified_at AS heard_at,
    NULL::VARCHAR AS account_id<<extra>>
FROM seen_salesforce_lead AS lead
JOIN person_records AS known ON known.kind = 'lead' AND known.record_id = lead.id
WHERE known.live OR known.merged;

-- name: profiles_of_contacts
-- What a contact has no field for comes from its account.
SELECT
    known.*, 1 AS precedence,
    contact.email, contact.name, contact.title, contact.department, contact.phone, <<of_account>>,
    contact.owner_id, contact.source AS word, NULL::VARCHAR AS status, contact.opted_out, contact.do_not_call,
    account.id AS account_id<<extra>>
FROM seen_salesforce_contact AS contact
JOIN person_records AS known ON known.kind = 'contact' AND known.record_id = contact.id
LEFT JOIN seen_salesforce_account AS account
    ON account.id = contact.account_id AND NOT coalesce(account.is_deleted, FALSE)
WHERE known.live OR known.merged;

-- name: profiles_of_prospects
SELECT
    known.*, 4 AS precedence,
    prospect.email, nullif(trim(concat_ws(' ', prospect.first_name, prospect.last_name)), '') AS name,
    prospect.company, prospect.title, prospect.department, prospect.phone, prospect.website, prospect.industry,
    try_cast(replace(prospect.employees, ',', '') AS BIGINT) AS employees, prospect.source AS word,
    coalesce(prospect.opted_out, FALSE) OR coalesce(prospect.do_not_email, FALSE) AS opted_out,
    prospect.do_not_call<<extra>>
FROM seen_account_engagement_prospects AS prospect
JOIN person_records AS known
    ON known.kind = 'prospect' AND known.unit = prospect._unit AND known.record_id = prospect.id::VARCHAR
WHERE known.live OR known.merged;

-- name: profiles_of_lists
-- Lists are believed last.
SELECT
    known.*, 5 AS precedence, listed.email, listed.name, listed.company, listed.title, listed.department,
    listed.refused AS opted_out, listed.refused AS do_not_call, listed.call_review_score, listed.list_source
FROM enrich_listed AS listed
JOIN person_records AS known ON known.kind = 'list' AND known.record_id = listed.member_id
WHERE known.live;

-- name: profiles
-- One row a record, in the order in which records are believed: contact, lead, converted lead, prospect; the one made
-- last first. Not the one changed last: our own writes would change whom we believe.
CREATE OR REPLACE TEMP TABLE enrich_profiles AS
SELECT *, row_number() OVER (ORDER BY precedence, created_at DESC NULLS LAST, record_key) AS place
FROM (<<profiles>>);

-- name: chosen
-- One row a living person: each attribute from the most trusted record that has it.
CREATE OR REPLACE TEMP TABLE enrich_chosen AS
SELECT
    person_id,
    <<attributes>>,
    arg_min(account_id, place) FILTER (WHERE live) AS account_id,
    arg_min(word, (created_at, place)) FILTER (WHERE trim(word) <> '') AS source_word,
    arg_min(list_source, place) AS list_source,
    bool_and(kind = 'list') AS only_listed,
    coalesce(min(created_at) FILTER (WHERE kind <> 'list'), min(created_at)) AS created_at,
    coalesce(bool_or(opted_out) FILTER (WHERE live AND NOT converted), FALSE) AS opted_out,
    coalesce(bool_or(do_not_call) FILTER (WHERE live AND NOT converted), FALSE) AS do_not_call,
    arg_min(coalesce(status, ''), place) FILTER (WHERE live AND kind = 'lead') AS status_word,
    bool_or(live AND kind = 'lead' AND NOT converted) AS is_open_lead,
    coalesce(list(record_id ORDER BY created_at, record_id) FILTER (WHERE live AND kind = 'lead' AND NOT converted), [])
        AS lead_ids,
    coalesce(list(record_id ORDER BY created_at, record_id) FILTER (WHERE live AND kind = 'contact'), [])
        AS contact_ids,
    coalesce(list(unit || ':' || record_id ORDER BY created_at, record_id) FILTER (WHERE live AND kind = 'prospect'), [])
        AS prospect_ids,
    arg_min(record_key, (precedence, created_at, record_key)) FILTER (WHERE live AND NOT converted) AS first_record
FROM enrich_profiles
GROUP BY person_id
HAVING bool_or(live);

-- name: opportunities
-- A deal belongs to the people in its contact roles, else to its own contact, else to its company alone.
CREATE OR REPLACE TEMP TABLE opportunities AS
WITH deals AS (
    SELECT id AS opportunity_id, account_id, contact_id, created_at,
        CASE WHEN is_won THEN 'won' WHEN is_closed THEN 'lost' ELSE 'open' END AS status,
        CASE WHEN is_closed THEN coalesce(stage_changed_at, close_date::TIMESTAMP) END AS closed_at,
        amount, loss_reason, competitor, product
    FROM seen_salesforce_opportunity
    WHERE NOT coalesce(is_deleted, FALSE)
),
contacts AS (
    SELECT record_id AS contact_id, person_id
    FROM person_records
    WHERE kind = 'contact' AND (live OR merged) AND person_id IN (SELECT person_id FROM enrich_chosen)
),
in_roles AS (
    SELECT DISTINCT role.opportunity_id, contacts.person_id
    FROM seen_salesforce_opportunity_contact_role AS role
    JOIN contacts USING (contact_id)
    WHERE NOT coalesce(role.is_deleted, FALSE)
)
SELECT deals.opportunity_id, coalesce(in_roles.person_id, contacts.person_id) AS person_id,
    owned.company_id, deals.created_at, deals.closed_at, deals.status, deals.amount, deals.loss_reason,
    deals.competitor, deals.product
FROM deals
LEFT JOIN in_roles USING (opportunity_id)
LEFT JOIN contacts ON contacts.contact_id = deals.contact_id
LEFT JOIN company_accounts AS owned USING (account_id);

-- name: people
-- An open deal outranks a disqualified lead, which outranks a lost deal; the last closed deal speaks for older ones.
CREATE OR REPLACE TEMP TABLE people AS
WITH deals AS (
    SELECT person_id, bool_or(status = 'open') AS is_open,
        arg_max(status, (closed_at, opportunity_id)) FILTER (WHERE status <> 'open') AS last_closed,
        max(closed_at) FILTER (WHERE status = 'lost') AS lost_at
    FROM opportunities
    WHERE person_id IS NOT NULL
    GROUP BY person_id
)
SELECT
    chosen.* EXCLUDE (account_id, source_word, status_word, is_open_lead, list_source, only_listed),
    matched.company_id, matched.match_status, matched.match_method, matched.match_confidence,
    CASE
        WHEN chosen.source_word IS NOT NULL THEN coalesce(sources.source, 'other')
        WHEN chosen.only_listed THEN chosen.list_source
    END AS source,
    CASE
        WHEN deals.is_open THEN 'opportunity'
        WHEN deals.last_closed = 'won' THEN 'won'
        WHEN chosen.is_open_lead AND statuses.status = 'disqualified' THEN 'disqualified'
        ELSE coalesce(deals.last_closed, statuses.status)
    END AS crm_status,
    deals.lost_at
FROM enrich_chosen AS chosen
LEFT JOIN enrich_person_companies AS matched USING (person_id)
LEFT JOIN deals USING (person_id)
LEFT JOIN enrich_sources AS sources ON sources.word = lower(trim(chosen.source_word))
LEFT JOIN enrich_statuses AS statuses ON statuses.word = lower(trim(chosen.status_word));

-- name: hearing
-- What stands in the records as heard: who said it is not told there; when is when the record was changed last.
CREATE OR REPLACE TEMP TABLE hearing AS
SELECT person_id, item, value, NULL::VARCHAR AS said_by, kind AS via, heard_at AS "at"
FROM (
    UNPIVOT (SELECT person_id, kind, heard_at, <<items>> FROM enrich_profiles WHERE live)
    ON <<items>>
    INTO NAME item VALUE value
)
WHERE trim(value) <> '';
