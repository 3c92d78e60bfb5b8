-- Bulk jobs that took our rows: which entries of the journal went by which job, so that a job can be asked after a crash
-- what became of them. Without `job_id` nothing was uploaded. `polls` and `seconds` once it has ended: what waiting for the
-- next one will cost.
CREATE TABLE ingest_jobs (
    first_number BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    job_id VARCHAR,
    object VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    polls INTEGER,
    seconds DOUBLE,
    begun_at TIMESTAMP NOT NULL,
    PRIMARY KEY (first_number)
);
