-- lock_heads --
-- Lock the heads of these partitions, lowest first, and give their positions.
SELECT partition, head FROM log_head WHERE partition = ANY($1::smallint[])
ORDER BY partition FOR UPDATE;

-- find_keys --
-- Where messages with these transport or business keys stand.
SELECT true AS transport, transport_key AS key, content, partition, position
FROM message WHERE transport_key = ANY($1::bytea[])
UNION ALL
SELECT false, business_key, content, partition, position
FROM message WHERE business_key = ANY($2::bytea[]);

-- find_calls --
-- As find_keys, with what was decided on these messages.
SELECT k.transport, k.key, k.content, k.partition, k.position, o.body
FROM (
    SELECT true AS transport, transport_key AS key, content, partition, position
    FROM message WHERE transport_key = ANY($1::bytea[])
    UNION ALL
    SELECT false, business_key, content, partition, position
    FROM message WHERE business_key = ANY($2::bytea[])
) k
LEFT JOIN outcome o ON o.partition = k.partition AND o.position = k.position;

-- put_calls --
-- Put calls behind our lease with what was decided on them; no row: the lease is not ours any more.
WITH ours AS (
    UPDATE lease SET decided = $4 WHERE partition = $1 AND epoch = $2 AND decided = $3
    RETURNING partition
), head AS (
    UPDATE log_head h SET head = $4 FROM ours WHERE h.partition = ours.partition
    RETURNING h.partition
), calls AS (
    SELECT head.partition, n.* FROM head, unnest(
        $6::bigint[], $7::bytea[], $8::bytea[], $9::bytea[], $10::text[], $11::text[], $12::text[],
        $13::text[], $14::text[], $15::text[], $16::timestamptz[], $17::timestamptz[],
        $18::timestamptz[], $19::text[], $20::bytea[], $21::bytea[], $22::text[], $23::bytea[]
    ) AS n (position, transport_key, business_key, content, source, id, type, key, correlation,
            causation, event_time, recorded_time, received_time, rival, sha256, raw, fate, body)
), said AS (
    INSERT INTO message (partition, position, transport_key, business_key, content, source, id,
                         type, key, correlation, causation, event_time, recorded_time,
                         received_time, rival, sha256, raw)
    SELECT partition, position, transport_key, business_key, content, source, id, type, key,
           correlation, causation, event_time, recorded_time, received_time, rival, sha256, raw
    FROM calls
), told AS (
    INSERT INTO outcome (partition, position, fate, processed_time, body)
    SELECT partition, position, fate, $5, body FROM calls
)
SELECT partition FROM head;

-- open_desk --
-- Prolong our desk, or take one that is free or expired; the epoch grows when the owner changes.
UPDATE lease l SET
    epoch = CASE WHEN l.owner IS DISTINCT FROM $2 THEN l.epoch + 1 ELSE l.epoch END,
    owner = $2,
    until = $4
FROM (
    SELECT partition FROM lease
    WHERE partition >= $1 AND (owner IS NULL OR owner = $2 OR until <= $3)
    ORDER BY owner IS DISTINCT FROM $2, partition LIMIT 1 FOR UPDATE SKIP LOCKED
) free
WHERE l.partition = free.partition
RETURNING l.partition, l.epoch, l.decided;

-- move_heads --
-- Let the heads of these partitions stand where their newest message stands.
UPDATE log_head h SET head = n.head
FROM unnest($1::smallint[], $2::bigint[]) AS n (partition, head)
WHERE h.partition = n.partition;

-- put_decider --
-- Say what a worker would decide; who has not said so for too long is forgotten.
WITH gone AS (
    SELECT name FROM decider WHERE until <= $4 AND name <> $1
    ORDER BY name FOR UPDATE SKIP LOCKED
), forgotten AS (
    DELETE FROM decider d USING gone WHERE d.name = gone.name
)
INSERT INTO decider (name, wanted, until) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET wanted = excluded.wanted, until = excluded.until;

-- live_deciders --
SELECT name, wanted FROM decider WHERE until > $1;

-- lock_leases --
-- Leases that are free, expired or ours, kept from everybody until we are done.
SELECT partition FROM lease
WHERE partition = ANY($1::smallint[]) AND (owner IS NULL OR owner = $2 OR until <= $3)
ORDER BY partition FOR UPDATE SKIP LOCKED;

-- held_leases --
-- Who holds what; our own lease is ours until somebody else takes it.
SELECT partition, owner FROM lease
WHERE partition < $1 AND owner IS NOT NULL AND (owner = $2 OR until > $3);

-- take_leases --
-- Take or prolong leases that we locked; the epoch grows when the owner changes.
UPDATE lease SET
    epoch = CASE WHEN owner IS DISTINCT FROM $2 THEN epoch + 1 ELSE epoch END,
    owner = $2,
    until = $3
WHERE partition = ANY($1::smallint[])
RETURNING partition, epoch, decided;

-- give_leases_back --
UPDATE lease SET owner = NULL, until = NULL
WHERE owner = $2 AND partition = ANY($1::smallint[]);

-- leave --
-- Want nothing any more and hold nothing.
WITH gone AS (
    DELETE FROM decider WHERE name = $1
)
UPDATE lease SET owner = NULL, until = NULL WHERE owner = $1;

