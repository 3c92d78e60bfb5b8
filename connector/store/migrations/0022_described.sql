-- What the org said of each object when its mapping was last checked against it: `fields` is JSON, one entry a field with
-- what a mapping depends on. `looked_at`: when it was last compared, by a check or by the daemon.
CREATE TABLE described (
    object VARCHAR PRIMARY KEY,
    fields VARCHAR NOT NULL,
    checked_at TIMESTAMP NOT NULL,
    looked_at TIMESTAMP NOT NULL
);
