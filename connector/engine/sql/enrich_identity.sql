-- name: records
-- Every lead, contact and prospect with what joins it to others. `live` is true for what still exists: a converted
-- lead lives as long as its contact was not deleted. `joins` is the record that an explicit link names.
CREATE OR REPLACE TEMP TABLE enrich_records AS
SELECT row_number() OVER (ORDER BY record_key) AS node, *
FROM (
    SELECT
        'salesforce.Lead:' || lead.id AS record_key, 'lead' AS kind, lead._unit AS unit, lead.id AS record_id,
        lead.email, lead.first_name, lead.last_name, lead.created_at, lead.stamp,
        NOT coalesce(lead.is_deleted, FALSE)
            AND NOT (coalesce(lead.is_converted, FALSE) AND coalesce(contact.gone, FALSE)) AS live,
        coalesce(lead.is_converted, FALSE) AS converted,
        coalesce(lead.is_deleted, FALSE) AND lead.master_id IS NOT NULL AS merged,
        CASE
            WHEN coalesce(lead.is_deleted, FALSE) THEN 'salesforce.Lead:' || lead.master_id
            WHEN lead.is_converted THEN 'salesforce.Contact:' || lead.converted_contact_id
        END AS joins
    FROM seen_salesforce_lead AS lead
    LEFT JOIN (
        SELECT id, coalesce(is_deleted, FALSE) AND master_id IS NULL AS gone FROM seen_salesforce_contact
    ) AS contact ON contact.id = lead.converted_contact_id
    UNION ALL
    SELECT
        'salesforce.Contact:' || id, 'contact', _unit, id, email, first_name, last_name, created_at, stamp,
        NOT coalesce(is_deleted, FALSE), FALSE, coalesce(is_deleted, FALSE) AND master_id IS NOT NULL,
        CASE WHEN coalesce(is_deleted, FALSE) THEN 'salesforce.Contact:' || master_id END
    FROM seen_salesforce_contact
    UNION ALL
    SELECT
        'account_engagement.prospects:' || _unit || ':' || id, 'prospect', _unit, id::VARCHAR, email, first_name,
        last_name, created_at, stamp, NOT coalesce(is_deleted, FALSE), FALSE, FALSE, NULL
    FROM seen_account_engagement_prospects
);

-- name: unusual_emails
-- The distinct addresses that plain lower-casing does not bring into one form.
SELECT DISTINCT email FROM enrich_records WHERE live AND regexp_matches(email, '[^\x21-\x7e]');

-- name: addresses
-- One comparable address a live record. The address of a shared mailbox joins only records of the same name, or all
-- of them while the mailbox knows one name only. An address that a crowd of names gives is shared, too.
CREATE OR REPLACE TEMP TABLE enrich_addresses AS
WITH written AS (
    SELECT record.node, coalesce(folded.folded, lower(record.email)) AS address,
        lower(coalesce(record.first_name, '')) AS first_name, lower(coalesce(record.last_name, '')) AS last_name
    FROM enrich_records AS record
    LEFT JOIN enrich_folded_emails AS folded ON folded.email = record.email
    WHERE record.live AND record.email IS NOT NULL
),
named AS (
    SELECT node, address, split_part(address, '@', 1) IN (SELECT mailbox FROM enrich_role_mailboxes) AS shared,
        nullif(regexp_replace(
            nfc_normalize(least(first_name, last_name) || greatest(first_name, last_name)), '\s', '', 'g'
        ), '') AS person_name
    FROM written
    WHERE address LIKE '_%@_%'
),
names AS (
    SELECT address, bool_or(shared) AS shared, count(DISTINCT person_name) AS names FROM named GROUP BY address
)
SELECT named.node,
    CASE WHEN names.names > $crowd OR (names.shared AND names.names > 1)
        THEN named.address || ' ' || named.person_name ELSE named.address END AS address
FROM named
JOIN names USING (address);

