-- A stream that was only read since a date: what changed before `floor` was never asked for.
ALTER TABLE cursor ADD COLUMN floor TIMESTAMP;

-- What somebody asked for. `until` is NULL where that was "up to now". While `finished_at` is NULL it goes on. Crossings
-- up to `acts_from` are history; NULL: all are acted upon.
CREATE TABLE backfill (
    backfill_id VARCHAR NOT NULL,
    since TIMESTAMP NOT NULL,
    until TIMESTAMP,
    objects VARCHAR NOT NULL,
    act BOOLEAN NOT NULL,
    again BOOLEAN NOT NULL,
    begun_at TIMESTAMP NOT NULL,
    acts_from TIMESTAMP,
    finished_at TIMESTAMP,
    outcome VARCHAR,
    PRIMARY KEY (backfill_id)
);

-- Each stream of it. It is read down to `lowest` (NULL: to its beginning). `floor_before` is what the mirror held before a
-- reading again. `expected` are the rows that the remote counted at the start.
CREATE TABLE backfill_stream (
    backfill_id VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    lowest TIMESTAMP,
    floor_before TIMESTAMP,
    expected BIGINT,
    finished_at TIMESTAMP,
    PRIMARY KEY (backfill_id, stream, unit)
);

-- The slices that were planned, newest first. One with `finished_at` is never asked for again.
CREATE TABLE backfill_slice (
    backfill_id VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    lower TIMESTAMP,
    upper TIMESTAMP,
    expected BIGINT,
    rows BIGINT,
    planned_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    PRIMARY KEY (backfill_id, stream, unit, number)
);

-- Who was waiting for follow-up when history was about to come in: their crossings are none that it brought.
CREATE TABLE waiting_before_backfill (
    person_id VARCHAR NOT NULL,
    PRIMARY KEY (person_id)
);
