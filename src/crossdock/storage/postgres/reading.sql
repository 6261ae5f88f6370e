-- position --
-- Head and decided position of each partition that has a message.
SELECT h.partition, h.head, l.decided
FROM log_head h JOIN lease l ON l.partition = h.partition
WHERE h.head > 0 ORDER BY h.partition;

-- fates --
-- How many messages have each fate; $1 and $2 name those without one and those that were absorbed.
SELECT fate, count(*) AS messages FROM outcome GROUP BY fate
UNION ALL
SELECT $1::text, (SELECT count(*) FROM message) - (SELECT count(*) FROM outcome)
UNION ALL
SELECT $2::text, count(*) FROM absorbed;

-- messages --
-- The messages at these places, in the order asked.
SELECT m.partition, m.position, m.source, m.id, m.type, m.key, m.correlation,
       m.event_time, m.received_time, m.raw, m.rival
FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS w (partition, position, turn)
JOIN message m ON m.partition = w.partition AND m.position = w.position
ORDER BY w.turn;

-- accepted --
SELECT position, source, id, sha256 FROM message
WHERE partition = $1 AND position > $2 ORDER BY position LIMIT $3;

-- outcomes --
SELECT partition, position, processed_time, body FROM outcome
WHERE partition = $1 AND position > $2 ORDER BY position LIMIT $3;

-- orders --
SELECT order_id, status, customer, channel, ordered, shipped, invoiced, cancelled, returned, state,
       unmatched
FROM sales_order
WHERE order_id COLLATE "C" > $1 ORDER BY order_id COLLATE "C" LIMIT $2;

-- balances --
-- Accounts that hold something, beyond one.
SELECT item, site, lot, state, owner, quantity FROM balance
WHERE quantity <> 0
  AND (item COLLATE "C", site COLLATE "C", lot COLLATE "C", state COLLATE "C", owner COLLATE "C")
      > ($1, $2, $3, $4, $5)
ORDER BY item COLLATE "C", site COLLATE "C", lot COLLATE "C", state COLLATE "C", owner COLLATE "C"
LIMIT $6;

-- weights --
-- Accounts that weigh something, beyond one.
SELECT item, site, lot, state, owner, grams FROM weight
WHERE grams <> 0
  AND (item COLLATE "C", site COLLATE "C", lot COLLATE "C", state COLLATE "C", owner COLLATE "C")
      > ($1, $2, $3, $4, $5)
ORDER BY item COLLATE "C", site COLLATE "C", lot COLLATE "C", state COLLATE "C", owner COLLATE "C"
LIMIT $6;

-- entries_between --
-- When the oldest and the newest movement of an item happened; no row where it has none.
SELECT min(event_time), max(event_time) FROM movement WHERE item = $1
HAVING min(event_time) IS NOT NULL;

