-- API calls that were made, by the hour (UTC) in which they began: a budget of the day is kept over many short runs.
CREATE TABLE api_call (
    hour TIMESTAMP NOT NULL,
    account VARCHAR NOT NULL,
    stream VARCHAR NOT NULL,
    purpose VARCHAR NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (hour, account, stream, purpose)
);

-- What each account last told of its day: `heard_at` by the account's clock, `heard_here` by this machine's.
CREATE TABLE api_allowance (
    account VARCHAR NOT NULL,
    used BIGINT NOT NULL,
    allowed BIGINT NOT NULL,
    heard_at TIMESTAMP NOT NULL,
    heard_here TIMESTAMP NOT NULL,
    zone VARCHAR NOT NULL,
    PRIMARY KEY (account)
);

-- What is said of a stream: in how many comparisons running it lacked rows (`gaps`, up to the one at `compared_at`), and
-- since when an alarm about it is on. So each alarm is said once, whichever process sees it.
CREATE TABLE stream_watch (
    stream VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    compared_at TIMESTAMP,
    gaps INTEGER NOT NULL,
    alarm VARCHAR,
    since TIMESTAMP,
    PRIMARY KEY (stream, unit)
);
