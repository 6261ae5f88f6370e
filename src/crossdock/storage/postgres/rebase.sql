-- The counters of one item ($1) beside what follows from the entries; only those that differ. Each
-- statement sees one moment, at which every finished batch has written both or neither.

-- balances_differing --
WITH entered AS (
    SELECT site, lot, state, owner, sum(quantity)::bigint AS quantity FROM (
        SELECT from_site AS site, lot, from_state AS state, owner, -quantity AS quantity
        FROM movement WHERE item = $1
        UNION ALL
        SELECT to_site, lot, to_state, owner, quantity FROM movement WHERE item = $1
    ) sides
    GROUP BY site, lot, state, owner
), stored AS (
    SELECT site, lot, state, owner, quantity FROM balance WHERE item = $1
)
SELECT 'balance' AS counter, site, lot, state, owner,
       coalesce(s.quantity, 0) AS stored, coalesce(e.quantity, 0) AS entered
FROM stored s FULL JOIN entered e USING (site, lot, state, owner)
WHERE coalesce(s.quantity, 0) <> coalesce(e.quantity, 0)
ORDER BY site COLLATE "C", lot COLLATE "C", state COLLATE "C", owner COLLATE "C";

-- promises_differing --
-- As `sellable_is_on_the_shelf` and `reserved_is_promised` of verify.sql ask, of one item: an order
-- that does not spell its name is not read.
WITH shelf AS (
    SELECT site, sum(quantity)::bigint AS quantity FROM (
        SELECT from_site AS site, -quantity AS quantity FROM movement
        WHERE item = $1 AND owner = '' AND from_state = 'available'
        UNION ALL
        SELECT to_site, quantity FROM movement
        WHERE item = $1 AND owner = '' AND to_state = 'available'
    ) sides
    GROUP BY site
), state AS MATERIALIZED (
    SELECT convert_from(state, 'UTF8')::jsonb AS said FROM sales_order
    WHERE position(convert_to(to_jsonb($1::text)::text, 'UTF8') IN state) > 0
), promises AS (
    SELECT p.key AS site, (p.value ->> 'reserved')::bigint AS quantity
    FROM state s
    CROSS JOIN LATERAL jsonb_each(s.said -> 'lines') l
    CROSS JOIN LATERAL jsonb_each(l.value -> 'sites') p
    WHERE l.value ->> 'item' = $1 AND p.value ? 'reserved'
    UNION ALL
    SELECT g.said ->> 'site', (g.said ->> 'quantity')::bigint
    FROM (
        SELECT convert_from(m.raw, 'UTF8')::jsonb -> 'data' AS said
        FROM lease l JOIN message m ON m.partition = l.partition AND m.position > l.decided
        WHERE m.type = 'crossdock.stock.granted.v1'
    ) g
    WHERE g.said ->> 'item' = $1
    UNION ALL
    SELECT s.key, s.value::bigint
    FROM document d
    CROSS JOIN LATERAL jsonb_array_elements(convert_from(d.body, 'UTF8')::jsonb -> 'lines') l
    CROSS JOIN LATERAL jsonb_each_text(l.value -> 'sites') s
    WHERE d.kind = 'reservation' AND l.value ->> 'item' = $1
), promised AS (
    SELECT site, sum(quantity)::bigint AS quantity FROM promises GROUP BY site
), stored AS (
    SELECT site, sellable, reserved FROM promise WHERE item = $1
)
SELECT c.counter, site, '' AS lot, '' AS state, '' AS owner, c.stored, c.entered
FROM stored s
FULL JOIN shelf h USING (site)
FULL JOIN promised p USING (site)
CROSS JOIN LATERAL (
    VALUES ('sellable', coalesce(s.sellable, 0), coalesce(h.quantity, 0)),
           ('reserved', coalesce(s.reserved, 0), coalesce(p.quantity, 0))
) AS c (counter, stored, entered)
WHERE c.stored <> c.entered
ORDER BY site COLLATE "C", c.counter DESC;

-- is_known --
SELECT EXISTS (SELECT FROM movement WHERE item = $1) OR EXISTS (SELECT FROM balance WHERE item = $1)
    OR EXISTS (SELECT FROM promise WHERE item = $1) AS known;

-- one_at_a_time --
-- Two that put the same row right would each add the difference.
SELECT pg_advisory_xact_lock(hashtextextended('crossdock.rebase/' || $1, 0));