-- read_undecided --
-- The next messages of each partition beyond what was decided, at most $2 per partition.
SELECT m.partition, m.position, m.source, m.id, m.type, m.key, m.correlation,
       m.event_time, m.received_time, m.raw, m.rival
FROM lease l
CROSS JOIN LATERAL (
    SELECT * FROM message
    WHERE partition = l.partition AND position > l.decided
    ORDER BY position LIMIT $2
) m
WHERE l.partition = ANY($1::smallint[])
ORDER BY m.position - l.decided, m.partition LIMIT $3;

-- load_orders --
SELECT order_id, state FROM sales_order WHERE order_id = ANY($1::text[]);

-- load_items --
-- The promise rows of these items, and the lines that wait for them.
SELECT item, site, sellable, reserved, pooled, safety, version, NULL AS waits
FROM promise WHERE item = ANY($1::text[])
UNION ALL
SELECT item, NULL, NULL, NULL, NULL, NULL, NULL,
       ROW(item, order_id, line, quantity, priority, since, sites, keep_back, channel)
FROM waiting WHERE item = ANY($1::text[]);

-- stranded_orders --
-- Orders with a line that waits beside free stock, or is held for an item that is known by now.
SELECT w.order_id
FROM waiting w
JOIN promise p ON p.item = w.item AND p.site = ANY(w.sites)
WHERE p.sellable - p.reserved - p.pooled - p.safety > w.keep_back
UNION
SELECT w.order_id
FROM waiting w
JOIN master m ON m.kind = 'item' AND m.id = w.item
JOIN sales_order o ON o.order_id = w.order_id
WHERE w.sites = '{}'
  AND (convert_from(o.state, 'UTF8')::jsonb -> 'holds') ? ('unknown-item:' || w.item)
ORDER BY order_id LIMIT $1;

-- load_records --
-- Masters and documents by kind and id.
SELECT true AS master, m.kind, m.id, m.revision, NULL AS due_time, m.body
FROM unnest($1::text[], $2::text[]) AS w (kind, id)
JOIN master m ON m.kind = w.kind AND m.id = w.id
UNION ALL
SELECT false, d.kind, d.id, d.revision, d.due_time, d.body
FROM unnest($3::text[], $4::text[]) AS w (kind, id)
JOIN document d ON d.kind = w.kind AND d.id = w.id;

-- load_held --
-- Messages at these places that are held or dead, with the outcome that says why.
SELECT m.partition, m.position, m.source, m.id, m.type, m.key, m.correlation,
       m.event_time, m.received_time, m.raw, m.rival, o.body
FROM unnest($1::smallint[], $2::bigint[]) AS w (partition, position)
JOIN message m ON m.partition = w.partition AND m.position = w.position
JOIN outcome o ON o.partition = w.partition AND o.position = w.position
WHERE o.fate IN ('held', 'dead');

-- load_promised --
-- To whom units of these items are promised: open order lines and reservations, site by site.
SELECT p.item, p.site, p.promised_to, p.units
FROM (
    SELECT l.value ->> 'item' AS item, s.key AS site,
           o.order_id || '/' || l.key AS promised_to, (s.value ->> 'reserved')::bigint AS units
    FROM sales_order o
    CROSS JOIN LATERAL jsonb_each(convert_from(o.state, 'UTF8')::jsonb -> 'lines') l
    CROSS JOIN LATERAL jsonb_each(l.value -> 'sites') s
    WHERE o.status NOT IN ('shipped', 'invoiced', 'returned', 'cancelled')
    UNION ALL
    SELECT l.value ->> 'item', s.key, 'reservation ' || d.id, s.value::text::bigint
    FROM document d
    CROSS JOIN LATERAL jsonb_array_elements(convert_from(d.body, 'UTF8')::jsonb -> 'lines') l
    CROSS JOIN LATERAL jsonb_each(l.value -> 'sites') s
    WHERE d.kind = 'reservation'
) p
WHERE p.item = ANY($1::text[]) AND p.units > 0
ORDER BY p.item COLLATE "C", p.site COLLATE "C", p.promised_to COLLATE "C" LIMIT $2;

-- advance --
-- Move decided positions forward, if these are still our leases and nobody moved them.
UPDATE lease l SET decided = n.after
FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[])
    AS n (partition, epoch, before, after)
WHERE l.partition = n.partition AND l.epoch = n.epoch AND l.decided = n.before
RETURNING l.partition;

-- change_balances --
-- Gives the accounts that were counted, with the document of the count and its event time.
WITH changed AS (
    INSERT INTO balance AS b (item, site, lot, state, owner, quantity)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
        AS c (item, site, lot, state, owner, quantity)
    ORDER BY item, site, lot, state, owner
    ON CONFLICT ON CONSTRAINT balance_account
    DO UPDATE SET quantity = b.quantity + excluded.quantity
    RETURNING item, site, lot, state, owner, counted_by, counted_time
)
SELECT * FROM changed WHERE counted_by IS NOT NULL;

-- accounts_as_of --
-- What accounts held as of an event time, or hold (NULL): what stands, less what happened later.
SELECT w.item, w.site, w.lot, w.state, w.owner, w.as_of,
       coalesce(b.quantity, 0) - coalesce(later.quantity, 0) AS quantity
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
    AS w (item, site, lot, state, owner, as_of)
