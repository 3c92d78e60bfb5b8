-- Imports of Account Engagement that took our rows: which entries of the journal went by which import of a business unit, so
-- that it can be asked after a crash what became of them. `import_id` is null until the remote has answered with one.
CREATE TABLE engagement_imports (
    first_number BIGINT NOT NULL,
    last_number BIGINT NOT NULL,
    unit VARCHAR NOT NULL,
    import_id BIGINT,
    begun_at TIMESTAMP NOT NULL,
    PRIMARY KEY (first_number)
);
