-- Far systems that are asked what they have to say: how far each feed was read, whose turn it is.
CREATE TABLE feed (
    system text NOT NULL,
    name text NOT NULL,
    cursor text NOT NULL DEFAULT '',
    due_time timestamptz,  -- NULL: never read
    worker text,
    until timestamptz,
    epoch bigint NOT NULL DEFAULT 0,
    read_time timestamptz,
    problem text NOT NULL DEFAULT '',
    failures integer NOT NULL DEFAULT 0,
    CONSTRAINT feed_of_system PRIMARY KEY (system, name)
) WITH (fillfactor = 50);

-- Records that a far system pointed at and that are not read yet.
CREATE TABLE feed_nudge (
    system text NOT NULL,
    feed text NOT NULL,
    record text NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    nudged_time timestamptz NOT NULL,
    CONSTRAINT feed_nudge_record PRIMARY KEY (system, feed, record)
) WITH (fillfactor = 50);
