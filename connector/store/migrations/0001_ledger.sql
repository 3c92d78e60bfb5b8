-- What cannot be pulled again: whom we know as one person, what was decided, what was written, and when.

CREATE TABLE org (
    org_id VARCHAR NOT NULL,
    name VARCHAR,
    url VARCHAR,
    writes_allowed_since TIMESTAMP,
    PRIMARY KEY (org_id)
);

-- One row a stream and business unit. The slice columns are set while a slice is being read. `journal_number` is how far
-- the journal had come at the end of the last slice: which came first, a write of ours or a reading, no clock can tell.
CREATE TABLE cursor (
    stream VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    watermark TIMESTAMP,
    slice_lower TIMESTAMP,
    slice_upper TIMESTAMP,
    at_stamp TIMESTAMP,
    at_id VARCHAR,
    pulled_at TIMESTAMP,
    journal_number BIGINT NOT NULL,
    PRIMARY KEY (stream, unit)
);

CREATE TABLE run (
    run_id VARCHAR NOT NULL,
    command VARCHAR NOT NULL,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    outcome VARCHAR,
    counts VARCHAR,
    PRIMARY KEY (run_id)
);

CREATE TABLE known_persons (
    record_key VARCHAR NOT NULL,
    person_id VARCHAR NOT NULL,
    since TIMESTAMP NOT NULL,
    PRIMARY KEY (record_key)
);

CREATE TABLE transitions (
    person_id VARCHAR NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    from_stage VARCHAR,
    to_stage VARCHAR NOT NULL,
    reason VARCHAR,
    score INTEGER,
    run_id VARCHAR NOT NULL,
    recorded_at TIMESTAMP NOT NULL
);

CREATE TABLE cadence_runs (
    person_id VARCHAR NOT NULL,
    cadence VARCHAR NOT NULL,
    start_date DATE NOT NULL,
    key_record VARCHAR NOT NULL,
    crossed_at TIMESTAMP,
    recorded_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    end_reason VARCHAR,
    run_id VARCHAR NOT NULL,
    PRIMARY KEY (person_id, cadence, start_date)
);

-- The last value that we wrote into each field: the base of the next comparison.
CREATE TABLE written (
    object VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    value VARCHAR,
    written_at TIMESTAMP NOT NULL,
    run_id VARCHAR NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (object, record_id, field)
);

CREATE SEQUENCE journal_number;

-- Intent before a call, outcome after it, the values before and after.
CREATE TABLE journal (
    number BIGINT NOT NULL DEFAULT nextval('journal_number'),
    run_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    object VARCHAR NOT NULL,
    record VARCHAR NOT NULL,
    values_before VARCHAR,
    values_after VARCHAR NOT NULL,
    why VARCHAR,
    intended_at TIMESTAMP NOT NULL,
    outcome VARCHAR,
    error_code VARCHAR,
    message VARCHAR,
    settled_at TIMESTAMP,
    PRIMARY KEY (number)
);
