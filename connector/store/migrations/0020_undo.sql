-- Undo: which run took which one back, and which values of ours are not written again by themselves.

-- A run of the connector that took another one back, or began to.
CREATE TABLE undo (
    run_id VARCHAR NOT NULL,
    undoes VARCHAR NOT NULL,
    begun_at TIMESTAMP NOT NULL,
    PRIMARY KEY (run_id)
);

-- Values of ours that were taken back: not written while ours is the same. `run_id` is the run that was taken back.
CREATE TABLE held (
    object VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    value VARCHAR,
    since TIMESTAMP NOT NULL,
    run_id VARCHAR NOT NULL
);
