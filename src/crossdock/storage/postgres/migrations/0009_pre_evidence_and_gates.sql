-- What was seen of each attempt, who made it, and what the workers of a destination share.

ALTER TABLE due
    ADD COLUMN begun_time timestamptz,  -- of the attempt in flight
    ADD COLUMN doubt_time timestamptz;  -- the last moment at which a doubtful attempt can have sent

ALTER TABLE attempt
    ADD COLUMN begun_time timestamptz,  -- none: it ended the effect without sending
    ADD COLUMN holder text NOT NULL DEFAULT '',
    ADD COLUMN status smallint,
    ADD COLUMN words text NOT NULL DEFAULT '',
    ADD COLUMN sent bytea NOT NULL DEFAULT '',
    ADD COLUMN received bytea NOT NULL DEFAULT '';

-- Hubs and workers, each with how often it said that it lives.
CREATE TABLE holder (
    name text PRIMARY KEY,
    beats bigint NOT NULL
) WITH (fillfactor = 10);

-- What all workers of a destination go by: its breaker, its quota, its requests at once.
CREATE TABLE gate (
    destination text PRIMARY KEY,
    revision bigint NOT NULL,
    state bytea NOT NULL
) WITH (fillfactor = 10);
