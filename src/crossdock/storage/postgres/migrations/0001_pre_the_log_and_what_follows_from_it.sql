-- Numbers and limits: quantities and positions are bounded bigints, never NUMERIC (which has NaN).
-- Times are parameters; no statement asks the server's clock.

CREATE TABLE hub (
    name text PRIMARY KEY,
    value text NOT NULL
);

-- The log. A position is given under the head's row lock and is gapless per partition.
CREATE TABLE log_head (
    partition smallint PRIMARY KEY,
    head bigint NOT NULL DEFAULT 0 CONSTRAINT log_head_not_negative CHECK (head >= 0)
) WITH (fillfactor = 10);

CREATE TABLE message (
    partition smallint NOT NULL,
    position bigint NOT NULL,
    transport_key bytea NOT NULL,
    business_key bytea,
    content bytea NOT NULL,
    source text NOT NULL,
    id text NOT NULL,
    type text NOT NULL,
    key text NOT NULL,
    correlation text,
    causation text,
    event_time timestamptz NOT NULL,
    recorded_time timestamptz,
    received_time timestamptz NOT NULL,
    rival text,
    sha256 bytea NOT NULL CONSTRAINT message_sha256_whole CHECK (octet_length(sha256) = 32),
    raw bytea NOT NULL,
    CONSTRAINT message_place PRIMARY KEY (partition, position)
);
CREATE UNIQUE INDEX message_transport_key ON message (transport_key);
CREATE UNIQUE INDEX message_business_key ON message (business_key) WHERE business_key IS NOT NULL;

-- Deliveries that said again what the log had already.
CREATE TABLE absorbed (
    absorbed_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partition smallint NOT NULL,
    position bigint NOT NULL,
    source text NOT NULL,
    id text NOT NULL,
    received_time timestamptz NOT NULL
);

-- Who decides a partition, under which epoch, and how far.
CREATE TABLE lease (
    partition smallint PRIMARY KEY,
    owner text,
    epoch bigint NOT NULL DEFAULT 0,
    until timestamptz,
    decided bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 10);

-- What each message decided: the other half of the log.
CREATE TABLE outcome (
    partition smallint NOT NULL,
    position bigint NOT NULL,
    fate text NOT NULL
        CONSTRAINT outcome_fate_known CHECK (fate IN ('applied', 'superseded', 'held', 'dead')),
    processed_time timestamptz NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT outcome_place PRIMARY KEY (partition, position)
);
CREATE INDEX outcome_not_applied ON outcome (fate, partition, position) WHERE fate <> 'applied';

-- The double-entry stock ledger: every movement takes from one account what it gives to another.
CREATE TABLE movement (
    partition smallint NOT NULL,
    position bigint NOT NULL,
    number smallint NOT NULL,
    item text NOT NULL,
    lot text NOT NULL,
    owner text NOT NULL,
    from_site text NOT NULL,
    from_state text NOT NULL,
    to_site text NOT NULL,
    to_state text NOT NULL,
    quantity bigint NOT NULL
        CONSTRAINT movement_quantity_bounded CHECK (quantity > 0 AND quantity <= 1000000000000),
    document text NOT NULL,
    event_time timestamptz NOT NULL,
    recorded_time timestamptz NOT NULL,
    CONSTRAINT movement_place PRIMARY KEY (partition, position, number)
);
CREATE INDEX movement_item ON movement (item, event_time);

CREATE TABLE balance (
    item text NOT NULL,
    site text NOT NULL,
    lot text NOT NULL,
    state text NOT NULL,
    owner text NOT NULL,
    quantity bigint NOT NULL CONSTRAINT balance_bounded
        CHECK (quantity BETWEEN -1000000000000000 AND 1000000000000000),
    CONSTRAINT balance_account PRIMARY KEY (item, site, lot, state, owner)
) WITH (fillfactor = 70);

