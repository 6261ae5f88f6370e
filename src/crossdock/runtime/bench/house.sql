-- movements --
-- One receipt per item and site, a day apart: $1 first item, $2 items, $3 sites, $4 partitions,
-- $5 the first day.
INSERT INTO movement (partition, position, number, item, lot, owner, from_site, from_state,
                      to_site, to_state, quantity, document, event_time, recorded_time)
SELECT n % $4, n / $4 + 1, 0, 'ITEM-' || lpad(i::text, 7, '0'), '', '',
       'S' || lpad(s::text, 2, '0'), 'supplier', 'S' || lpad(s::text, 2, '0'), 'available',
       1 + n % 9, 'RC-' || n, $5::timestamptz + s * interval '1 day',
       $5::timestamptz + s * interval '1 day'
FROM generate_series($1::bigint, $1::bigint + $2::bigint - 1) AS i,
     generate_series(0, $3::bigint - 1) AS s,
     LATERAL (SELECT i * $3::bigint + s) AS place (n);

-- balances --
-- The two accounts of each of these receipts.
INSERT INTO balance (item, site, lot, state, owner, quantity)
SELECT 'ITEM-' || lpad(i::text, 7, '0'), 'S' || lpad(s::text, 2, '0'), '', a.state, '',
       a.sign * (1 + (i * $3::bigint + s) % 9)
FROM generate_series($1::bigint, $1::bigint + $2::bigint - 1) AS i,
     generate_series(0, $3::bigint - 1) AS s,
     (VALUES ('available', 1), ('supplier', -1)) AS a (state, sign);

-- promises --
-- The promise row of each: what is on the shelf, a third of it reserved.
INSERT INTO promise (item, site, sellable, reserved, version)
SELECT 'ITEM-' || lpad(i::text, 7, '0'), 'S' || lpad(s::text, 2, '0'),
       1 + (i * $3::bigint + s) % 9, (1 + (i * $3::bigint + s) % 9) / 3, 1
FROM generate_series($1::bigint, $1::bigint + $2::bigint - 1) AS i,
     generate_series(0, $3::bigint - 1) AS s;

-- hot_movements --
-- A long history of one item: $1 its name, $2 movements, $3 partitions, $4 the first moment,
-- $5 the first position. Received and picked in turn, 20 seconds apart.
INSERT INTO movement (partition, position, number, item, lot, owner, from_site, from_state,
                      to_site, to_state, quantity, document, event_time, recorded_time)
SELECT n % $3, $5::bigint + n / $3 + 1, 0, $1, '', '',
       'S00', CASE WHEN n % 2 = 0 THEN 'supplier' ELSE 'available' END,
       'S00', CASE WHEN n % 2 = 0 THEN 'available' ELSE 'picked' END,
       1 + n % 5, 'DOC-' || n, $4::timestamptz + n * interval '20 seconds',
       $4::timestamptz + n * interval '20 seconds'
FROM generate_series(0, $2::bigint - 1) AS n;

-- hot_balances --
-- What that comes to.
INSERT INTO balance (item, site, lot, state, owner, quantity)
SELECT $1, 'S00', '', a.state, '', sum(a.quantity)
FROM movement m, LATERAL (
    VALUES (m.from_state, -m.quantity), (m.to_state, m.quantity)
) AS a (state, quantity)
WHERE m.item = $1 GROUP BY a.state;

-- marks --
-- Every one of the $1 items is to be looked at by the publisher.
INSERT INTO availability_changed (item)
SELECT 'ITEM-' || lpad(i::text, 7, '0') FROM generate_series(0, $1::bigint - 1) AS i;

-- is_laid_out --
-- Whether this item was published, which comes last.
SELECT EXISTS (SELECT FROM availability WHERE channel = 'web' AND item = $1)
    AND NOT EXISTS (SELECT FROM availability_changed);

-- size --
-- How much the database takes on disk, in MiB.
SELECT pg_database_size(current_database()) / 1048576;