-- balances_as_of --
-- Accounts of an item: the sum of its movements up to an event time, a time of record and a place
-- in each partition. Summed by pairs of accounts first, which are few.
WITH moved AS (
    SELECT m.lot, m.owner, m.from_site, m.from_state, m.to_site, m.to_state,
           sum(m.quantity)::bigint AS quantity
    FROM movement m
    LEFT JOIN unnest($4::smallint[], $5::bigint[]) AS p (partition, position)
        ON p.partition = m.partition
    WHERE m.item = $1
      AND ($2::timestamptz IS NULL OR m.event_time <= $2)
      AND ($3::timestamptz IS NULL OR m.recorded_time <= $3)
      AND ($4::smallint[] IS NULL OR m.position <= p.position)
    GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT $1::text AS item, a.site, m.lot, a.state, m.owner, sum(a.quantity)::bigint AS quantity
FROM moved m CROSS JOIN LATERAL (
    VALUES (m.from_site, m.from_state, -m.quantity), (m.to_site, m.to_state, m.quantity)
) AS a (site, state, quantity)
GROUP BY a.site, m.lot, a.state, m.owner
HAVING sum(a.quantity) <> 0
ORDER BY a.site COLLATE "C", m.lot COLLATE "C", a.state COLLATE "C", m.owner COLLATE "C";

-- balances_before --
-- The same by an event time alone, from the other end: what stands now, less what happened later.
WITH moved AS (
    SELECT lot, owner, from_site, from_state, to_site, to_state, sum(quantity)::bigint AS quantity
    FROM movement
    WHERE item = $1 AND event_time > $2
    GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT $1::text AS item, a.site, a.lot, a.state, a.owner, sum(a.quantity)::bigint AS quantity
FROM (
    SELECT site, lot, state, owner, quantity FROM balance WHERE item = $1
    UNION ALL
    SELECT from_site, lot, from_state, owner, quantity FROM moved
    UNION ALL
    SELECT to_site, lot, to_state, owner, -quantity FROM moved
) AS a (site, lot, state, owner, quantity)
GROUP BY a.site, a.lot, a.state, a.owner
HAVING sum(a.quantity) <> 0
ORDER BY a.site COLLATE "C", a.lot COLLATE "C", a.state COLLATE "C", a.owner COLLATE "C";

-- all_balances_as_of --
-- Accounts of all items, as `balances_as_of` of each.
SELECT m.item, a.site, m.lot, a.state, m.owner, sum(a.quantity)::bigint AS quantity
FROM movement m
LEFT JOIN unnest($3::smallint[], $4::bigint[]) AS p (partition, position)
    ON p.partition = m.partition
CROSS JOIN LATERAL (
    VALUES (m.from_site, m.from_state, -m.quantity), (m.to_site, m.to_state, m.quantity)
) AS a (site, state, quantity)
WHERE ($1::timestamptz IS NULL OR m.event_time <= $1)
  AND ($2::timestamptz IS NULL OR m.recorded_time <= $2)
  AND ($3::smallint[] IS NULL OR m.position <= p.position)
GROUP BY m.item, a.site, m.lot, a.state, m.owner
HAVING sum(a.quantity) <> 0
ORDER BY m.item COLLATE "C", a.site COLLATE "C", m.lot COLLATE "C", a.state COLLATE "C",
         m.owner COLLATE "C";

-- promises --
SELECT item, site, sellable, reserved, pooled, safety FROM promise
WHERE (item COLLATE "C", site COLLATE "C") > ($1, $2)
ORDER BY item COLLATE "C", site COLLATE "C" LIMIT $3;

-- financial --
-- What warehouses hold of an item at a site, and what finance accounts for, by how far it was told.
WITH keys AS (
    SELECT item, site FROM (
        SELECT item, site FROM financial_entry
        UNION
        SELECT item, site FROM balance
        WHERE state NOT IN ('supplier', 'customer', 'adjustment', 'scrapped')
    ) k
    WHERE (item COLLATE "C", site COLLATE "C") > ($1, $2)
    ORDER BY item COLLATE "C", site COLLATE "C" LIMIT $3
), held AS (
    SELECT item, site, sum(quantity)::bigint AS execution
    FROM keys JOIN balance b USING (item, site)
    WHERE b.state NOT IN ('supplier', 'customer', 'adjustment', 'scrapped')
    GROUP BY item, site
), standing AS (
    SELECT f.item, f.site, f.quantity,
           CASE WHEN f.mode = 'none' THEN 'silent' WHEN f.asked IS NULL THEN 'pending'
                ELSE convert_from(d.body, 'UTF8')::jsonb ->> 'standing' END AS standing
    FROM keys JOIN financial_entry f USING (item, site)
    LEFT JOIN document d ON d.kind = 'stock-posting' AND d.id = f.asked
), booked AS (
    SELECT item, site, sum(quantity)::bigint AS financial,
           coalesce(sum(quantity) FILTER (WHERE standing = 'posted'), 0)::bigint AS posted,
           coalesce(sum(quantity) FILTER (WHERE standing = 'asked'), 0)::bigint AS asked,
           coalesce(sum(quantity) FILTER (WHERE standing = 'rejected'), 0)::bigint AS rejected,
           coalesce(sum(quantity) FILTER (WHERE standing = 'pending'), 0)::bigint AS pending,
           coalesce(sum(quantity) FILTER (WHERE standing = 'silent'), 0)::bigint AS silent
    FROM standing GROUP BY item, site
)
SELECT k.site, k.item, coalesce(h.execution, 0), coalesce(b.financial, 0), coalesce(b.posted, 0),
       coalesce(b.asked, 0), coalesce(b.rejected, 0), coalesce(b.pending, 0), coalesce(b.silent, 0)
FROM keys k LEFT JOIN held h USING (item, site) LEFT JOIN booked b USING (item, site)
ORDER BY k.item COLLATE "C", k.site COLLATE "C";

-- effects_summary --
-- Unsettled effects by their state, settled ones by their last verdict.
SELECT e.destination,
       CASE d.state WHEN 0 THEN 'due' WHEN 1 THEN 'in_flight' WHEN 2 THEN 'held'
                    ELSE coalesce(a.verdict, 'lost') END AS state,
       count(*) AS effects
FROM effect e
LEFT JOIN due d ON d.effect_id = e.effect_id
LEFT JOIN (
    SELECT DISTINCT ON (effect_id) effect_id, verdict FROM attempt
    ORDER BY effect_id, attempt DESC
) a ON a.effect_id = e.effect_id
GROUP BY 1, 2 ORDER BY 1, 2;

-- backlog --
-- What is still to be told, by destination, lane and state; the oldest is the lowest number.
SELECT b.destination, b.lane, b.state, b.effects, e.intended_time
FROM (
    SELECT destination, lane, state, count(*) AS effects, min(effect_id) AS oldest
    FROM due GROUP BY destination, lane, state
) b
JOIN effect e ON e.effect_id = b.oldest
ORDER BY b.destination COLLATE "C", b.lane, b.state;

-- effects_by_key --
-- The effects of some ordering keys, oldest first, with how often each was tried.
SELECT e.effect_id, e.business_key, e.destination, e.key, e.type, e.partition, e.position,
       d.state, coalesce(d.attempts, 0) AS attempts
FROM effect e LEFT JOIN due d ON d.effect_id = e.effect_id
WHERE e.key = ANY($1::text[]) ORDER BY e.effect_id;

-- effects_by_place --
-- The effects that some messages decided, oldest first, with how often each was tried.
SELECT e.effect_id, e.business_key, e.destination, e.key, e.type, e.partition, e.position,
       d.state, coalesce(d.attempts, 0) AS attempts
FROM unnest($1::smallint[], $2::bigint[]) AS w (partition, position)
JOIN effect e ON e.partition = w.partition AND e.position = w.position
LEFT JOIN due d ON d.effect_id = e.effect_id
ORDER BY e.effect_id;

-- effects_by_reference --
-- The effects to which a far system gave one of these numbers, oldest first; what superseded an
-- effect is no number of theirs.
SELECT e.effect_id, e.business_key, e.destination, e.key, e.type, e.partition, e.position,
       d.state, coalesce(d.attempts, 0) AS attempts
FROM effect e LEFT JOIN due d ON d.effect_id = e.effect_id
WHERE e.effect_id IN (
    SELECT a.effect_id FROM attempt a
    WHERE a.reference = ANY($1::text[]) AND a.reference <> '' AND a.verdict <> 'superseded'
)
ORDER BY e.effect_id;

-- attempts --
SELECT effect_id, attempt, verdict, reference, problem, settled_time, begun_time, holder, status,
       words, sent, received
FROM attempt WHERE effect_id = ANY($1::bigint[]) ORDER BY effect_id, attempt;

-- exceptions --
-- Open conditions, the newest first.
SELECT kind, key, detail, partition, position, opened_time, times,
       closed_time, closed_partition, closed_position, closed_why,
       (SELECT jsonb_object_agg(m.partition, m.noted) FROM exception_mark m
        WHERE m.kind = e.kind AND m.key = e.key)::text AS upto
FROM exception e WHERE closed_time IS NULL
ORDER BY opened_time DESC, kind COLLATE "C", key COLLATE "C" LIMIT $1;

-- conditions --
-- Conditions of some kinds, beyond one; closed ones only if $5.
SELECT kind, key, detail, partition, position, opened_time, times,
       closed_time, closed_partition, closed_position, closed_why,
       (SELECT jsonb_object_agg(m.partition, m.noted) FROM exception_mark m
        WHERE m.kind = e.kind AND m.key = e.key)::text AS upto
FROM exception e
WHERE kind = ANY($1::text[]) AND (kind COLLATE "C", key COLLATE "C") > ($2, $3)
  AND (closed_time IS NULL OR $5)
ORDER BY kind COLLATE "C", key COLLATE "C" LIMIT $4;

-- put_aside --
-- Messages that are held or dead, by place, beyond one.
SELECT m.partition, m.position, m.source, m.id, m.type, m.key, m.correlation,
       m.event_time, m.received_time, m.raw, m.rival, o.fate, o.processed_time, o.body
FROM outcome o JOIN message m ON m.partition = o.partition AND m.position = o.position
WHERE o.fate IN ('held', 'dead') AND (o.partition, o.position) > ($1::smallint, $2::bigint)
ORDER BY o.partition, o.position LIMIT $3;

-- lateness --
-- How late the latest of what was received since then came, in seconds.
SELECT max(extract(epoch FROM received_time - event_time))::float8 AS seconds FROM message
WHERE received_time > $2 AND type = ANY($1::text[]);

-- held_effects --
-- Effects that are held, by number, beyond one.
SELECT e.effect_id, e.business_key, e.destination, e.key, e.type, e.partition, e.position,
       d.state, d.attempts
FROM due d JOIN effect e ON e.effect_id = d.effect_id
WHERE d.state = 2 AND d.effect_id > $1 ORDER BY d.effect_id LIMIT $2;

-- places_by_key --
SELECT transport_key, partition, position FROM message WHERE transport_key = ANY($1::bytea[]);

-- documents_of --
SELECT kind, id, revision, due_time, body FROM document
WHERE kind = $1 AND id COLLATE "C" > $2
ORDER BY id COLLATE "C" LIMIT $3;

-- exceptions_about --
-- Conditions whose key is one of these or begins with one of them and a stroke, or that these
-- messages met first.
SELECT e.kind, e.key, e.detail, e.partition, e.position, e.opened_time, e.times,
       e.closed_time, e.closed_partition, e.closed_position, e.closed_why,
       (SELECT jsonb_object_agg(m.partition, m.noted) FROM exception_mark m
        WHERE m.kind = e.kind AND m.key = e.key)::text AS upto
FROM exception e
WHERE EXISTS (SELECT 1 FROM unnest($1::text[]) AS k (key)
              WHERE e.key = k.key OR starts_with(e.key, k.key || '/'))
   OR (e.partition, e.position) IN (SELECT * FROM unnest($2::smallint[], $3::bigint[]))
ORDER BY e.opened_time, e.kind COLLATE "C", e.key COLLATE "C";

-- places_of_key --
-- Where the messages of one ordering key stand, as they were received.
SELECT partition, position FROM message WHERE key = $1
ORDER BY received_time, partition, position;

-- places_of_cause --
-- Where the messages stand that the hub said to itself because of these.
SELECT partition, position FROM message WHERE causation = ANY($1::text[])
ORDER BY received_time, partition, position;

-- places_of_business_keys --
SELECT partition, position FROM message WHERE business_key = ANY($1::bytea[])
ORDER BY partition, position;

-- places_of_item --
-- Where the messages stand that moved an item, the newest $2 of them, oldest first.
SELECT partition, position FROM (
    SELECT partition, position, min(event_time) AS event_time FROM movement
    WHERE item = $1 GROUP BY partition, position
    ORDER BY min(event_time) DESC, partition DESC, position DESC LIMIT $2
) newest
ORDER BY event_time, partition, position;

-- waiting_of_order --
SELECT item, order_id, line, quantity, priority, since, sites, keep_back, channel FROM waiting
WHERE order_id = $1 ORDER BY line COLLATE "C";

-- waiting_of_item --
-- Who waits for an item, in the order in which they are served.
SELECT item, order_id, line, quantity, priority, since, sites, keep_back, channel FROM waiting
WHERE item = $1 ORDER BY priority, since, order_id COLLATE "C", line COLLATE "C" LIMIT $2;

-- promises_of_item --
SELECT item, site, sellable, reserved, pooled, safety FROM promise
WHERE item = $1 ORDER BY site COLLATE "C";

-- movements_of_lot --
-- Where a lot went, as it happened, with the message that told of it and the order that it is about.
SELECT m.event_time, m.kind, m.quantity, m.owner, m.from_site, m.from_state, m.to_site, m.to_state,
       m.document, m.partition || ':' || m.position AS place, t.source, t.key, o.customer
FROM movement m
JOIN message t ON t.partition = m.partition AND t.position = m.position
LEFT JOIN sales_order o ON o.order_id = t.key
WHERE m.item = $1 AND m.lot = $2
ORDER BY m.event_time, m.partition, m.position, m.number;

-- balances_of_lot --
SELECT item, site, lot, state, owner, quantity FROM balance
WHERE item = $1 AND lot = $2 AND quantity <> 0
ORDER BY site COLLATE "C", state COLLATE "C", owner COLLATE "C";

-- order_state --
SELECT state FROM sales_order WHERE order_id = $1;

-- outcomes_at --
SELECT o.partition, o.position, o.processed_time, o.body
FROM unnest($1::smallint[], $2::bigint[]) AS w (partition, position)
JOIN outcome o ON o.partition = w.partition AND o.position = w.position;

-- unmatched_orders --
-- Orders between whose documents something is open or wrong; a partial index holds no others.
SELECT order_id, status, customer, channel, ordered, shipped, invoiced, cancelled, returned, state,
       unmatched
FROM sales_order
WHERE unmatched AND order_id COLLATE "C" > $1 ORDER BY order_id COLLATE "C" LIMIT $2;

-- money_totals --
-- Control totals by day of a time zone, site, kind and currency, of every document in the shop's
-- own money; `orders.totals` says the same of one order.
WITH said AS MATERIALIZED (
    SELECT convert_from(state, 'UTF8')::jsonb AS o FROM sales_order
    WHERE shipped > 0 OR invoiced > 0 OR returned > 0 OR unmatched
), document AS (
    SELECT s.value ->> 'at' AS at, s.value ->> 'site' AS site, 'shipped' AS kind,
           coalesce(o ->> 'currency', '') AS currency,
           (SELECT coalesce(sum(l.value::bigint), 0) FROM jsonb_each_text(s.value -> 'lines') l)
               AS units,
           (SELECT coalesce(sum((a.value ->> 'total')::bigint), 0)
            FROM jsonb_each(coalesce(o -> 'asks', '{}')) a
            WHERE a.value ->> 'shipment' = s.key) AS value
    FROM said CROSS JOIN LATERAL jsonb_each(coalesce(o -> 'shipments', '{}')) s
    UNION ALL
    SELECT i.value ->> 'at', coalesce(o -> 'shipments' -> (i.value ->> 'shipment') ->> 'site', ''),
           'invoiced', i.value ->> 'currency',
           (SELECT coalesce(sum((l.value ->> 0)::bigint), 0) FROM jsonb_each(i.value -> 'lines') l),
           (i.value ->> 'total')::bigint
    FROM said CROSS JOIN LATERAL jsonb_each(coalesce(o -> 'invoices', '{}')) i
    WHERE coalesce(i.value ->> 'role', 'shop') = 'shop'
    UNION ALL
    SELECT r.value ->> 'at', r.value ->> 'site', 'returned', coalesce(o ->> 'currency', ''),
           (SELECT coalesce(sum((p.value ->> 4)::bigint), 0)
            FROM jsonb_array_elements(r.value -> 'pieces') p), 0
    FROM said CROSS JOIN LATERAL jsonb_each(coalesce(o -> 'receipts', '{}')) r
    WHERE r.value ? 'pieces'
    UNION ALL
    SELECT m.value ->> 'at',
           coalesce(o -> 'receipts' -> (o -> 'credit_asks' -> (m.value ->> 'ask') ->> 'receipt')
                    ->> 'site', ''),
           'credited', m.value ->> 'currency',
           (SELECT coalesce(sum((l.value ->> 0)::bigint), 0) FROM jsonb_each(m.value -> 'lines') l),
           (m.value ->> 'total')::bigint
    FROM said CROSS JOIN LATERAL jsonb_each(coalesce(o -> 'credits', '{}')) m
    WHERE coalesce(m.value ->> 'role', 'shop') = 'shop'
)
SELECT * FROM (
    SELECT to_char(at::timestamptz AT TIME ZONE $1, 'YYYY-MM-DD') AS day, site, kind, currency,
           count(*) AS documents, sum(units)::bigint AS units, sum(value)::bigint AS value
    FROM document GROUP BY 1, 2, 3, 4
) total
ORDER BY day COLLATE "C", site COLLATE "C", kind COLLATE "C", currency COLLATE "C";