LEFT JOIN balance b ON b.item = w.item AND b.site = w.site AND b.lot = w.lot
    AND b.state = w.state AND b.owner = w.owner
LEFT JOIN LATERAL (
    SELECT sum(CASE WHEN m.to_site = w.site AND m.to_state = w.state THEN m.quantity ELSE 0 END
             - CASE WHEN m.from_site = w.site AND m.from_state = w.state THEN m.quantity ELSE 0 END
           )::bigint AS quantity
    FROM movement m
    WHERE m.item = w.item AND m.event_time > w.as_of AND m.lot = w.lot AND m.owner = w.owner
) later ON true;

-- load_lots --
SELECT b.item, b.site, b.lot, b.state, b.owner, b.quantity
FROM unnest($1::text[], $2::text[]) AS w (item, lot)
JOIN balance b ON b.item = w.item AND b.lot = w.lot
WHERE b.quantity <> 0;

-- lock_lots --
-- Two sessions that make accounts of one lot see each other's only one after the other. Lots share
-- a few locks, because the server keeps room for some thousands only; lowest first.
SELECT pg_advisory_xact_lock(hashtext('crossdock.lots'), share)
FROM (
    SELECT DISTINCT abs(hashtext(item || E'\n' || lot) % 256) AS share
    FROM unnest($1::text[], $2::text[]) AS n (item, lot) ORDER BY 1
) shares;

-- note_counted --
UPDATE balance b SET counted_by = c.document, counted_time = c.event_time
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::timestamptz[]) AS c (item, site, lot, state, owner, document, event_time)
WHERE b.item = c.item AND b.site = c.site AND b.lot = c.lot AND b.state = c.state
  AND b.owner = c.owner;

-- ask_for_recount --
INSERT INTO recount (document) SELECT DISTINCT unnest($1::text[]) ON CONFLICT DO NOTHING;

-- recounted --
DELETE FROM recount WHERE document = ANY($1::text[]);

-- unblock_lots --
DELETE FROM blocked_lot b USING unnest($1::text[], $2::text[]) AS c (item, lot)
WHERE b.item = c.item AND b.lot = c.lot;

-- block_lot --
INSERT INTO blocked_lot (item, lot, sites, document) VALUES ($1, $2, $3, $4);

-- change_weights --
INSERT INTO weight AS w (item, site, lot, state, owner, grams)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
    AS c (item, site, lot, state, owner, grams)
ORDER BY item, site, lot, state, owner
ON CONFLICT ON CONSTRAINT weight_account DO UPDATE SET grams = w.grams + excluded.grams;

-- make_promise_rows --
INSERT INTO promise (item, site)
SELECT * FROM unnest($1::text[], $2::text[]) AS c (item, site) ORDER BY item, site
ON CONFLICT ON CONSTRAINT promise_row DO NOTHING;

-- change_promises --
-- Lock the rows in key order, change them, mark the items of those whose free stock moves ($7), and
-- give the rows as they are now.
WITH changed AS (
    UPDATE promise p SET sellable = p.sellable + c.sellable, reserved = p.reserved + c.reserved,
        pooled = p.pooled + c.pooled, safety = p.safety + c.safety, version = p.version + 1
    FROM (
        SELECT n.*
        FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                    $7::boolean[]) AS n (item, site, sellable, reserved, pooled, safety, moves_free)
        JOIN promise q ON q.item = n.item AND q.site = n.site
        ORDER BY n.item, n.site FOR UPDATE OF q
    ) c
    WHERE p.item = c.item AND p.site = c.site
    RETURNING p.item, p.site, p.sellable - p.reserved - p.pooled - p.safety AS free,
        p.sellable - p.reserved - p.safety AS backed,
        c.moves_free
), marked AS (
    INSERT INTO availability_changed AS a (item)
    SELECT DISTINCT item FROM changed WHERE moves_free ORDER BY item
    ON CONFLICT (item) DO UPDATE SET mark = a.mark + 1
)
SELECT item, site, free, backed FROM changed;

-- mark_availability --
-- A mark that stands already gets the next number, so that a publisher that has read it leaves it.
INSERT INTO availability_changed AS a (item)
SELECT item FROM unnest($1::text[]) AS n (item) ORDER BY item
ON CONFLICT (item) DO UPDATE SET mark = a.mark + 1;

-- put_orders --
INSERT INTO sales_order AS o
    (order_id, status, customer, channel, ordered, shipped, invoiced, cancelled, returned, state,
     unmatched)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
                     $7::bigint[], $8::bigint[], $9::bigint[], $10::bytea[], $11::boolean[])
ON CONFLICT (order_id) DO UPDATE SET
    status = excluded.status, customer = excluded.customer, channel = excluded.channel,
    ordered = excluded.ordered, shipped = excluded.shipped, invoiced = excluded.invoiced,
    cancelled = excluded.cancelled, returned = excluded.returned, state = excluded.state,
    unmatched = excluded.unmatched;

