-- name: lines
-- The rows of the file as text, each with its line.
CREATE OR REPLACE TEMP TABLE list_lines AS
SELECT
    ($first_line + n - 1 + coalesce(sum(breaks) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW), 0))::INTEGER
        AS line,
    spilled, <<cells>>
FROM (
    SELECT row_number() OVER () AS n, spilled IS NOT NULL AS spilled,
        length(<<joined>>) - length(replace(<<joined>>, chr(10), '')) AS breaks,
        <<columns>>
    FROM read_csv(<<file>>, header = FALSE, all_varchar = TRUE, delim = <<delimiter>>, quote = '"', escape = '"',
        auto_detect = FALSE, parallel = FALSE, null_padding = TRUE, strict_mode = FALSE, new_line = '\n',
        columns = <<types>>)
);

-- name: unusual
-- The distinct addresses that plain lower-casing does not bring into one form.
SELECT DISTINCT email_text FROM list_cells WHERE regexp_matches(email_text, '[^\x21-\x7e]');

-- name: cells
-- The cells that mean something, empty lines left out. Digits and letters are half-width where they are to be read.
CREATE OR REPLACE TEMP TABLE list_cells AS
SELECT line, spilled,
    coalesce(nullif(regexp_extract(<<email>>, '<([^<>]+)>', 1), ''), regexp_replace(<<email>>, '^mailto:', '', 'i'))
        AS email_text,
    coalesce(<<name>>, nullif(concat_ws(' ', <<last_name>>, <<first_name>>), '')) AS person_name,
    coalesce(<<first_name>>, string_split_regex(<<name>>, '[\s　]+')[2]) AS first_name,
    coalesce(<<last_name>>, string_split_regex(<<name>>, '[\s　]+')[1]) AS last_name,
    <<company>> AS company, <<department>> AS department, <<title>> AS title,
    list_plain(<<registered_at>>) AS registered_text,
    list_plain(<<attended>>) AS attended_text,
    list_plain(<<attended_at>>) AS attended_at_text,
    list_plain(<<minutes>>) AS minutes_text,
    lower(list_plain(<<asked>>)) AS asked_text,
    lower(list_plain(<<consent>>)) AS consent_text,
    list_plain(<<review_score>>) AS score_text,
    <<segment>> AS segment_text,
    map_from_entries(
        list_filter(list_zip($questions::VARCHAR[], [<<answers>>]::VARCHAR[]), lambda one: one[2] IS NOT NULL)
    ) AS answers
FROM list_lines
WHERE concat_ws('', <<all_cells>>) <> '';

-- name: trim
-- A cell without white space around it and without the ="…" by which spreadsheets keep text as text.
CREATE OR REPLACE TEMP MACRO list_trim(cell) AS nullif(
    regexp_replace(regexp_replace(cell, '^="(.*)"$', '\1'), '^[\s\x{a0}　]+|[\s\x{a0}　]+$', '', 'g'), ''
);

-- name: plain
CREATE OR REPLACE TEMP MACRO list_plain(cell) AS regexp_replace(regexp_replace(regexp_replace(translate(
    cell,
    '０１２３４５６７８９／：－．，＋　ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺａｂｃｄｅｆｇｈｉｊｋｌｍｎｏｐｑｒｓｔｕｖｗｘｙｚ',
    '0123456789/:-.,+ ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
), '\s*[(（][日月火水木金土][)）]\s*', ' '), '(午前|午後)\s*0?0:', '\1 12:'), '(午前|午後)\s*(\d{1,2}:\d{2}(:\d{2})?)', '\2 \1');

-- name: moment
-- A time as people write it, in UTC: with an offset as it says, else in the given zone; a spreadsheet's bare number, too.
CREATE OR REPLACE TEMP MACRO list_moment(cell, zone, forms) AS CASE
    WHEN regexp_matches(cell, '^\d{4}-\d{2}-\d{2}[T ].*(Z|[+-]\d{2}:?\d{2})$')
        THEN try_cast(cell AS TIMESTAMPTZ) AT TIME ZONE 'UTC'
    WHEN regexp_matches(cell, '^\d{5}(\.\d+)?$')
        THEN timezone(zone, TIMESTAMP '1899-12-30' + to_seconds(round(cell::DOUBLE * 86400)::BIGINT)) AT TIME ZONE 'UTC'
    ELSE timezone(zone, try_strptime(replace(replace(cell, '午前', 'AM'), '午後', 'PM'), forms)) AT TIME ZONE 'UTC'
END;

-- name: amount
-- A length of time in minutes: 45, 45分, 45 min, 1:02:30.
CREATE OR REPLACE TEMP MACRO list_minutes(cell) AS CASE
    WHEN regexp_matches(cell, '^\d+(\.\d+)?\s*(分|m|min|mins|minutes?)?$', 'i')
        THEN floor(regexp_extract(cell, '^\d+(\.\d+)?')::DOUBLE)::BIGINT
    WHEN regexp_matches(cell, '^\d+:\d{2}:\d{2}$')
        THEN split_part(cell, ':', 1)::BIGINT * 60 + split_part(cell, ':', 2)::BIGINT
END;

