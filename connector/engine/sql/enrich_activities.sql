-- name: living
-- The records whose activities count: of living people, a merge loser's with its master's.
CREATE OR REPLACE TEMP TABLE enrich_living AS
SELECT kind, unit, record_id, record_key, person_id
FROM person_records
WHERE (live OR merged) AND person_id IN (SELECT person_id FROM enrich_chosen);

-- name: prospects
CREATE OR REPLACE TEMP TABLE enrich_living_prospects AS
SELECT unit, record_id::BIGINT AS prospect_id, record_key, person_id FROM enrich_living WHERE kind = 'prospect';

-- name: visits
-- Whose visit it was: the visit's own prospect, else the one that its visitor turned out to be (SY-9).
CREATE OR REPLACE TEMP TABLE enrich_visits AS
SELECT visit._unit AS unit, visit.id AS visit_id, visit.search_term,
    coalesce(visit.first_at, visit.created_at) AS began_at, owner.person_id, owner.record_key
FROM seen_account_engagement_visits AS visit
LEFT JOIN seen_account_engagement_visitors AS visitor
    ON visitor._unit = visit._unit AND visitor.id = visit.visitor_id
JOIN enrich_living_prospects AS owner
    ON owner.unit = visit._unit AND owner.prospect_id = coalesce(visit.prospect_id, visitor.prospect_id);

-- name: visitors
CREATE OR REPLACE TEMP TABLE enrich_visitors AS
SELECT visitor._unit AS unit, visitor.id AS visitor_id, owner.person_id, owner.record_key
FROM seen_account_engagement_visitors AS visitor
JOIN enrich_living_prospects AS owner
    ON owner.unit = visitor._unit AND owner.prospect_id = visitor.prospect_id;

-- name: anonymous_page_views
-- How many page views nobody can be named for.
SELECT count(*)
FROM seen_account_engagement_visitor_page_views AS page
LEFT JOIN enrich_visits AS visit ON visit.unit = page._unit AND visit.visit_id = page.visit_id
LEFT JOIN enrich_visitors AS visitor ON visitor.unit = page._unit AND visitor.visitor_id = page.visitor_id
WHERE visit.person_id IS NULL AND visitor.person_id IS NULL;

-- name: pages
-- The distinct pages, without query and fragment.
SELECT split_part(split_part(url, '?', 1), '#', 1) AS page, max(title) AS title, count(*) AS times
FROM seen_account_engagement_visitor_page_views
WHERE url IS NOT NULL
GROUP BY 1
ORDER BY 1;

-- name: acts
-- Visitor activities of living people in our words, with the asset that each is about.
CREATE OR REPLACE TEMP TABLE enrich_acts AS
SELECT act.id, act.unit, act.person_id, act.record_key, act.created_at AS occurred_at,
    act.type, act.type_name, act.details, act.visit_id, act.campaign_id,
    coalesce(exact.type, any_name.type) IS NOT NULL AS known,
    CASE WHEN exact.type IS NULL THEN any_name.meaning ELSE exact.meaning END AS meaning,
    CASE WHEN exact.type IS NULL THEN any_name.by_content ELSE exact.by_content END = 'yes' AS by_content,
    CASE
        WHEN coalesce(exact.asset, any_name.asset) IS NOT NULL THEN coalesce(exact.asset, any_name.asset)
        WHEN act.type IN (6, 11, 17) OR starts_with(act.type_name, 'Email') THEN 'email'
        WHEN act.type_name = 'Landing Page' AND act.landing_page_id IS NOT NULL THEN 'landing_page'
        WHEN act.form_id IS NOT NULL THEN 'form'
        WHEN act.form_handler_id IS NOT NULL THEN 'form_handler'
        WHEN act.file_id IS NOT NULL THEN 'file'
        WHEN act.custom_redirect_id IS NOT NULL THEN 'custom_redirect'
        WHEN coalesce(act.list_email_id, act.email_template_id, act.email_id) IS NOT NULL THEN 'email'
        WHEN act.landing_page_id IS NOT NULL THEN 'landing_page'
    END AS asset_kind,
    CASE asset_kind
        WHEN 'email' THEN coalesce(act.list_email_id, act.email_template_id, act.email_id)::VARCHAR
        WHEN 'form' THEN act.form_id::VARCHAR
        WHEN 'form_handler' THEN act.form_handler_id::VARCHAR
        WHEN 'file' THEN act.file_id::VARCHAR
        WHEN 'custom_redirect' THEN act.custom_redirect_id::VARCHAR
        WHEN 'landing_page' THEN act.landing_page_id::VARCHAR
        ELSE nullif(trim(act.details), '')
    END AS asset_id