-- put_effects --
-- Write intents and make them due; a business key that is known already is left as it is.
WITH intended AS (
    INSERT INTO effect (business_key, destination, lane, key, type, correlation,
                        partition, position, intended_time, body)
    SELECT business_key, destination, lane, key, type, correlation, partition, position, $10, body
    FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::text[],
                $7::smallint[], $8::bigint[], $9::bytea[]) WITH ORDINALITY
        AS n (business_key, destination, lane, key, type, correlation, partition, position,
              body, turn)
    ORDER BY turn
    ON CONFLICT (business_key) DO NOTHING
    RETURNING effect_id, destination, lane, key
)
INSERT INTO due (effect_id, destination, lane, key, due_time)
SELECT effect_id, destination, lane, key, $10 FROM intended;

-- stop_waiting --
DELETE FROM waiting w
USING unnest($1::text[], $2::text[], $3::text[]) AS n (item, order_id, line)
WHERE w.item = n.item AND w.order_id = n.order_id AND w.line = n.line;

-- wait --
INSERT INTO waiting (item, order_id, line, quantity, priority, since, sites, keep_back, channel)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT ON CONSTRAINT waiting_line DO UPDATE SET
    quantity = excluded.quantity, priority = excluded.priority, since = excluded.since,
    sites = excluded.sites, keep_back = excluded.keep_back, channel = excluded.channel;

-- put_masters --
INSERT INTO master AS m (kind, id, revision, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[])
ON CONFLICT ON CONSTRAINT master_record
DO UPDATE SET revision = excluded.revision, body = excluded.body
WHERE m.revision < excluded.revision;

-- put_components --
-- Let these items consist of what their masters say by now; gives the kits that changed.
WITH said AS (
    SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[]) AS n (kit, item, quantity)
), gone AS (
    DELETE FROM component k
    WHERE k.kit = ANY($1::text[])
      AND NOT EXISTS (SELECT FROM said s WHERE s.kit = k.kit AND s.item = k.item)
    RETURNING k.kit
), put AS (
    INSERT INTO component AS k (kit, item, quantity)
    SELECT kit, item, quantity FROM said ORDER BY kit, item
    ON CONFLICT ON CONSTRAINT component_of_kit
    DO UPDATE SET quantity = excluded.quantity WHERE k.quantity <> excluded.quantity
    RETURNING k.kit
)
SELECT kit FROM gone UNION SELECT kit FROM put;

-- load_components --
-- What these items consist of, and their components, and so on down.
WITH RECURSIVE below AS (
    SELECT kit, item, quantity FROM component WHERE kit = ANY($1::text[])
    UNION
    SELECT c.kit, c.item, c.quantity FROM below b JOIN component c ON c.kit = b.item
)
SELECT kit, item, quantity FROM below;

-- put_documents --
-- First revisions, and later ones, locked in key order: where the revision $6 that was read is 0 or
-- is the one that stands. A document that is missing from the answer was made or changed first by
-- somebody else.
WITH said AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::bytea[],
                         $6::bigint[]) AS n (kind, id, revision, due_time, body, before)
), made AS (
    INSERT INTO document (kind, id, revision, due_time, body)
    SELECT kind, id, revision, due_time, body FROM said WHERE before = 0 ORDER BY kind, id
    ON CONFLICT ON CONSTRAINT document_record DO NOTHING
    RETURNING kind, id
), changed AS (
    UPDATE document d SET revision = c.revision, due_time = c.due_time, body = c.body
    FROM (
        SELECT n.* FROM said n JOIN document o ON o.kind = n.kind AND o.id = n.id
        WHERE n.before > 0 ORDER BY n.kind, n.id FOR UPDATE OF o
    ) c
    WHERE d.kind = c.kind AND d.id = c.id AND d.revision = c.before
    RETURNING d.kind, d.id
)
SELECT kind, id FROM made UNION ALL SELECT kind, id FROM changed;

-- due_documents --
-- And what must look again: counts, and blocked lots of which units stand where they are sold.
SELECT kind, id, revision FROM (
    SELECT kind, id, revision, due_time FROM document WHERE due_time <= $1
    UNION ALL
    SELECT d.kind, d.id, d.revision, '-infinity'
    FROM recount r JOIN document d ON d.kind = 'count' AND d.id = r.document
    UNION ALL
    SELECT d.kind, d.id, d.revision, '-infinity'
    FROM blocked_lot l JOIN document d ON d.kind = 'lot' AND d.id = l.document
    WHERE EXISTS (
        SELECT FROM balance b
        WHERE b.item = l.item AND b.lot = l.lot AND b.state = 'available' AND b.owner = ''
          AND b.quantity > 0 AND (l.sites = '{}' OR b.site = ANY(l.sites))
    )
) due
ORDER BY due_time, kind, id LIMIT $2;

