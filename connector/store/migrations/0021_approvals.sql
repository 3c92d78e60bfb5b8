-- What waits for somebody's word before it is written, and the word that was given. `wanted`: what the word is about, so
-- that it does not stand for something else later; empty where the subject says all. `word` is null while it waits.
CREATE TABLE approvals (
    kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    wanted VARCHAR NOT NULL,
    since TIMESTAMP NOT NULL,
    word VARCHAR,
    said_by VARCHAR,
    said_at TIMESTAMP,
    reason VARCHAR,
    PRIMARY KEY (kind, subject)
);