FROM (
    SELECT act.*, act._unit AS unit, coalesce(prospect.person_id, visitor.person_id) AS person_id,
        coalesce(prospect.record_key, visitor.record_key) AS record_key
    FROM seen_account_engagement_visitor_activities AS act
    LEFT JOIN enrich_living_prospects AS prospect
        ON prospect.unit = act._unit AND prospect.prospect_id = act.prospect_id
    LEFT JOIN enrich_visitors AS visitor
        ON act.prospect_id IS NULL AND visitor.unit = act._unit AND visitor.visitor_id = act.visitor_id
) AS act
LEFT JOIN enrich_verbs AS exact ON exact.type = act.type::VARCHAR AND exact.type_name = act.type_name
LEFT JOIN enrich_verbs AS any_name ON any_name.type = act.type::VARCHAR AND any_name.type_name = '*'
WHERE act.person_id IS NOT NULL;

-- name: assets
-- The distinct assets that activities are about, with their names where the remote told us.
WITH names AS (
    SELECT _unit AS unit, 'form' AS kind, id, name, NULL AS url FROM seen_account_engagement_forms
    UNION ALL
    SELECT _unit, 'form_handler', id, name, NULL FROM seen_account_engagement_form_handlers
    UNION ALL
    SELECT _unit, 'landing_page', id, name, NULL FROM seen_account_engagement_landing_pages
    UNION ALL
    SELECT _unit, 'file', id, name, url FROM seen_account_engagement_files
    UNION ALL
    SELECT _unit, 'custom_redirect', id, name, NULL FROM seen_account_engagement_custom_redirects
    UNION ALL
    SELECT _unit, 'email', id, coalesce(subject, name), NULL FROM seen_account_engagement_list_emails
    UNION ALL
    SELECT _unit, 'email', id, name, NULL FROM seen_account_engagement_email_templates
),
used AS (
    SELECT unit, asset_kind AS kind, asset_id AS id, max(details) AS details, count(*) AS times
    FROM enrich_acts
    WHERE meaning IS NOT NULL AND asset_id IS NOT NULL AND asset_kind <> 'search'
    GROUP BY ALL
)
SELECT used.unit, used.kind, used.id, coalesce(max(names.name), max(used.details)) AS name, max(names.url) AS url,
    max(used.times) AS times
FROM used
LEFT JOIN names ON names.unit = used.unit AND names.kind = used.kind AND names.id::VARCHAR = used.id
GROUP BY ALL
ORDER BY ALL;

-- name: campaigns
-- The distinct campaigns of Salesforce that people answered to.
SELECT id, name FROM seen_salesforce_campaign WHERE NOT coalesce(is_deleted, FALSE) ORDER BY id;

-- name: terms
-- What was searched for: on the site, or as the paid term that brought a visit.
SELECT term, count(*) AS times
FROM (
    SELECT asset_id AS term FROM enrich_acts WHERE asset_kind = 'search'
    UNION ALL
    SELECT trim(search_term) FROM enrich_visits
)
WHERE term <> ''
GROUP BY term
ORDER BY term;

-- name: make_activities
CREATE OR REPLACE TEMP TABLE activities (
    activity_id VARCHAR, person_id VARCHAR, occurred_at TIMESTAMP, type VARCHAR, content VARCHAR, theme VARCHAR,
    url VARCHAR, visit_id VARCHAR, machine BOOLEAN, record_key VARCHAR, product VARCHAR
);

-- name: add_page_views
INSERT INTO activities
SELECT 'page_view:' || page._unit || ':' || page.id, coalesce(visit.person_id, visitor.person_id), page.created_at,
    'page_view', known.content, known.theme, page.url, page._unit || ':' || page.visit_id, FALSE,
    coalesce(visit.record_key, visitor.record_key), known.product
FROM seen_account_engagement_visitor_page_views AS page
LEFT JOIN enrich_visits AS visit ON visit.unit = page._unit AND visit.visit_id = page.visit_id
LEFT JOIN enrich_visitors AS visitor ON visitor.unit = page._unit AND visitor.visitor_id = page.visitor_id
LEFT JOIN enrich_pages AS known ON known.page = split_part(split_part(page.url, '?', 1), '#', 1)
WHERE visit.person_id IS NOT NULL OR visitor.person_id IS NOT NULL;