-- policies_to_review --
-- Of the next stock policies: those whose site is low, or low no more, and does not know it; and the
-- last one, to look on from. What is expected counts, as `Inbound.unpromised` says.
WITH page AS (
    SELECT id, convert_from(body, 'UTF8')::jsonb AS said FROM document
    WHERE kind = 'stock-policy' AND id > $1 ORDER BY id LIMIT $2
), looked AS (
    SELECT g.id, g.said -> 'policy' ->> 'item' AS item, g.said -> 'policy' ->> 'site' AS site,
           (g.said ->> 'low')::boolean
           <> coalesce(coalesce(p.sellable - p.reserved - p.pooled - p.safety, 0)
                       + greatest(0, coming.units - promised.units)
                       <= (g.said -> 'policy' ->> 'reorder_point')::bigint, false) AS astray
    FROM page g
    LEFT JOIN LATERAL (
        SELECT convert_from(body, 'UTF8')::jsonb AS said FROM document
        WHERE kind = 'inbound' AND id = g.said -> 'policy' ->> 'item'
    ) inbound ON true
    CROSS JOIN LATERAL (
        SELECT coalesce(sum((l ->> 'quantity')::bigint), 0) AS units
        FROM jsonb_array_elements(inbound.said -> 'open') l
        WHERE l ->> 'site' = g.said -> 'policy' ->> 'site'
    ) coming
    CROSS JOIN LATERAL (
        SELECT coalesce(sum((a ->> 'quantity')::bigint), 0) AS units
        FROM jsonb_array_elements(inbound.said -> 'ahead') a
        WHERE a -> 'sites' ? (g.said -> 'policy' ->> 'site')
    ) promised
    LEFT JOIN promise p
        ON p.item = g.said -> 'policy' ->> 'item' AND p.site = g.said -> 'policy' ->> 'site'
)
SELECT id, item, site, astray, (SELECT count(*) FROM page) AS looked_at FROM looked
WHERE astray OR id = (SELECT max(id) FROM page)
ORDER BY id;

-- load_pending --
-- Entries of a day of a site that no posting tells, added up, and in the same picture how far each
-- partition is decided: together they say which entries the sums are made of.
SELECT p.partition, p.decided, p.milestone, p.item, p.owner, p.quantity, p.entries, p.document
FROM (
    SELECT NULL::smallint AS partition, NULL::bigint AS decided, milestone, item, owner,
           sum(quantity)::bigint AS quantity, count(*) AS entries,
           min(document COLLATE "C") AS document
    FROM financial_entry
    WHERE mode = 'summed' AND asked IS NULL AND ends_time = $3 AND site = $1 AND period = $2
    GROUP BY milestone, item, owner
    UNION ALL
    SELECT partition, decided, NULL, NULL, NULL, NULL, NULL, NULL FROM lease
) p
ORDER BY p.milestone COLLATE "C", p.item COLLATE "C", p.owner COLLATE "C", p.partition;

-- ended_periods --
-- Days that are over with entries that no posting tells, and how often each was closed.
SELECT e.site, e.period, e.ends_time, coalesce(d.revision, 0) AS closed
FROM (
    SELECT DISTINCT ends_time, site, period FROM financial_entry
    WHERE mode = 'summed' AND asked IS NULL AND ends_time <= $1
) e
LEFT JOIN document d ON d.kind = 'posting-period' AND d.id = e.site || '/' || e.period
ORDER BY e.ends_time, e.site COLLATE "C", e.period COLLATE "C" LIMIT $2;

-- claim_entries --
-- Let a posting tell the entries that it added up, and no other; gives how many they were.
WITH told AS (
    UPDATE financial_entry f SET asked = $1
    FROM unnest($10::smallint[], $11::bigint[]) AS u (partition, position)
    WHERE f.mode = 'summed' AND f.asked IS NULL AND f.ends_time = $4
      AND f.site = $2 AND f.period = $3 AND f.milestone = $5
      AND (f.item COLLATE "C", f.owner COLLATE "C") >= ($6::text, $7::text)
      AND (f.item COLLATE "C", f.owner COLLATE "C") <= ($8::text, $9::text)
      AND f.partition = u.partition AND f.position <= u.position
    RETURNING 1
)
SELECT count(*) AS entries FROM told;

-- claim --
-- Start an attempt on what is due, or was left in flight by a holder that is gone: heads only. No
-- wait is longer than a day: what is due later than that was written by a clock that was wrong.
-- Nothing here is a join that may go either way: in a plan that was made while little was due, such
-- a join compares every row with every other. Row by row there is one way only, by an index.
WITH ready AS (
    SELECT d.effect_id, d.state, d.attempts, d.owner, d.begun_time, d.until
    FROM due d
    WHERE d.destination = $1 AND d.lane >= $9
      AND (
          (d.state = 0 AND (d.due_time <= $2 OR d.due_time > $2 + interval '25 hours')
           AND (NOT $8 OR d.attempts = 0))
          OR (d.state = 1 AND d.until <= $2 AND NOT $8
              AND d.owner <> ALL($6::text[]) AND d.effect_id::text <> ALL($7::text[]))
      )
      AND (
          SELECT true FROM due earlier
          WHERE earlier.destination = d.destination AND earlier.key = d.key
            AND earlier.effect_id < d.effect_id
          LIMIT 1
      ) IS NULL
      AND ($10::text[] = '{}' OR NOT EXISTS (
          SELECT 1 FROM effect e WHERE e.effect_id = d.effect_id AND e.type = ANY($10::text[])
      ))
    ORDER BY d.destination, d.lane, d.effect_id
    LIMIT $4
    FOR UPDATE OF d SKIP LOCKED
), taken AS (
    UPDATE due d SET state = 1, attempts = d.attempts + 1, until = $3, owner = $5, begun_time = $2,
                     doubtful = d.doubtful OR d.state = 1,
                     doubt_time = CASE WHEN d.state = 1 THEN d.until ELSE d.doubt_time END
    WHERE d.effect_id = ANY(ARRAY(SELECT effect_id FROM ready))
    RETURNING d.effect_id, d.attempts, d.doubtful, d.tries, d.lane, d.doubt_time
), lost AS (
    INSERT INTO attempt (effect_id, attempt, verdict, reference, problem, settled_time, begun_time,
                         holder)
    SELECT effect_id, attempts, 'lost', '', '', $2, begun_time, owner FROM ready WHERE state = 1
)
SELECT t.effect_id, t.attempts, e.business_key, e.destination, e.key, e.type, e.correlation,
       e.body, t.doubtful, t.tries, t.doubt_time
