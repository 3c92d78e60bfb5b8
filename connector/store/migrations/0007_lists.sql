-- Lists of people that were imported (SY-12), each version of each. What identifies a person stands in list_member alone.
CREATE TABLE imported_list (
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    kind VARCHAR NOT NULL,
    held_at TIMESTAMP,
    follow_up_until DATE,
    imported_at TIMESTAMP NOT NULL,
    until TIMESTAMP,
    PRIMARY KEY (name, version)
);

-- One row a person of a version. `member_id` is made from the address and is the record by which the person is known.
CREATE TABLE list_member (
    name VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    member_id VARCHAR NOT NULL,
    line INTEGER NOT NULL,
    email VARCHAR NOT NULL,
    person_name VARCHAR,
    first_name VARCHAR,
    last_name VARCHAR,
    company VARCHAR,
    department VARCHAR,
    title VARCHAR,
    registered_at TIMESTAMP,
    attended BOOLEAN,
    attended_at TIMESTAMP,
    minutes BIGINT,
    asked BOOLEAN,
    answers VARCHAR,
    consent BOOLEAN,
    review_score DOUBLE,
    segment VARCHAR,
    segment_ja VARCHAR,
    segment_en VARCHAR,
    follow_up_until DATE,
    PRIMARY KEY (name, version, member_id)
);