-- name: add_acts
INSERT INTO activities
SELECT 'activity:' || act.unit || ':' || act.id, act.person_id, act.occurred_at,
    CASE WHEN act.by_content THEN coalesce(asset.kind_of_activity, act.meaning) ELSE act.meaning END,
    CASE act.asset_kind
        WHEN 'email' THEN 'email:' || act.asset_id
        WHEN 'search' THEN coalesce(term.content, 'search:' || act.asset_id)
        ELSE coalesce(asset.content, act.asset_kind || ':' || act.asset_id)
    END,
    coalesce(asset.theme, term.theme), NULL, act.unit || ':' || act.visit_id, FALSE, act.record_key,
    coalesce(asset.product, term.product)
FROM enrich_acts AS act
LEFT JOIN enrich_assets AS asset
    ON asset.unit = act.unit AND asset.kind = act.asset_kind AND asset.id = act.asset_id
LEFT JOIN enrich_terms AS term ON act.asset_kind = 'search' AND term.term = act.asset_id
WHERE act.meaning IS NOT NULL;

-- name: add_visit_searches
INSERT INTO activities
SELECT 'visit_search:' || visit.unit || ':' || visit.visit_id, visit.person_id, visit.began_at, 'search',
    coalesce(term.content, 'search:' || trim(visit.search_term)), term.theme, NULL,
    visit.unit || ':' || visit.visit_id, FALSE, visit.record_key, term.product
FROM enrich_visits AS visit
LEFT JOIN enrich_terms AS term ON term.term = trim(visit.search_term)
WHERE trim(visit.search_term) <> '';

-- name: members
-- Answers to webinars and events, and what their status says. A response has a day only: it begins in the org's zone, and
-- never before the member was created.
CREATE OR REPLACE TEMP TABLE enrich_members AS
SELECT member.id, owner.person_id, owner.record_key, member.campaign_id, campaign.type AS campaign_type,
    greatest(
        coalesce(timezone($zone, member.responded_on::TIMESTAMP) AT TIME ZONE 'UTC', member.created_at),
        member.created_at
    ) AS responded_at,
    greatest(
        coalesce(timezone($zone, campaign.start_date::TIMESTAMP) AT TIME ZONE 'UTC', responded_at), responded_at
    ) AS attended_at,
    coalesce(member.has_responded, FALSE) AS responded,
    regexp_matches(coalesce(campaign.type, ''), $webinar, 'i') AS is_webinar,
    regexp_matches(coalesce(campaign.type, ''), $event, 'i') AND NOT is_webinar AS is_event,
    regexp_matches(coalesce(member.status, ''), $absent, 'i') AS absent,
    regexp_matches(coalesce(member.status, ''), $attended, 'i') AND NOT absent AS attended,
    regexp_matches(coalesce(member.status, ''), $registered, 'i') AS registered,
    known.content, known.theme, known.kind_of_activity, known.product
FROM seen_salesforce_campaign_member AS member
JOIN seen_salesforce_campaign AS campaign ON campaign.id = member.campaign_id
JOIN enrich_living AS owner
    ON owner.kind IN ('lead', 'contact') AND owner.record_id = coalesce(member.contact_id, member.lead_id)
LEFT JOIN enrich_campaigns AS known ON known.id = member.campaign_id
WHERE NOT coalesce(member.is_deleted, FALSE);

-- name: member_acts
-- Who attended a webinar had registered for it before: a status shows only the last step.
CREATE OR REPLACE TEMP TABLE enrich_member_acts AS
SELECT id, 'registered' AS step, 'webinar_register' AS meaning, responded_at AS occurred_at
FROM enrich_members WHERE is_webinar AND (registered OR responded OR attended)
UNION ALL
SELECT id, 'attended', 'webinar_attend', attended_at FROM enrich_members WHERE is_webinar AND attended
UNION ALL
SELECT id, 'attended', 'event_attend', attended_at
FROM enrich_members WHERE is_event AND (attended OR (responded AND NOT registered AND NOT absent))
UNION ALL
SELECT id, 'responded', kind_of_activity, responded_at
FROM enrich_members WHERE NOT is_webinar AND NOT is_event AND responded AND kind_of_activity IS NOT NULL;