FROM taken t CROSS JOIN LATERAL (
    SELECT business_key, destination, key, type, correlation, body
    FROM effect WHERE effect_id = t.effect_id LIMIT 1
) e
ORDER BY t.lane, t.effect_id;

-- reclaim --
-- What a hub of this name had in flight when it died may be looked at at once.
UPDATE due SET until = $2 WHERE state = 1 AND owner = $1;

-- supersede_older --
-- What older ones of its type and key say is said by these effects too: they need no sending, if
-- they are due and nobody waits to hear of them; their ends name the newest. Rows that a claim is
-- just taking are left to it.
WITH newest AS (
    SELECT DISTINCT ON (destination, key, type) effect_id, business_key, destination, key, type
    FROM effect WHERE business_key = ANY($1::text[])
    ORDER BY destination, key, type, effect_id DESC
), old AS (
    SELECT d.effect_id, d.attempts, n.business_key
    FROM newest n
    JOIN due d ON d.destination = n.destination AND d.key = n.key AND d.effect_id < n.effect_id
    JOIN effect e ON e.effect_id = d.effect_id AND e.type = n.type
    WHERE d.state = 0 AND NOT d.doubtful
      AND NOT EXISTS (SELECT 1 FROM effect_asker a WHERE a.effect_id = d.effect_id)
    ORDER BY d.effect_id FOR UPDATE OF d SKIP LOCKED
), gone AS (
    DELETE FROM due d USING old WHERE d.effect_id = old.effect_id
)
INSERT INTO attempt (effect_id, attempt, verdict, reference, problem, settled_time)
SELECT effect_id, attempts + 1, 'superseded', business_key, '', $2 FROM old;

-- beat --
-- Say that we live; those that are gone ($2, silent since their beat number $3) are forgotten once
-- nothing of theirs is left, unless they beat meanwhile.
WITH ours AS (
    INSERT INTO holder AS h (name, beats) VALUES ($1, 1)
    ON CONFLICT (name) DO UPDATE SET beats = h.beats + 1
    RETURNING name, beats
), forgotten AS (
    DELETE FROM holder h USING unnest($2::text[], $3::bigint[]) AS n (name, beats)
    WHERE h.name = n.name AND h.beats = n.beats AND h.name <> $1
      AND NOT EXISTS (SELECT 1 FROM due d WHERE d.owner = h.name AND d.state = 1)
)
SELECT name, beats FROM ours
UNION ALL
SELECT name, beats FROM holder WHERE name <> $1;

-- let_go --
-- What was begun in our name, is over, and is not among what we are at: due again, in doubt.
WITH over AS (
    SELECT effect_id, attempts, owner, begun_time, until FROM due
    WHERE state = 1 AND owner = $1 AND until <= $2 AND effect_id::text <> ALL($3::text[])
    ORDER BY effect_id FOR UPDATE SKIP LOCKED
), back AS (
    UPDATE due d SET state = 0, due_time = $2, doubtful = true, doubt_time = over.until,
                     until = NULL, owner = NULL, begun_time = NULL
    FROM over WHERE d.effect_id = over.effect_id
)
INSERT INTO attempt (effect_id, attempt, verdict, reference, problem, settled_time, begun_time,
                     holder)
SELECT effect_id, attempts, 'lost', '', '', $2, begun_time, owner FROM over
RETURNING effect_id;

-- gate --
SELECT revision, state FROM gate WHERE destination = $1;

-- move_gate --
-- Keep a new state if nobody did since it was read; the first one is revision 1.
INSERT INTO gate AS g (destination, revision, state) VALUES ($1, $2 + 1, $3)
ON CONFLICT (destination) DO UPDATE SET revision = excluded.revision, state = excluded.state
WHERE g.revision = $2
RETURNING revision;

-- something_due --
-- Whether a claim would find something.
SELECT EXISTS (
    SELECT 1 FROM due d
    WHERE d.destination = $1
      AND ((d.state = 0 AND d.due_time <= $2) OR (d.state = 1 AND d.until <= $2))
) AS due;

-- hold_effects --
-- Intended while their flow does not run: kept, and not due.
UPDATE due d SET state = 2 FROM effect e
WHERE e.business_key = ANY($1::text[]) AND d.effect_id = e.effect_id AND d.attempts = 0;

