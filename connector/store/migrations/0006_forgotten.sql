-- Whom this store has forgotten (SY-10). A digest is sha256 over the salt and the record's stream, unit and id: it tells
-- whether a record that comes from the remote is one that was forgotten, and nothing else. No name, address or id is kept.

CREATE TABLE forgetting (
    number BIGINT NOT NULL,
    forgotten_at TIMESTAMP NOT NULL,
    reason VARCHAR NOT NULL,
    counts VARCHAR NOT NULL,
    rewritten_at TIMESTAMP,
    PRIMARY KEY (number)
);

CREATE TABLE forgotten (
    digest VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    stamp TIMESTAMP,
    is_deleted BOOLEAN NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (digest)
);

CREATE TABLE forgotten_salt (salt VARCHAR NOT NULL);

-- Files that we wrote and that hold people, so that they can be searched and deleted.
CREATE TABLE kept_file (
    path VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL,
    PRIMARY KEY (path)
);

-- When old values were last put away.
CREATE TABLE tidied (tidied_at TIMESTAMP NOT NULL);
