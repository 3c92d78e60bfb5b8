-- Fields that a remote has shown us once: only these can vanish; one that was never there is a mistake in the mapping.
CREATE TABLE shown_fields (
    stream VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    PRIMARY KEY (stream, unit, field)
);

-- Fields that a remote does not show any more; field '' is the object itself. `place`: the line of fields.yaml.
CREATE TABLE hidden_fields (
    stream VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    since TIMESTAMP NOT NULL,
    looked_at TIMESTAMP NOT NULL,
    place VARCHAR NOT NULL,
    most_similar VARCHAR,
    PRIMARY KEY (stream, unit, field)
);

-- What a comparison found beside missing and vanished rows, and how far the rolling comparison of each row has come.
ALTER TABLE reconciliation ADD COLUMN stale BIGINT DEFAULT 0;
ALTER TABLE reconciliation ADD COLUMN waiting BIGINT DEFAULT 0;
ALTER TABLE reconciliation ADD COLUMN examples VARCHAR;
ALTER TABLE reconciliation ADD COLUMN at_stamp TIMESTAMP;
ALTER TABLE reconciliation ADD COLUMN rolled_at TIMESTAMP;
ALTER TABLE reconciliation ADD COLUMN held_since TIMESTAMP;
