-- What was decided about everybody who came in, when that was first decided and whenever it changed (EN-8): whether they
-- are a target, whether they are nurtured, and why. The last row of a person is what holds.
CREATE TABLE intakes (
    person_id VARCHAR NOT NULL,
    target BOOLEAN NOT NULL,
    target_why VARCHAR NOT NULL,
    nurture BOOLEAN NOT NULL,
    nurture_why VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL
);
