-- name: targets
-- What should stand in each prospect: the decisions about its person. An id is the business unit and the number.
INSERT INTO desired BY NAME
SELECT 'prospects' AS object, unnest(people.prospect_ids) AS record_id, person_id, mine.score, mine.grade, mine.tier,
    mine.stage, mine.status, mine.reason, mine.reason AS why, tracked.track
FROM desired_persons AS mine
JOIN people USING (person_id)
LEFT JOIN tracked USING (person_id);

-- name: units
SELECT DISTINCT _unit FROM seen_account_engagement_prospects ORDER BY _unit;

-- name: of_unit
-- The prospects of one business unit as they are compared. Of whom we do not know yet whether a write arrived is left out.
CREATE OR REPLACE TEMP VIEW prospects_of_unit AS
SELECT * REPLACE (_unit || ':' || id AS id), stamp AS modified_at
FROM seen_account_engagement_prospects
WHERE _unit = '<<unit>>'
    AND _unit || ':' || id NOT IN (SELECT record FROM journal WHERE outcome IS NULL AND object = 'prospects');

-- name: track_lists
-- The list that stands for each track in each business unit: by its id where one is given, else by its name.
CREATE OR REPLACE TEMP TABLE track_lists AS
WITH named AS (SELECT unnest($tracks::VARCHAR[]) AS track, unnest($names::VARCHAR[]) AS name),
by_id AS (
    SELECT split_part(entry, ':', 1) AS track, split_part(entry, ':', 2) AS unit, split_part(entry, ':', 3)::BIGINT AS id
    FROM (SELECT unnest($by_id::VARCHAR[]) AS entry)
)
SELECT named.track, one._unit AS unit, one.id AS list_id, one.name, coalesce(one.is_dynamic, FALSE) AS is_dynamic
FROM named
CROSS JOIN seen_account_engagement_lists AS one
LEFT JOIN by_id ON by_id.track = named.track AND by_id.unit = one._unit
WHERE NOT coalesce(one.is_deleted, FALSE) AND CASE WHEN by_id.id IS NULL THEN one.name = named.name ELSE one.id = by_id.id END
QUALIFY row_number() OVER (PARTITION BY named.track, one._unit ORDER BY one.id) = 1;

-- name: dynamic_lists
SELECT track, unit, name FROM track_lists WHERE is_dynamic ORDER BY ALL;

-- name: living
-- The prospects of those who are looked at.
CREATE OR REPLACE TEMP TABLE engaged_prospects AS
SELECT mine.person_id, one._unit AS unit, one.id AS prospect_id,
    coalesce(one.opted_out, FALSE) OR coalesce(one.do_not_email, FALSE) AS opted_out
FROM (SELECT person_id, unnest(prospect_ids) AS key FROM people) AS mine
JOIN seen_account_engagement_prospects AS one ON mine.key = one._unit || ':' || one.id;

-- name: wanted
-- Who should be on which list.
CREATE OR REPLACE TEMP TABLE wanted_members AS
SELECT engaged.unit, entry.list_id, entry.name, engaged.prospect_id, engaged.person_id,
    engaged.unit || ':' || engaged.prospect_id || ':' || entry.list_id AS key,
    concat('track ', entry.track, coalesce(' (' || nullif(array_to_string(tracked.why, ', '), '') || ')', '')) AS why
FROM engaged_prospects AS engaged
JOIN tracked USING (person_id)
JOIN track_lists AS entry ON entry.track = tracked.track AND entry.unit = engaged.unit
WHERE NOT engaged.opted_out;

-- name: ours
-- What we did last about each membership, as far as the mirror has seen it by now or not (`ahead`).
CREATE OR REPLACE TEMP TABLE our_members AS
SELECT record_id AS key, split_part(record_id, ':', 1) AS unit, split_part(record_id, ':', 2)::BIGINT AS prospect_id,
    split_part(record_id, ':', 3)::BIGINT AS list_id, lower(value) = 'true' AS joined, written_at,
    written.number > coalesce(pulled.journal_number, 0) AS ahead
FROM written
LEFT JOIN cursor AS pulled
    ON pulled.stream = 'account_engagement.list_memberships' AND pulled.unit = split_part(record_id, ':', 1)
WHERE object = 'list-memberships' AND field = 'member';