-- resume --
-- What was held before any attempt is due again, unless its flow still does not run.
UPDATE due d SET state = 0 FROM effect e
WHERE d.state = 2 AND d.attempts = 0 AND e.effect_id = d.effect_id
  AND e.type <> ALL($1::text[])
RETURNING d.effect_id;

-- lock_in_flight --
-- Which of these attempts are still ours to settle, since when, and in whose name. No join, for the
-- reason given at `claim`.
SELECT d.effect_id, d.begun_time, d.owner FROM due d
WHERE d.effect_id = ANY($1::bigint[]) AND d.state = 1
  AND d.attempts = ($2::integer[])[array_position($1::bigint[], d.effect_id)]
ORDER BY d.effect_id FOR UPDATE OF d;

-- ask_for_answers --
-- Note which documents want to be told of effects that were just intended.
INSERT INTO effect_asker (effect_id, hub, partition, kind, id)
SELECT e.effect_id, n.hub, n.partition, n.kind, n.id
FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[], $5::text[])
    AS n (business_key, hub, partition, kind, id)
JOIN effect e ON e.business_key = n.business_key
ON CONFLICT ON CONSTRAINT effect_asker_one DO NOTHING;

-- askers_of --
-- Who is to be told of these effects, and what.
SELECT a.effect_id, a.hub, a.partition, a.kind, a.id,
       e.business_key, e.destination, e.type, e.correlation
FROM effect_asker a JOIN effect e ON e.effect_id = a.effect_id
WHERE a.effect_id = ANY($1::bigint[]);

-- forget_due --
DELETE FROM due WHERE effect_id = ANY($1::bigint[]);

-- put_back --
UPDATE due d SET state = n.state, due_time = coalesce(n.due_time, d.due_time),
                 tries = d.tries + CASE WHEN n.counts THEN 1 ELSE 0 END,
                 doubtful = d.doubtful OR n.doubtful, until = NULL, owner = NULL, begun_time = NULL,
                 doubt_time = CASE WHEN n.unknown OR (n.doubtful AND d.doubt_time IS NULL) THEN $7
                              ELSE d.doubt_time END
FROM unnest($1::bigint[], $2::smallint[], $3::timestamptz[], $4::boolean[], $5::boolean[],
            $6::boolean[])
    AS n (effect_id, state, due_time, doubtful, counts, unknown)
WHERE d.effect_id = n.effect_id;

-- one_publisher --
-- Publishers come one after the other; whoever marks waits for none of them.
SELECT pg_advisory_xact_lock(hashtextextended('crossdock.publishing', 0));

-- changed_items --
-- What is marked, and the kits above it, which change with what they hold. Whoever marked an item
-- may not have seen a kit that came with it at the same moment: they are looked up here, where
-- either the kit's contents or its own mark is to be seen. The union ends where a circle of kits
-- comes round.
WITH RECURSIVE changed AS (
    SELECT item FROM (SELECT item FROM availability_changed ORDER BY item LIMIT $1) marked
    UNION
    SELECT c.kit FROM changed m JOIN component c ON c.item = m.item
)
SELECT c.item, a.mark FROM changed c LEFT JOIN availability_changed a ON a.item = c.item
ORDER BY c.item;

-- forget_marks --
-- Take away the marks that are what they were when they were read: the last thing before a commit,
-- because from here on whoever marks one of these items waits.
DELETE FROM availability_changed a
USING unnest($1::text[], $2::bigint[]) AS n (item, mark)
WHERE a.item = n.item AND a.mark = n.mark;

-- channel_quantities --
-- What a channel may promise of these items, over its sites: what its own pools have left, and the
-- free stock of each site less the keep-back. Staged goods count where it wants `on_hand`.
WITH counted AS (
    SELECT p.item, p.version, p.reserved,
           p.sellable - p.reserved - p.pooled - p.safety AS free,
           p.sellable - p.reserved - p.safety AS uncovered,
           CASE WHEN p.pooled > 0 THEN coalesce((
               SELECT greatest(0, coalesce((o.said ->> 'quantity')::bigint, 0)
                                  - coalesce((o.said ->> 'used')::bigint, 0))
               FROM (
                   SELECT convert_from(d.body, 'UTF8')::jsonb AS said FROM document d
                   WHERE d.kind = 'pool' AND d.id = p.item || E'\t' || p.site || E'\t' || $4
               ) o), 0) ELSE 0 END AS unused,
           CASE WHEN $5 THEN coalesce((
               SELECT sum(b.quantity) FROM balance b
               WHERE b.item = p.item AND b.site = p.site AND b.state IN ('picked', 'packed')
           ), 0)::bigint ELSE 0 END AS staged
    FROM promise p
    WHERE p.item = ANY($1::text[]) AND p.site = ANY($2::text[])
), offered AS (
    SELECT *, least(unused, greatest(0, uncovered)) + greatest(0, free - $3) AS quantity
    FROM counted
)
SELECT i.item, coalesce(sum(o.quantity), 0)::bigint AS quantity,
       coalesce(sum(o.quantity + greatest(0, o.reserved + o.staged)), 0)::bigint AS on_hand,
       coalesce(sum(o.version), 0)::bigint AS version
FROM (SELECT DISTINCT unnest($1::text[]) AS item) i
LEFT JOIN offered o ON o.item = i.item
GROUP BY i.item ORDER BY i.item COLLATE "C";

