-- The lives of people as they were worked out: what was known when. A transition that later data has made untrue is
-- withdrawn, never changed. Only of those whose life is more than registered and cold. `place`: at one instant.
CREATE TABLE known_life (
    person_id VARCHAR NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    place INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    from_stage VARCHAR,
    to_stage VARCHAR,
    rules VARCHAR[] NOT NULL,
    score BIGINT,
    undated VARCHAR[] NOT NULL,
    seen_at TIMESTAMP NOT NULL,
    withdrawn_at TIMESTAMP
);
