-- What the remote has and what we have, stream by stream (SY-6). `at_id` is how far a rolling sweep of ids has come.
CREATE TABLE reconciliation (
    stream VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    reconciled_at TIMESTAMP NOT NULL,
    remote_rows BIGINT,
    mirror_rows BIGINT,
    missing BIGINT NOT NULL,
    vanished BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    at_id BIGINT NOT NULL,
    round_finished_at TIMESTAMP,
    PRIMARY KEY (stream, unit)
);
