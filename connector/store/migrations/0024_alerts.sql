-- What somebody is told of at once (OP-6). A row stands until what it tells of is over (ended_at); it is told once
-- (told_at). The same thing may begin anew later: that is another row.
CREATE TABLE alerts (
    kind VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    record_id VARCHAR,
    detail VARCHAR NOT NULL,
    began_at TIMESTAMP NOT NULL,
    told_at TIMESTAMP,
    ended_at TIMESTAMP
);
