-- name: profiles_of_leads
-- <<extra>> are further attributes of fields.yaml.
SELECT
    known.*, 2 + known.converted::INTEGER AS precedence,
    lead.email, lead.name, lead.company, lead.title, lead.department, lead.phone, lead.website, lead.industry,
    lead.employees, lead.prefecture, lead.corporate_number, lead.owner_id, lead.source AS word, lead.status,
    lead.opted_out, lead.do_not_call, lead.budget, lead.authority, lead.need, lead.timeframe, lead.not_before, lead.modified_at AS heard_at,
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
    contact.not_before,
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
    prospect.do_not_call, prospect.not_before<<extra>>
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
    max(not_before) FILTER (WHERE live AND NOT converted) AS not_before,
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
        amount, loss_reason, competitor, product, renewal_on
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
    deals.competitor, deals.product, deals.renewal_on
FROM deals
LEFT JOIN in_roles USING (opportunity_id)
LEFT JOIN contacts ON contacts.contact_id = deals.contact_id
LEFT JOIN company_accounts AS owned USING (account_id);

-- name: closed_leads
-- Since when each lead has stood at a word that means disqualified, and why. A lead that was closed when it was first
-- seen was closed by the time of its last change, and by the time it was seen.
CREATE OR REPLACE TEMP TABLE enrich_closed_leads AS
WITH versions AS (
    SELECT lead.id, lead._valid_from, lead._seen_at, lead.modified_at, lead.close_reason,
        coalesce(statuses.status = 'disqualified', FALSE) AS closed,
        row_number() OVER (PARTITION BY lead.id ORDER BY lead._valid_from, lead._seen_at) AS place
    FROM versions_salesforce_lead AS lead
    LEFT JOIN enrich_statuses AS statuses ON statuses.word = lower(trim(lead.status))
    WHERE lead.id IN (SELECT record_id FROM enrich_profiles WHERE kind = 'lead' AND live AND NOT converted)
),
spans AS (
    SELECT id, coalesce(max(place) FILTER (NOT closed), 0) AS before, max(place) AS last FROM versions GROUP BY id
)
SELECT versions.id,
    min(CASE WHEN place = 1 THEN least(modified_at, _seen_at) ELSE _valid_from END) FILTER (place = before + 1)
        AS closed_at,
    any_value(close_reason) FILTER (place = last) AS close_reason
FROM versions
JOIN spans USING (id)
WHERE before < last
GROUP BY versions.id;

-- name: deal_past
-- Deals that were closed and opened again, or closed otherwise, as they stood from when to when. What was closed when it
-- was first seen was open before its closing; a later version begins when the record was changed.
CREATE OR REPLACE TEMP TABLE deal_past AS
WITH versions AS (
    SELECT id, created_at, _valid_from AS begins, lead(_valid_from) OVER each AS ends, row_number() OVER each AS place,
        CASE WHEN is_won THEN 'won' WHEN is_closed THEN 'lost' ELSE 'open' END AS status,
        CASE WHEN is_closed THEN coalesce(stage_changed_at, close_date::TIMESTAMP) END AS closed_at
    FROM versions_salesforce_opportunity
    WHERE id IN (SELECT opportunity_id FROM opportunities)
    WINDOW each AS (PARTITION BY id ORDER BY _valid_from, _seen_at)
),
turned AS (
    SELECT id
    FROM (SELECT id, status, lag(status) OVER (PARTITION BY id ORDER BY place) AS before FROM versions)
    WHERE before <> 'open' AND status <> before
)
SELECT id AS opportunity_id, CASE WHEN place = 1 THEN coalesce(greatest(begins, closed_at), begins) ELSE begins END AS begins,
    ends, status, closed_at
FROM versions SEMI JOIN turned USING (id)
UNION ALL
SELECT id, created_at, closed_at, 'open', NULL
FROM versions SEMI JOIN turned USING (id)
WHERE place = 1 AND closed_at > created_at;

-- name: crm_words
-- What the words of leads said of people, from when on: at each moment that of the lead that is believed first. What a
-- lead said when it was first seen it has said since nobody knows when, unless it was not changed since it was made.
-- A version with other fields alone, such as those that we write, says nothing new.
CREATE OR REPLACE TEMP TABLE crm_words AS
WITH leads AS (
    SELECT person_id, record_id, record_key, created_at
    FROM enrich_profiles
    WHERE kind = 'lead' AND live
),
versions AS (
    SELECT leads.person_id, leads.record_key, leads.created_at, lead._valid_from AS begins,
        lead.close_reason AS reason,
        coalesce(lead.is_converted, FALSE) AS converted, statuses.status,
        row_number() OVER each = 1 AND lead.modified_at > lead.created_at AS undated,
        coalesce(lead(lead._valid_from) OVER each, TIMESTAMP 'infinity') AS ends
    FROM versions_salesforce_lead AS lead
    JOIN leads ON leads.record_id = lead.id
    LEFT JOIN enrich_statuses AS statuses ON statuses.word = lower(trim(lead.status))
    WINDOW each AS (PARTITION BY lead.id ORDER BY lead._valid_from, lead._seen_at)
),
telling AS (
    SELECT DISTINCT person_id FROM versions WHERE status IS NOT NULL
),
moments AS (
    SELECT DISTINCT person_id, begins AS t FROM versions SEMI JOIN telling USING (person_id)
),
spoken AS (
    SELECT moments.person_id, moments.t,
        arg_min({'status': status, 'undated': undated, 'reason': reason}, (converted, -epoch_us(created_at), record_key)) AS word
    FROM moments
    JOIN versions ON versions.person_id = moments.person_id AND versions.begins <= t AND t < versions.ends
    GROUP BY ALL
)
SELECT person_id,
    CASE WHEN NOT coalesce(word.undated, FALSE) OR t > min(t) OVER (PARTITION BY person_id) THEN t END AS begins,
    word.status AS status, word.reason AS reason
