-- What has changed since the last evaluation, and what that said: so that the next one can leave the others alone. All of
-- it can be made again by a full evaluation.

-- Records of which the mirror changed; without an id it may be any record of the stream, without a stream any at all.
CREATE TABLE touched (
    stream VARCHAR,
    unit VARCHAR,
    id VARCHAR
);

-- One row a person. `pending`: something is still to be written, or waits, or is followed up. `next_change_at`: when time
-- alone can change anything next. `digest`: of all that was decided.
CREATE TABLE evaluated (
    person_id VARCHAR NOT NULL,
    company_id VARCHAR,
    pending BOOLEAN NOT NULL,
    next_change_at TIMESTAMP,
    score BIGINT NOT NULL,
    stage VARCHAR NOT NULL,
    digest UBIGINT NOT NULL
);

CREATE TABLE evaluated_account (
    account_id VARCHAR NOT NULL,
    company_id VARCHAR NOT NULL
);

-- The evaluations since the last full one, that one included. `differences`: answers of people who had not been touched
-- that a full evaluation found otherwise.
CREATE TABLE evaluation (
    as_of TIMESTAMP NOT NULL,
    whole BOOLEAN NOT NULL,
    basis VARCHAR NOT NULL,
    people BIGINT NOT NULL,
    differences BIGINT NOT NULL,
    examples VARCHAR NOT NULL
);