-- channel_sites --
-- The same, site by site, with what counted there.
WITH counted AS (
    SELECT p.*,
           p.sellable - p.reserved - p.pooled - p.safety AS free,
           p.sellable - p.reserved - p.safety AS uncovered,
           CASE WHEN p.pooled > 0 THEN coalesce((
               SELECT greatest(0, coalesce((o.said ->> 'quantity')::bigint, 0)
                                  - coalesce((o.said ->> 'used')::bigint, 0))
               FROM (
                   SELECT convert_from(d.body, 'UTF8')::jsonb AS said FROM document d
                   WHERE d.kind = 'pool' AND d.id = p.item || E'\t' || p.site || E'\t' || $4
               ) o), 0) ELSE 0 END AS unused,
           b.staged, b.quarantined
    FROM promise p
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(quantity) FILTER (WHERE state <> 'quarantine'), 0)::bigint AS staged,
               coalesce(sum(quantity) FILTER (WHERE state = 'quarantine' AND owner = ''),
                        0)::bigint AS quarantined
        FROM balance b
        WHERE b.item = p.item AND b.site = p.site
          AND b.state IN ('picked', 'packed', 'quarantine')
    ) b
    WHERE p.item = ANY($1::text[]) AND p.site = ANY($2::text[])
), offered AS (
    SELECT *, least(unused, greatest(0, uncovered)) + greatest(0, free - $3) AS quantity
    FROM counted
)
SELECT item, site, quantity, quantity + greatest(0, reserved + staged) AS on_hand,
       sellable, reserved, pooled, safety, unused, least($3, greatest(0, free)), quarantined
FROM offered ORDER BY item COLLATE "C", site COLLATE "C";

-- put_availability --
-- Keep what differs from what was last published, each under a version that is higher than the last
-- one and not lower than what the rows behind it count to; and of everything that was looked at, how
-- far it was counted ($4) and under what ($6), which tells nobody anything. Gives what is to be told.
-- Row by row for the reason given at `claim`; publishers come one after the other.
WITH looked_at AS (
    SELECT n.item, n.quantity, n.version, n.said,
           a.quantity IS DISTINCT FROM n.quantity OR a.said IS DISTINCT FROM n.said AS differs,
           a.counted_version IS DISTINCT FROM n.version OR a.counted_under IS DISTINCT FROM $6
               AS recounted
    FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[])
        AS n (item, quantity, version, said)
    LEFT JOIN LATERAL (
        SELECT quantity, said, counted_version, counted_under
        FROM availability WHERE channel = $1 AND item = n.item LIMIT 1
    ) a ON true
), counted AS (
    INSERT INTO availability AS a
        (channel, item, quantity, version, said, counted_version, counted_under)
    SELECT $1, item, quantity, greatest(version, 1), said, version, $6
    FROM looked_at WHERE recounted AND NOT differs ORDER BY item
    ON CONFLICT ON CONSTRAINT availability_of_channel
    DO UPDATE SET counted_version = excluded.counted_version, counted_under = excluded.counted_under
)
INSERT INTO availability AS a
    (channel, item, quantity, version, said, counted_version, counted_under)
SELECT $1, item, quantity, greatest(version, 1), said, version, $6
FROM looked_at WHERE differs ORDER BY item
ON CONFLICT ON CONSTRAINT availability_of_channel
DO UPDATE SET quantity = excluded.quantity, said = excluded.said,
              version = greatest(a.version + 1, excluded.version),
              counted_version = excluded.counted_version, counted_under = excluded.counted_under
RETURNING item, quantity, version;

-- published_quantities --
-- What was last published of these items, how far it was counted, and whether a count of this moment
-- under the same sites and keep-back ($3) would come to the same quantity: nothing of the item
-- changed since. Whether there is a mark is asked by its key alone, for the reason given at `claim`.
SELECT a.item, a.quantity, a.version, a.counted_version,
       a.counted_under = $3 AND (
           SELECT true FROM availability_changed c WHERE c.item = a.item LIMIT 1
       ) IS NULL AS stands
FROM availability a WHERE a.channel = $1 AND a.item = ANY($2::text[]);

-- counted_otherwise --
-- Of the next items that a channel was told of, which were counted under other rules than these.
SELECT item, counted_under <> $3 AS otherwise FROM availability
WHERE channel = $1 AND item > $2 ORDER BY item LIMIT $4;

-- supersede_availability --
-- An older availability of these items in this channel needs no sending any more, if it is not being
-- sent; its end names the one that replaces it.
WITH newer AS (
    SELECT key, business_key FROM unnest($2::text[], $6::text[]) AS n (key, business_key)
), old AS (
    DELETE FROM due d USING effect e, newer n
    WHERE d.destination = $1 AND d.key = n.key AND d.state = 0
      AND e.effect_id = d.effect_id AND e.type = $3
      AND starts_with(e.business_key, $1 || '/availability/' || $5 || '/' || d.key || '/')
    RETURNING d.effect_id, d.attempts, n.business_key
)
INSERT INTO attempt (effect_id, attempt, verdict, reference, problem, settled_time)
SELECT effect_id, attempts + 1, 'superseded', business_key, '', $4 FROM old;