-- name: read
-- The cells as values; what is there and cannot be read stays as the row's fault.
CREATE OR REPLACE TEMP TABLE list_read AS
WITH valued AS (
    SELECT cells.* EXCLUDE (email_text), coalesce(folded.folded, lower(cells.email_text)) AS email,
        list_moment(registered_text, $zone, $forms::VARCHAR[]) AS registered_at,
        list_moment(attended_at_text, $zone, $forms::VARCHAR[]) AS joined_at,
        CASE WHEN list_contains($yes::VARCHAR[], lower(attended_text)) THEN TRUE
            WHEN list_contains($no::VARCHAR[], lower(attended_text)) THEN FALSE END AS said,
        coalesce(list_minutes(minutes_text), CASE WHEN said IS NULL THEN list_minutes(attended_text) END) AS minutes,
        CASE WHEN list_contains($no::VARCHAR[], asked_text) THEN FALSE WHEN asked_text IS NOT NULL THEN TRUE END
            AS asked,
        CASE WHEN list_contains($yes::VARCHAR[], consent_text) THEN TRUE
            WHEN list_contains($no::VARCHAR[], consent_text) THEN FALSE END AS consent,
        try_cast(regexp_replace(score_text, '[点,]', '', 'g') AS DOUBLE) AS review_score
    FROM list_cells AS cells
    LEFT JOIN list_folded AS folded USING (email_text)
)
SELECT *,
    CASE
        WHEN spilled THEN 'spilled'
        WHEN email IS NULL THEN 'no_email'
        WHEN NOT regexp_matches(email, '^[^@\s"<>,;]+@[^@\s"<>,;]+\.[^@\s"<>,;.]+$') THEN 'email'
        WHEN registered_text IS NOT NULL AND registered_at IS NULL THEN 'registered_at'
        WHEN attended_at_text IS NOT NULL AND joined_at IS NULL THEN 'attended_at'
        WHEN minutes_text IS NOT NULL AND list_minutes(minutes_text) IS NULL THEN 'minutes'
        WHEN attended_text IS NOT NULL AND said IS NULL AND list_minutes(attended_text) IS NULL THEN 'attended'
        WHEN consent_text IS NOT NULL AND consent IS NULL THEN 'consent'
        WHEN score_text IS NOT NULL AND review_score IS NULL THEN 'review_score'
        WHEN $timed AND coalesce(registered_at, joined_at, $held_at::TIMESTAMP) IS NULL THEN 'no_time'
        WHEN coalesce(greatest(registered_at, joined_at) > $latest::TIMESTAMP, FALSE) THEN 'future'
    END AS fault
FROM valued;

-- name: refused
SELECT fault, count(*), list(line ORDER BY line)[:10] FROM list_read WHERE fault IS NOT NULL GROUP BY fault ORDER BY min(line);

-- name: members
-- One row a person: what several rows say of one address is put together, the first word of each attribute wins.
-- Where minutes are told they decide who attended.
CREATE OR REPLACE TEMP TABLE list_staged AS
WITH together AS (
    SELECT left(sha256('list:' || email), 24) AS member_id, min(line) AS line, email,
        arg_min(person_name, line) AS person_name, arg_min(first_name, line) AS first_name,
        arg_min(last_name, line) AS last_name, arg_min(company, line) AS company,
        arg_min(department, line) AS department, arg_min(title, line) AS title,
        min(registered_at) AS registered_at, sum(minutes)::BIGINT AS minutes, bool_or(said) AS said,
        min(joined_at) AS joined_at, coalesce(bool_or(asked), FALSE) AS asked, bool_and(consent) AS consent,
        avg(review_score) AS review_score, arg_min(segment_text, line) AS segment_text,
        list_reduce(list(answers ORDER BY line), lambda first, later: map_concat(later, first)) AS answers
    FROM list_read
    WHERE fault IS NULL
    GROUP BY email
)
SELECT member_id, line, email, person_name, first_name, last_name, company, department, title, registered_at,
    $all_attended OR CASE WHEN minutes IS NOT NULL THEN minutes >= $attended_from AND said IS NOT FALSE
        ELSE coalesce(said, joined_at IS NOT NULL) END AS attended,
    CASE WHEN attended THEN coalesce(joined_at, greatest($held_at::TIMESTAMP, registered_at)) END AS attended_at,
    minutes, asked, CASE WHEN cardinality(answers) > 0 THEN to_json(answers)::VARCHAR END AS answers,
    consent, review_score, segment_text
FROM together;

-- name: segmented
-- The first segment whose condition holds, or the one that the file names; and the last day of its follow-up.
CREATE OR REPLACE TEMP TABLE list_new AS
WITH placed AS (
    SELECT member.* EXCLUDE (kind, answered, segment_text),
        CASE WHEN $by_column THEN coalesce(named.id, member.segment_text) ELSE <<segment>> END AS segment,
        member.segment_text AS word,
        coalesce($held_at::TIMESTAMP, member.attended_at, member.registered_at, $now::TIMESTAMP) AS begun_at
    FROM (SELECT *, $kind AS kind, answers IS NOT NULL AS answered FROM list_staged) AS member
    LEFT JOIN (SELECT id, unnest([lower(id), lower(ja), lower(en)]) AS called FROM list_segments) AS named
        ON named.called = lower(member.segment_text)
    QUALIFY row_number() OVER (PARTITION BY member.member_id ORDER BY named.id) = 1
)
SELECT placed.* EXCLUDE (word, begun_at), coalesce(known.ja, placed.segment) AS segment_ja,
    coalesce(known.en, placed.segment) AS segment_en,
    least($follow_up_until::DATE,
        timezone($zone, timezone('UTC', placed.begun_at))::DATE + known.days::INTEGER) AS follow_up_until
FROM placed
LEFT JOIN list_segments AS known ON known.id = placed.segment;

-- name: same
-- Whether the current version says the same, word for word; lines may differ.
SELECT count(*) = 0
FROM (
    (SELECT <<values>> FROM list_new EXCEPT SELECT <<values>> FROM list_member
        WHERE name = $name AND version = $version)
    UNION ALL
    (SELECT <<values>> FROM list_member WHERE name = $name AND version = $version
        EXCEPT SELECT <<values>> FROM list_new)
);

-- name: keep
INSERT INTO list_member BY NAME SELECT $name AS name, $version AS version, * FROM list_new;