FROM spoken
QUALIFY coalesce(
    (word.status, word.reason) IS DISTINCT FROM lag((word.status, word.reason)) OVER (PARTITION BY person_id ORDER BY t),
    TRUE
);

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
),
closings AS (
    SELECT profile.person_id, arg_min({'at': lead.closed_at, 'reason': lead.close_reason}, profile.place) AS closing
    FROM enrich_profiles AS profile
    JOIN enrich_closed_leads AS lead ON lead.id = profile.record_id
    WHERE profile.kind = 'lead' AND profile.live AND NOT profile.converted
    GROUP BY profile.person_id
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
    deals.lost_at, closings.closing.at AS closed_at, closings.closing.reason AS close_reason
FROM enrich_chosen AS chosen
LEFT JOIN enrich_person_companies AS matched USING (person_id)
LEFT JOIN deals USING (person_id)
LEFT JOIN closings USING (person_id)
LEFT JOIN enrich_sources AS sources ON sources.word = lower(trim(chosen.source_word))
LEFT JOIN enrich_statuses AS statuses ON statuses.word = lower(trim(chosen.status_word));

-- name: answers
-- What stands in the records as heard, record by record.
CREATE OR REPLACE TEMP TABLE enrich_answers AS
SELECT person_id, kind, unit, record_id, heard_at, item, value
FROM (
    UNPIVOT (SELECT person_id, kind, unit, record_id, heard_at, <<items>> FROM enrich_profiles WHERE live)
    ON <<items>>
    INTO NAME item VALUE value
)
WHERE trim(value) <> '';

-- name: answer_versions
-- The values that the items of one kind of record have had, version by version; emptied ones too, since an answer that
-- comes back was given anew.
SELECT kind, unit, record_id, item, value, valid_from, seen_at, changed_at, created_at, changed_by
FROM (
    SELECT '<<kind>>' AS kind, _unit AS unit, id::VARCHAR AS record_id, _valid_from AS valid_from,
        _seen_at AS seen_at, <<changed_at>> AS changed_at, created_at, <<changed_by>> AS changed_by, <<items>>
    FROM versions_<<table>>
    WHERE id::VARCHAR IN (SELECT record_id FROM enrich_answers WHERE kind = '<<kind>>')
)
UNPIVOT INCLUDE NULLS (value FOR item IN (<<items>>))

-- name: hearing
-- What stands in the records as heard. Who said it is not told there, but who wrote it down is: an answer was heard when
-- the version began in which it first stood without a break, from whoever made that version. In the first version that
-- we saw it may have stood for long: it is taken as heard when the record was changed last, as far as we had seen then,
-- and by whom only where nobody changed the record since it was made.
CREATE OR REPLACE TEMP TABLE hearing AS
WITH versions(kind, unit, record_id, item, value, valid_from, seen_at, changed_at, created_at, changed_by) AS (
    <<versions>>
),
ordered AS (
    SELECT *, row_number() OVER history = 1 AS is_first, value IS DISTINCT FROM lag(value) OVER history AS is_new
    FROM versions
    WINDOW history AS (PARTITION BY kind, unit, record_id, item ORDER BY valid_from, seen_at)
),
told AS (
    SELECT kind, unit, record_id, item, value,
        CASE WHEN is_first THEN least(changed_at, seen_at) ELSE valid_from END AS heard_at,
        CASE WHEN NOT is_first OR changed_at <= created_at THEN changed_by END AS heard_by
    FROM ordered
    WHERE is_new
    QUALIFY row_number() OVER (PARTITION BY kind, unit, record_id, item ORDER BY valid_from DESC, seen_at DESC) = 1
)
SELECT answer.person_id, answer.item, answer.value, NULL::VARCHAR AS said_by, answer.kind AS via,
    coalesce(told.heard_at, answer.heard_at) AS "at", coalesce(writer.name, told.heard_by) AS heard_by
FROM enrich_answers AS answer
LEFT JOIN told USING (kind, record_id, item, value, unit)
LEFT JOIN seen_salesforce_user AS writer ON writer.id = told.heard_by;

-- name: fiscal_calendar
-- The month in which the org's fiscal year begins, as its own settings say.
CREATE OR REPLACE TEMP TABLE fiscal_calendar AS
SELECT arg_min(fiscal_month, id)::INTEGER AS first_month FROM seen_salesforce_organization
WHERE fiscal_month BETWEEN 1 AND 12
