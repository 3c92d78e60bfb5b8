-- Values of people that stay where ours would be written, since when, and who put them there. A lock ends when their
-- value is ours again, when it is released, or when the record goes. `seen_at`: the first plan that saw it.
CREATE TABLE lock (
    object VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    person_id VARCHAR,
    theirs VARCHAR,
    ours VARCHAR,
    since TIMESTAMP NOT NULL,
    by_id VARCHAR,
    seen_at TIMESTAMP NOT NULL,
    PRIMARY KEY (object, record_id, field)
);