-- name: add_members
-- The same step told by Account Engagement's own activity in the linked campaign counts once, there.
INSERT INTO activities
SELECT 'campaign_member:' || member.id || ':' || done.step, member.person_id, done.occurred_at, done.meaning,
    coalesce(member.content, 'campaign:' || member.campaign_id), member.theme, NULL, NULL, FALSE, member.record_key, member.product
FROM enrich_member_acts AS done
JOIN enrich_members AS member USING (id)
WHERE NOT EXISTS (
    SELECT 1
    FROM enrich_acts AS act
    JOIN seen_account_engagement_campaigns AS campaign ON campaign._unit = act.unit AND campaign.id = act.campaign_id
    WHERE act.person_id = member.person_id AND act.meaning = done.meaning
        AND left(campaign.salesforce_id, 15) = left(member.campaign_id, 15)
);

-- name: add_tasks
-- Finished tasks, without those that we closed ourselves: a talk, a meeting or a reply is the person's activity; what we sent or tried is kept apart. A to-do to
-- call that was ticked off without an outcome proves no talk. The outcome speaks before the subject.
INSERT INTO activities
WITH done AS (
    SELECT task.id, owner.person_id, owner.record_key,
        coalesce(task.completed_at, timezone($zone, task.due::TIMESTAMP) AT TIME ZONE 'UTC', task.created_at)
            AS occurred_at,
        concat_ws(' ', task.subtype, task.type) AS form,
        task.subject, nullif(trim(task.disposition), '') AS disposition,
        coalesce(task.subtype = 'Call', FALSE) AS logged
    FROM seen_salesforce_task AS task
    JOIN enrich_living AS owner ON owner.kind IN ('lead', 'contact') AND owner.record_id = task.who_id
    WHERE task.is_closed AND NOT coalesce(task.is_deleted, FALSE) AND task.id NOT IN (SELECT task_id FROM closed_by_us)
),
meant AS (
    SELECT *,
        CASE
            WHEN regexp_matches(form, $email, 'i') THEN CASE
                WHEN regexp_matches(disposition, $reply, 'i') OR regexp_matches(subject, $inbound, 'i') THEN 'email_reply'
                ELSE 'email_sent'
            END
            WHEN regexp_matches(form, $call, 'i') THEN CASE
                WHEN regexp_matches(coalesce(disposition, subject, ''), $attempt, 'i') THEN 'call_attempt'
                WHEN logged OR disposition IS NOT NULL THEN 'call'
                ELSE 'call_attempt'
            END
            WHEN regexp_matches(form, $meeting, 'i') THEN 'meeting'
        END AS meaning
    FROM done
)
SELECT 'task:' || id, person_id, occurred_at, meaning, NULL, NULL, NULL, NULL, FALSE, record_key, NULL
FROM meant
WHERE meaning IS NOT NULL;

-- name: add_events
INSERT INTO activities
SELECT 'event:' || event.id, owner.person_id, coalesce(event.start_at, event.created_at),
    CASE WHEN regexp_matches(coalesce(event.type, ''), $call, 'i') THEN 'call' ELSE 'meeting' END,
    NULL, NULL, NULL, NULL, FALSE, owner.record_key, NULL
FROM seen_salesforce_event AS event
JOIN enrich_living AS owner ON owner.kind IN ('lead', 'contact') AND owner.record_id = event.who_id
WHERE NOT coalesce(event.is_deleted, FALSE);

-- name: unknown_content
-- What people did that no catalogue and no vocabulary knows: told, never dropped in silence.
CREATE OR REPLACE TEMP TABLE unknown_content AS
SELECT 'url' AS kind, page AS key, times::BIGINT AS times FROM enrich_pages WHERE content IS NULL
UNION ALL
SELECT kind, kind || ':' || id || coalesce(' ' || name, ''), sum(times::BIGINT)::BIGINT
FROM enrich_assets
WHERE content IS NULL AND kind <> 'email'
GROUP BY ALL
UNION ALL
SELECT 'activity_type', type || ' ' || coalesce(type_name, ''), count(*)
FROM enrich_acts
WHERE NOT known
GROUP BY ALL
UNION ALL
SELECT 'campaign_type', coalesce(campaign_type, 'none'), count(*)
FROM enrich_members
WHERE responded AND NOT is_webinar AND NOT is_event AND kind_of_activity IS NULL
GROUP BY ALL;