-- What may be promised: free = sellable - reserved. Facts may take sellable below reserved; a
-- reservation never does, and no promise is resolved twice.
CREATE TABLE promise (
    item text NOT NULL,
    site text NOT NULL,
    sellable bigint NOT NULL DEFAULT 0 CONSTRAINT promise_sellable_bounded
        CHECK (sellable BETWEEN -1000000000000000 AND 1000000000000000),
    reserved bigint NOT NULL DEFAULT 0,
    CONSTRAINT promise_reserved_not_negative CHECK (reserved >= 0),
    CONSTRAINT promise_row PRIMARY KEY (item, site)
) WITH (fillfactor = 50);

-- Lines that wait for stock, served in the order of (priority, since, order, line).
CREATE TABLE waiting (
    item text NOT NULL,
    order_id text NOT NULL,
    line text NOT NULL,
    quantity bigint NOT NULL CONSTRAINT waiting_quantity_positive CHECK (quantity > 0),
    priority smallint NOT NULL,
    since timestamptz NOT NULL,
    sites text[] NOT NULL,
    keep_back bigint NOT NULL,
    CONSTRAINT waiting_line PRIMARY KEY (item, order_id, line)
);

CREATE TABLE sales_order (
    order_id text PRIMARY KEY,
    status text NOT NULL,
    customer text NOT NULL,
    channel text NOT NULL,
    ordered bigint NOT NULL,
    shipped bigint NOT NULL,
    invoiced bigint NOT NULL,
    cancelled bigint NOT NULL,
    returned bigint NOT NULL,
    state bytea NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE master (
    kind text NOT NULL,
    id text NOT NULL,
    revision bigint NOT NULL,
    body bytea NOT NULL,
    CONSTRAINT master_record PRIMARY KEY (kind, id)
);

-- What must be told: the intent, for ever, and beside it a small hot table of what is still due.
CREATE TABLE effect (
    effect_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    business_key text NOT NULL,
    destination text NOT NULL,
    lane smallint NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    correlation text NOT NULL,
    partition smallint,
    position bigint,
    intended_time timestamptz NOT NULL,
    body bytea NOT NULL
);
CREATE UNIQUE INDEX effect_business_key ON effect (business_key);

CREATE TABLE due (
    effect_id bigint PRIMARY KEY,
    destination text NOT NULL,
    lane smallint NOT NULL,
    key text NOT NULL,
    state smallint NOT NULL DEFAULT 0,  -- 0 due, 1 in flight, 2 held
    due_time timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,  -- of these, how many failed in a way that counts
    doubtful boolean NOT NULL DEFAULT false,
    owner text,  -- the hub whose attempt is in flight
    until timestamptz
) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.0,
    autovacuum_vacuum_threshold = 20000,
    autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX due_in_turn ON due (destination, lane, effect_id);
CREATE INDEX due_heads ON due (destination, key, effect_id);

-- How attempts ended; the last row of a settled effect is its outcome.
CREATE TABLE attempt (
    effect_id bigint NOT NULL,
    attempt integer NOT NULL,
    verdict text NOT NULL,
    reference text NOT NULL,
    problem text NOT NULL,
    settled_time timestamptz NOT NULL,
    CONSTRAINT attempt_number PRIMARY KEY (effect_id, attempt)
);

-- Items whose free stock changed since availability was last published, and what was published.
CREATE TABLE availability_changed (
    item text PRIMARY KEY
) WITH (fillfactor = 50);

CREATE TABLE availability (
    channel text NOT NULL,
    item text NOT NULL,
    quantity bigint NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT availability_of_channel PRIMARY KEY (channel, item)
);

-- Conditions that a person should see; one row per condition, however often it was met.
CREATE TABLE exception (
    kind text NOT NULL,
    key text NOT NULL,
    detail text NOT NULL,
    partition smallint,
    position bigint,
    opened_time timestamptz NOT NULL,
    times bigint NOT NULL DEFAULT 1,
    CONSTRAINT exception_condition PRIMARY KEY (kind, key)
);
