-- The rows that a remote refused and that nothing has resolved since, one a record (or a key of a task). `fields`: those
-- that the remote named. `wanted`: what we wanted to write, as the ledger compares values. `remedy`: now, later, next or
-- person. `seen`: the record's stamp by then, `number`: the entry of the journal: what came after them is news.
CREATE TABLE failure (
    object VARCHAR NOT NULL,
    record VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    fields VARCHAR[] NOT NULL,
    code VARCHAR NOT NULL,
    message VARCHAR,
    remedy VARCHAR NOT NULL,
    wanted VARCHAR NOT NULL,
    seen TIMESTAMP,
    number BIGINT NOT NULL,
    since TIMESTAMP NOT NULL,
    times INTEGER NOT NULL,
    last_at TIMESTAMP NOT NULL,
    run_id VARCHAR NOT NULL,
    PRIMARY KEY (object, record)
);
