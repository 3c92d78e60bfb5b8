-- name: records
-- Everybody on a list, one record an address. Whom the CRM deleted no list raises from the dead: alive is who has a living
-- record of the same address, or none at all. A merge loser's address leads to its master.
INSERT INTO enrich_records
WITH written AS (
    SELECT record_key, live, merged, coalesce(folded.folded, lower(record.email)) AS address
    FROM enrich_records AS record
    LEFT JOIN enrich_folded_emails AS folded ON folded.email = record.email
    WHERE record.email IS NOT NULL
        AND coalesce(folded.folded, lower(record.email)) IN (SELECT email FROM seen_list_member)
),
known AS (
    SELECT address, bool_or(live OR merged) AS live, min(record_key) FILTER (WHERE merged AND NOT live) AS loser
    FROM written
    GROUP BY address
),
listed AS (
    SELECT member_id, any_value(email) AS email, arg_max(first_name, imported_at) AS first_name,
        arg_max(last_name, imported_at) AS last_name, min(coalesce(registered_at, held_at, imported_at)) AS created_at
    FROM seen_list_member
    GROUP BY member_id
)
SELECT (SELECT coalesce(max(node), 0) FROM enrich_records) + row_number() OVER (ORDER BY listed.member_id),
    'list:' || listed.member_id, 'list', '', listed.member_id, listed.email, listed.first_name, listed.last_name,
    listed.created_at, listed.created_at, coalesce(known.live, TRUE), FALSE, FALSE,
    CASE WHEN split_part(listed.email, '@', 1) NOT IN (SELECT mailbox FROM enrich_role_mailboxes) THEN known.loser END
FROM listed
LEFT JOIN known ON known.address = listed.email;

-- name: profiles
-- What lists tell of a person stands behind what any system says. Who refuses consent is neither written to nor called.
CREATE OR REPLACE TEMP TABLE enrich_listed AS
SELECT member_id,
    any_value(email) AS email,
    arg_max(person_name, told) FILTER (WHERE person_name IS NOT NULL) AS name,
    arg_max(company, told) FILTER (WHERE company IS NOT NULL) AS company,
    arg_max(title, told) FILTER (WHERE title IS NOT NULL) AS title,
    arg_max(department, told) FILTER (WHERE department IS NOT NULL) AS department,
    arg_max(review_score, told) FILTER (WHERE review_score IS NOT NULL) AS call_review_score,
    arg_max(consent, told) FILTER (WHERE consent IS NOT NULL) IS FALSE AS refused,
    arg_min(CASE kind WHEN 'webinar' THEN 'webinar' WHEN 'event' THEN 'event' ELSE 'list' END, told) AS list_source
FROM (SELECT *, (coalesce(attended_at, registered_at, held_at, imported_at), name) AS told FROM seen_list_member)
GROUP BY member_id;

-- name: names
-- The lists of the kinds that the catalogue can know, and what the CRM calls the same thing.
SELECT DISTINCT name, kind FROM seen_list_member ORDER BY ALL;

-- name: acts
-- What the rows of lists mean. A survey is answered where people were, or when they registered.
CREATE OR REPLACE TEMP TABLE enrich_list_acts AS
WITH done AS (
    SELECT name, member_id, 'webinar_register' AS type,
        coalesce(registered_at, attended_at, least(held_at, imported_at)) AS occurred_at
    FROM seen_list_member WHERE kind = 'webinar'
    UNION ALL
    SELECT name, member_id, CASE kind WHEN 'webinar' THEN 'webinar_attend' ELSE 'event_attend' END,
        coalesce(attended_at, registered_at)
    FROM seen_list_member WHERE kind IN ('webinar', 'event') AND attended
    UNION ALL
    SELECT name, member_id, 'survey_answer', coalesce(attended_at, registered_at, held_at)
    FROM seen_list_member WHERE answers IS NOT NULL OR kind = 'survey'
)
SELECT 'list:' || done.member_id || ':' || done.name || ':' || done.type AS activity_id, owner.person_id,
    owner.record_key, done.name, done.type, done.occurred_at, coalesce(known.content, 'list:' || done.name) AS content,
    known.theme, known.product
FROM done
JOIN enrich_living AS owner ON owner.kind = 'list' AND owner.record_id = done.member_id
LEFT JOIN enrich_list_names AS known USING (name)
WHERE done.occurred_at IS NOT NULL;

-- name: add_acts
-- What the CRM or Account Engagement told already counts once: the same deed about the same content, or in a campaign
-- that has the list's name.
INSERT INTO activities
SELECT act.activity_id, act.person_id, act.occurred_at, act.type, act.content, act.theme, NULL, NULL, FALSE,
    act.record_key, act.product
FROM enrich_list_acts AS act
WHERE NOT EXISTS (
    SELECT 1
    FROM activities AS told
    LEFT JOIN seen_salesforce_campaign AS campaign ON told.content = 'campaign:' || campaign.id
    WHERE told.person_id = act.person_id AND told.type = act.type
        AND (told.content = act.content OR lower(trim(campaign.name)) = lower(act.name))
);

-- name: follow_ups
-- Which lists a person stands on, in which segment, until when it is to be followed up, and when its deeds were.
CREATE OR REPLACE TEMP TABLE list_follow_ups AS
SELECT owner.person_id, member.name, member.kind, member.segment, member.segment_ja, member.segment_en,
    member.follow_up_until, member.attended, member.answers, member.review_score,
    coalesce(member.attended_at, member.registered_at, member.held_at) AS happened_at,
    coalesce(
        (SELECT list(act.occurred_at) FROM enrich_list_acts AS act
         WHERE act.person_id = owner.person_id AND act.name = member.name), []
    ) AS moments
FROM seen_list_member AS member
JOIN enrich_living AS owner ON owner.kind = 'list' AND owner.record_id = member.member_id;

-- name: unknown
-- Lists of what no catalogue knows: their rows count by their type alone.
INSERT INTO unknown_content
SELECT 'list', act.name, count(*)
FROM enrich_list_acts AS act
LEFT JOIN enrich_list_names AS known USING (name)
WHERE known.content IS NULL
GROUP BY act.name;