-- name: states
-- How each of these memberships stands in the mirror, with whether it was ended after our last word about it.
CREATE OR REPLACE TEMP TABLE member_states AS
WITH keys AS (SELECT key FROM wanted_members UNION SELECT key FROM our_members),
theirs AS (
    SELECT _unit || ':' || prospect_id || ':' || list_id AS key, coalesce(is_deleted, FALSE) AS is_deleted,
        coalesce(opted_out, FALSE) AS opted_out
    FROM seen_account_engagement_list_memberships
),
ended AS (
    SELECT our_members.key
    FROM versions_account_engagement_list_memberships AS past
    JOIN our_members
        ON past._unit = our_members.unit AND past.prospect_id = our_members.prospect_id
        AND past.list_id = our_members.list_id
    WHERE past.is_deleted AND past._valid_from > our_members.written_at
    GROUP BY our_members.key
)
SELECT key, bool_or(NOT is_deleted AND NOT opted_out) AS live, bool_or(NOT is_deleted AND opted_out) AS opted_out,
    bool_or(is_deleted) AS gone, key IN (SELECT key FROM ended) AS ended_since
FROM theirs SEMI JOIN keys USING (key)
GROUP BY key;

-- name: left_alone
-- What is not written now: the answer to a write is still unknown, it was refused lately, or an undo has taken it back.
CREATE OR REPLACE TEMP TABLE members_left_alone AS
SELECT record AS key, NULL::BOOLEAN AS joined FROM journal WHERE outcome IS NULL AND object = 'list-memberships'
UNION ALL
SELECT record, NULL FROM failure
WHERE object = 'list-memberships' AND remedy = 'person' AND last_at > $as_of::TIMESTAMP - INTERVAL 1 DAY
UNION ALL
SELECT record_id, lower(value) = 'true' FROM held WHERE object = 'list-memberships' AND field = 'member';

-- name: changes
-- Added is who was never on the list, or whom we took off it. Taken off is whom we put there and nobody else touched.
SELECT unit, list_id, name, prospect_id, person_id, TRUE AS wanted, why
FROM wanted_members
LEFT JOIN member_states USING (key)
LEFT JOIN (SELECT key, joined FROM our_members) AS ours USING (key)
WHERE NOT coalesce(live, FALSE) AND NOT coalesce(opted_out, FALSE)
    AND CASE WHEN ours.joined IS NULL THEN NOT coalesce(gone, FALSE) ELSE NOT ours.joined END
    AND key NOT IN (SELECT key FROM members_left_alone WHERE coalesce(joined, TRUE))
UNION ALL
SELECT ours.unit, ours.list_id, one.name, ours.prospect_id, engaged.person_id, FALSE,
    CASE WHEN tracked.track IS NULL THEN 'is not on a track' ELSE 'moves to track ' || tracked.track END
FROM our_members AS ours
JOIN engaged_prospects AS engaged ON engaged.unit = ours.unit AND engaged.prospect_id = ours.prospect_id
JOIN member_states USING (key)
JOIN seen_account_engagement_lists AS one
    ON one._unit = ours.unit AND one.id = ours.list_id AND NOT coalesce(one.is_deleted, FALSE)
LEFT JOIN tracked ON tracked.person_id = engaged.person_id
WHERE ours.joined AND live AND NOT member_states.opted_out AND NOT ended_since
    AND key NOT IN (SELECT key FROM wanted_members)
    AND key NOT IN (SELECT key FROM members_left_alone WHERE NOT coalesce(joined, FALSE))
ORDER BY 1, 4, 6, 2;

-- name: stays
-- Who should be on a list and was taken off it, or opted out of it, by somebody else.
SELECT wanted_members.unit, wanted_members.prospect_id, wanted_members.list_id
FROM wanted_members
LEFT JOIN member_states USING (key)
LEFT JOIN our_members AS ours USING (key)
WHERE NOT coalesce(live, FALSE)
    AND (coalesce(member_states.opted_out, FALSE) OR CASE WHEN ours.joined IS NULL THEN coalesce(gone, FALSE) ELSE ours.joined AND NOT ahead END)
ORDER BY ALL;

-- name: lacking
-- Tracks whose list a business unit does not have, with how many people wait for it and one of them.
WITH meant AS (SELECT unnest($tracks::VARCHAR[]) AS track, unnest($names::VARCHAR[]) AS name)
SELECT min(engaged.person_id), tracked.track, engaged.unit, count(DISTINCT engaged.person_id)
FROM engaged_prospects AS engaged
JOIN tracked USING (person_id)
JOIN meant ON meant.track = tracked.track AND meant.name IS NOT NULL
ANTI JOIN track_lists ON track_lists.track = tracked.track AND track_lists.unit = engaged.unit
WHERE NOT engaged.opted_out
GROUP BY tracked.track, engaged.unit
ORDER BY tracked.track, engaged.unit;