-- name: edges
-- Which records are the same human, in both directions: links first, then addresses, each to the address's first record.
CREATE OR REPLACE TEMP TABLE enrich_edges AS
WITH links AS (
    SELECT record.node AS a, other.node AS b
    FROM enrich_records AS record
    JOIN enrich_records AS other ON other.record_key = record.joins
    UNION ALL
    SELECT record.node, other.node
    FROM seen_account_engagement_prospects AS prospect
    JOIN enrich_records AS record
        ON record.record_key = 'account_engagement.prospects:' || prospect._unit || ':' || prospect.id
    JOIN enrich_records AS other
        ON other.kind = 'lead' AND left(other.record_id, 15) = left(prospect.lead_id, 15)
    WHERE prospect.lead_id IS NOT NULL
    UNION ALL
    SELECT record.node, other.node
    FROM seen_account_engagement_prospects AS prospect
    JOIN enrich_records AS record
        ON record.record_key = 'account_engagement.prospects:' || prospect._unit || ':' || prospect.id
    JOIN enrich_records AS other
        ON other.kind = 'contact' AND left(other.record_id, 15) = left(prospect.contact_id, 15)
    WHERE prospect.contact_id IS NOT NULL
    UNION ALL
    SELECT node, min(node) OVER (PARTITION BY address) FROM enrich_addresses WHERE address IS NOT NULL
)
SELECT a, b FROM links WHERE a <> b
UNION ALL
SELECT b, a FROM links WHERE a <> b;

-- name: labels
-- To begin with every record is a human of its own.
CREATE OR REPLACE TEMP TABLE enrich_labels AS SELECT node, node AS label FROM enrich_records;

-- name: spread
-- One step: each record takes the least label among its neighbours, then that label's own label.
CREATE OR REPLACE TEMP TABLE enrich_next_labels AS
WITH heard AS (
    SELECT edge.a AS node, min(neighbour.label) AS label
    FROM enrich_edges AS edge
    JOIN enrich_labels AS neighbour ON neighbour.node = edge.b
    GROUP BY edge.a
),
least_heard AS (
    SELECT own.node, least(own.label, coalesce(heard.label, own.label)) AS label
    FROM enrich_labels AS own
    LEFT JOIN heard USING (node)
)
SELECT one.node, least(one.label, root.label) AS label
FROM least_heard AS one
JOIN least_heard AS root ON root.node = one.label;

-- name: still_spreading
-- How many labels the step changed.
SELECT count(*) FROM enrich_next_labels AS new JOIN enrich_labels AS old USING (node) WHERE new.label <> old.label;

-- name: adopt_labels
CREATE OR REPLACE TEMP TABLE enrich_labels AS SELECT node, label FROM enrich_next_labels;

-- name: claims
-- Which known person ids each human has a claim to, by its records in the ledger.
CREATE OR REPLACE TEMP TABLE enrich_claims AS
SELECT labels.label, known.person_id, bool_or(record.live) OVER (PARTITION BY labels.label) AS live,
    known.since, known.record_key
FROM enrich_labels AS labels
JOIN enrich_records AS record USING (node)
JOIN known_persons AS known ON known.record_key = record.record_key;

-- name: person_ids
CREATE OR REPLACE TEMP TABLE enrich_person_ids (label BIGINT, person_id VARCHAR);

-- name: grant_claims
-- Each human that has no id yet reaches for the oldest free one that it knows; where two reach for the same (records
-- that were one human once), the one with a live record goes first, then the older record.
INSERT INTO enrich_person_ids
WITH wanted AS (
    SELECT label, person_id, live, since, record_key
    FROM enrich_claims
    WHERE label NOT IN (SELECT label FROM enrich_person_ids)
        AND person_id NOT IN (SELECT person_id FROM enrich_person_ids)
    QUALIFY row_number() OVER (PARTITION BY label ORDER BY since, person_id, record_key) = 1
)
SELECT label, person_id
FROM wanted
QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY live DESC, since, record_key) = 1;

-- name: new_person_ids
-- Whom nobody knew gets an id from the first record's key; an id that another human holds is not given again.
INSERT INTO enrich_person_ids
WITH fresh AS (
    SELECT labels.label, min(record.record_key) AS first_key,
        'P' || upper(left(sha256(min(record.record_key)), 14)) AS first_id
    FROM enrich_labels AS labels
    JOIN enrich_records AS record USING (node)
    WHERE labels.label NOT IN (SELECT label FROM enrich_person_ids)
    GROUP BY labels.label
),
taken AS (
    SELECT person_id FROM known_persons
    UNION
    SELECT person_id FROM enrich_person_ids
)
SELECT label,
    CASE WHEN first_id IN (SELECT person_id FROM taken) THEN 'P' || upper(left(sha256(first_key || first_id), 14))
        ELSE first_id END
FROM fresh;

-- name: person_records
-- Which human each record belongs to. Tombstones keep theirs, so that an undelete finds back.
CREATE OR REPLACE TEMP TABLE person_records AS
SELECT record.record_key, ids.person_id, record.live, record.kind, record.unit, record.record_id, record.converted,
    record.merged, record.created_at, record.stamp
FROM enrich_records AS record
JOIN enrich_labels AS labels USING (node)
JOIN enrich_person_ids AS ids USING (label);
