-- Every promise as a question that only a broken promise answers with rows. Below each name stand
-- the invariant (docs/promises), `broken` or `warning`, and what is true while there are no rows.

-- raw_bytes --
-- I1 broken: Every message has the bytes that were accepted.
SELECT partition, position, source, id FROM message WHERE sha256(raw) <> sha256;

-- log_gapless --
-- I1 broken: Positions run from 1 to the head of each partition without a gap.
SELECT coalesce(h.partition, m.partition) AS partition, h.head, m.messages, m.oldest, m.newest
FROM log_head h
FULL JOIN (
    SELECT partition, count(*) AS messages, min(position) AS oldest, max(position) AS newest
    FROM message GROUP BY partition
) m ON m.partition = h.partition
WHERE h.partition IS NULL
   OR h.head <> coalesce(m.messages, 0)
   OR (m.messages > 0 AND (m.oldest <> 1 OR m.newest <> h.head));

-- one_fate --
-- I2 broken: Every decided message has one outcome, and no other message has one.
SELECT m.partition, m.position, 'decided without an outcome' AS problem
FROM lease l
JOIN message m ON m.partition = l.partition AND m.position <= l.decided
LEFT JOIN outcome o ON o.partition = m.partition AND o.position = m.position
WHERE o.partition IS NULL
UNION ALL
SELECT o.partition, o.position, 'an outcome beyond what was decided'
FROM outcome o LEFT JOIN lease l ON l.partition = o.partition
WHERE l.partition IS NULL OR o.position > l.decided
UNION ALL
SELECT o.partition, o.position, 'an outcome without a message'
FROM outcome o LEFT JOIN message m ON m.partition = o.partition AND m.position = o.position
WHERE m.partition IS NULL;

-- fate_as_said --
-- I2 broken: The fate that is counted is the fate that the outcome says.
SELECT partition, position, fate, said FROM (
    SELECT partition, position, fate,
           coalesce(convert_from(body, 'UTF8')::jsonb ->> 'fate', 'applied') AS said
    FROM outcome
) o
WHERE fate <> said;

-- absorbed_somewhere --
-- I2 broken: What was absorbed as a duplicate points to the message that it repeats.
SELECT a.absorbed_id, a.partition, a.position, a.source, a.id
FROM absorbed a LEFT JOIN message m ON m.partition = a.partition AND m.position = a.position
WHERE m.partition IS NULL;

-- once_indexes --
-- I3 broken: The unique indexes behind "at most once" are there and valid.
SELECT w.name FROM (VALUES
    ('message_place'), ('message_transport_key'), ('message_business_key'), ('outcome_place'),
    ('movement_place'), ('effect_business_key'), ('attempt_number')
) AS w (name)
WHERE NOT EXISTS (
    SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relname = w.name AND pg_table_is_visible(c.oid)
      AND i.indisunique AND i.indisvalid AND i.indisready AND i.indislive
);

-- once_accepted --
-- I3 broken: No two messages share a transport key or a business key.
SELECT 'transport key' AS key, encode(transport_key, 'hex') AS digest, count(*) AS messages,
       min(partition || ':' || position) AS one_of_them
FROM message GROUP BY transport_key HAVING count(*) > 1
UNION ALL
SELECT 'business key', encode(business_key, 'hex'), count(*), min(partition || ':' || position)
FROM message WHERE business_key IS NOT NULL GROUP BY business_key HAVING count(*) > 1;

-- rivals_held --
-- I4 broken: A message that contradicts the holder of its business key is not applied, unless that
--- was refused; and then one of them only.
WITH applied AS (
    SELECT m.partition, m.position, m.source, m.id, m.rival,
           count(*) OVER (PARTITION BY m.rival) AS rivals
    FROM message m JOIN outcome o ON o.partition = m.partition AND o.position = m.position
    WHERE m.rival IS NOT NULL AND o.fate = 'applied'
)
SELECT a.partition, a.position, a.source, a.id, a.rival
FROM applied a
WHERE a.rivals > 1 OR NOT EXISTS (
    SELECT FROM outcome o
    WHERE o.partition = split_part(a.rival, ':', 1)::integer
      AND o.position = split_part(a.rival, ':', 2)::bigint
      AND o.fate = 'dead'
);

-- line_law --
-- I9 broken: No line's quantities break the law of quantities unless an exception says so.
WITH state AS MATERIALIZED (
    SELECT order_id, convert_from(state, 'UTF8')::jsonb AS said FROM sales_order
), line AS (
    SELECT s.order_id, l.key AS line,
           coalesce((s.said ->> 'placed')::boolean, false) AS placed,
           coalesce(l.value ->> 'kind', 'stock') AS kind,
           coalesce((l.value ->> 'ordered')::bigint, 0) AS ordered,
           coalesce((l.value ->> 'cancel')::bigint, 0) AS cancel,
           coalesce((l.value ->> 'invoiced')::bigint, 0) AS invoiced,
           coalesce((l.value ->> 'waiting')::bigint, 0) AS waiting,
           (SELECT min((
                SELECT coalesce(sum((q.value ->> 'shipped')::bigint), 0)
                FROM jsonb_each(s.said -> 'lines' -> n.part -> 'sites') q
            ) / greatest((s.said -> 'lines' -> n.part ->> 'each')::bigint, 1))
            FROM jsonb_array_elements_text(l.value -> 'parts') n (part)) AS kits_shipped,
           f.*
    FROM state s
    CROSS JOIN LATERAL jsonb_each(s.said -> 'lines') l
    CROSS JOIN LATERAL (
        SELECT coalesce(sum((p.value ->> 'shipped')::bigint), 0) AS shipped,
               coalesce(sum((p.value ->> 'returned')::bigint), 0) AS returned,
               min(least((p.value ->> 'reserved')::bigint, (p.value ->> 'released')::bigint,
                         (p.value ->> 'picked')::bigint, (p.value ->> 'short')::bigint,
                         (p.value ->> 'packed')::bigint, (p.value ->> 'shipped')::bigint,
                         (p.value ->> 'returned')::bigint, (p.value ->> 'stopped')::bigint,
                         (p.value ->> 'stopping')::bigint, (p.value ->> 'put_back')::bigint)
               ) AS lowest,
               coalesce(bool_or(coalesce((p.value ->> 'released')::bigint, 0)
                                > coalesce((p.value ->> 'reserved')::bigint, 0)
                                OR coalesce((p.value ->> 'stopping')::bigint, 0)
                                > coalesce((p.value ->> 'released')::bigint, 0)), false)
                   AS beyond_reserved
        FROM jsonb_each(l.value -> 'sites') p
    ) f
), broken AS (
    SELECT *, ARRAY['over-shipped', 'unordered-line'] AS explained_by, 'more shipped than ordered'
        AS problem
    FROM line WHERE placed AND kind = 'stock' AND shipped > ordered
    UNION ALL
    SELECT *, ARRAY['over-invoiced'], 'more invoiced than shipped'
    FROM line
    WHERE placed AND invoiced > CASE kind WHEN 'stock' THEN shipped
                                WHEN 'kit' THEN greatest(ordered, coalesce(kits_shipped, 0))
                                ELSE ordered END
    UNION ALL
    SELECT *, ARRAY['over-returned'], 'more returned than shipped'
    FROM line WHERE kind = 'stock' AND returned > shipped
    UNION ALL
    SELECT *, ARRAY[]::text[], 'a quantity below zero'
    FROM line WHERE least(lowest, ordered, cancel, invoiced, waiting) < 0
    UNION ALL
    SELECT *, ARRAY[]::text[], 'more released than reserved, or stopped than released'
    FROM line WHERE beyond_reserved
)
SELECT order_id, line, problem, ordered, shipped, invoiced, returned FROM broken b
WHERE NOT EXISTS (
    SELECT FROM exception e
    WHERE e.kind = ANY(b.explained_by) AND e.key = b.order_id || '/' || b.line
);

-- shipments_add_up --
-- I9 broken: What a line says is shipped is what its shipments carried.
WITH state AS MATERIALIZED (
    SELECT order_id, convert_from(state, 'UTF8')::jsonb AS said FROM sales_order
), lines AS (
    SELECT s.order_id, l.key AS line, p.key AS site, (p.value ->> 'shipped')::bigint AS shipped
    FROM state s
    CROSS JOIN LATERAL jsonb_each(s.said -> 'lines') l
    CROSS JOIN LATERAL jsonb_each(l.value -> 'sites') p
    WHERE p.value ? 'shipped'
), carried AS (
    SELECT s.order_id, l.key AS line, m.value ->> 'site' AS site, sum(l.value::bigint) AS carried
    FROM state s
    CROSS JOIN LATERAL jsonb_each(s.said -> 'shipments') m
    CROSS JOIN LATERAL jsonb_each_text(m.value -> 'lines') l
    GROUP BY 1, 2, 3
)
SELECT coalesce(l.order_id, c.order_id) AS order_id, coalesce(l.line, c.line) AS line,
       coalesce(l.site, c.site) AS site, l.shipped, c.carried
FROM lines l
FULL JOIN carried c ON c.order_id = l.order_id AND c.line = l.line AND c.site = l.site
WHERE coalesce(l.shipped, 0) <> coalesce(c.carried, 0);

-- invoice_once --
-- I10 broken: Finance is asked once per shipment, correction and attempt, and again only if it refused.
WITH asked AS (
    SELECT destination, business_key, body ->> 'shipment_id' AS shipment_id,
           coalesce((body ->> 'correction')::int, 0) AS correction,
           coalesce((body ->> 'attempt')::int, 1) AS attempt
    FROM (
        SELECT destination, business_key, convert_from(body, 'UTF8')::jsonb AS body
        FROM effect WHERE type = 'crossdock.invoice.requested.v1'
    ) e
)
SELECT destination, shipment_id, correction, count(*) AS requests,
       min(business_key) AS one_of_them
FROM asked GROUP BY destination, shipment_id, correction
HAVING count(*) <> count(DISTINCT attempt) OR max(attempt) <> count(*);

-- credit_once --
-- I10 broken: Finance is asked once to credit a return receipt, a part of it, or a correction.
SELECT destination, order_id, credit, count(*) AS requests, min(business_key) AS one_of_them
FROM (
    SELECT destination, business_key, body ->> 'order_id' AS order_id,
           body ->> 'credit_request_id' AS credit
    FROM (
        SELECT destination, business_key, convert_from(body, 'UTF8')::jsonb AS body
        FROM effect WHERE type = 'crossdock.credit_memo.requested.v1'
    ) e
) c
GROUP BY destination, order_id, credit HAVING count(*) > 1;

-- money_adds_up --
-- I11 broken: What finance was asked for is the sum of its lines, freight, tax and rounding.
WITH said AS MATERIALIZED (
    SELECT order_id, convert_from(state, 'UTF8')::jsonb AS o FROM sales_order
    WHERE position('"asks":'::bytea IN state) > 0
), asked AS (
    SELECT order_id, a.key AS document, (a.value ->> 'total')::bigint AS total,
           coalesce((a.value ->> 'freight')::bigint, 0)
           + coalesce((a.value ->> 'freight_tax')::bigint, 0)
           + coalesce((a.value ->> 'rounding')::bigint, 0) AS beside, a.value -> 'lines' AS lines
    FROM said CROSS JOIN LATERAL jsonb_each(o -> 'asks') a
    UNION ALL
    SELECT order_id, c.key, (c.value ->> 'total')::bigint,
           coalesce((c.value ->> 'rounding')::bigint, 0)
           - coalesce((c.value ->> 'fee')::bigint, 0), c.value -> 'lines'
    FROM said CROSS JOIN LATERAL jsonb_each(coalesce(o -> 'credit_asks', '{}')) c
)
SELECT order_id, document, total, beside + of_lines AS added FROM asked
CROSS JOIN LATERAL (
    SELECT coalesce(sum((l.value ->> 1)::bigint + (l.value ->> 2)::bigint), 0) AS of_lines
    FROM jsonb_each(lines) l
) s
WHERE total <> beside + of_lines;

-- credited_was_charged --
-- I11 broken: Finance is never asked to give back more of a line than it charged for it.
WITH said AS MATERIALIZED (
    SELECT order_id, convert_from(state, 'UTF8')::jsonb AS o FROM sales_order
    WHERE position('"credit_asks":'::bytea IN state) > 0
), charged AS (
    SELECT order_id, l.key AS line, sum((l.value ->> 0)::bigint) AS units,
           sum((l.value ->> 1)::bigint + (l.value ->> 2)::bigint) AS value
    FROM said CROSS JOIN LATERAL jsonb_each(coalesce(o -> 'invoices', '{}')) i
    CROSS JOIN LATERAL jsonb_each(i.value -> 'lines') l
    WHERE coalesce(i.value ->> 'role', 'shop') = 'shop' AND i.value ->> 'currency' = o ->> 'currency'
    GROUP BY 1, 2
), back AS (
    SELECT order_id, l.key AS line, sum((l.value ->> 0)::bigint) AS units,
           sum((l.value ->> 1)::bigint + (l.value ->> 2)::bigint) AS value
    FROM said CROSS JOIN LATERAL jsonb_each(o -> 'credit_asks') c
    CROSS JOIN LATERAL jsonb_each(c.value -> 'lines') l
    GROUP BY 1, 2
)
SELECT b.order_id, b.line, b.units AS credited_units, c.units AS charged_units,
       b.value AS credited, c.value AS charged
FROM back b LEFT JOIN charged c ON c.order_id = b.order_id AND c.line = b.line
WHERE b.units > coalesce(c.units, 0) OR b.value > greatest(coalesce(c.value, 0), 0);

-- balances_are_sums --
-- I12 broken: Every balance is the sum of its movements.
WITH booked AS (
    SELECT item, site, lot, state, owner, sum(quantity) AS quantity FROM (
        SELECT item, from_site AS site, lot, from_state AS state, owner, -quantity AS quantity
        FROM movement
        UNION ALL
        SELECT item, to_site, lot, to_state, owner, quantity FROM movement
    ) sides
    GROUP BY item, site, lot, state, owner
)
SELECT coalesce(b.item, m.item) AS item, coalesce(b.site, m.site) AS site,
       coalesce(b.lot, m.lot) AS lot, coalesce(b.state, m.state) AS state,
       coalesce(b.owner, m.owner) AS owner, b.quantity AS balance, m.quantity AS moved
FROM balance b
FULL JOIN booked m
    ON m.item = b.item AND m.site = b.site AND m.lot = b.lot AND m.state = b.state
   AND m.owner = b.owner
WHERE coalesce(b.quantity, 0) <> coalesce(m.quantity, 0);

-- weights_are_sums --
-- I12 broken: What an account weighs is the sum of what the outcomes say was weighed.
WITH said AS (
    SELECT w.one ->> 0 AS item, w.one ->> 1 AS lot, w.one ->> 2 AS owner,
           w.one ->> 3 AS from_site, w.one ->> 4 AS from_state,
           w.one ->> 5 AS to_site, w.one ->> 6 AS to_state, (w.one ->> 7)::bigint AS grams
    FROM outcome o
    CROSS JOIN LATERAL jsonb_array_elements(
        convert_from(o.body, 'UTF8')::jsonb -> 'weights') AS w (one)
    WHERE position('"weights":'::bytea IN o.body) > 0
), summed AS (
    SELECT item, site, lot, state, owner, sum(grams) AS grams FROM (
        SELECT item, from_site AS site, lot, from_state AS state, owner, -grams AS grams FROM said
        UNION ALL
        SELECT item, to_site, lot, to_state, owner, grams FROM said
    ) sides
    GROUP BY item, site, lot, state, owner
)
SELECT coalesce(w.item, s.item) AS item, coalesce(w.site, s.site) AS site,
       coalesce(w.lot, s.lot) AS lot, coalesce(w.state, s.state) AS state,
       coalesce(w.owner, s.owner) AS owner, w.grams AS kept, s.grams AS said
FROM weight w
FULL JOIN summed s
    ON s.item = w.item AND s.site = w.site AND s.lot = w.lot AND s.state = w.state
   AND s.owner = w.owner
WHERE coalesce(w.grams, 0) <> coalesce(s.grams, 0);

-- weight_without_goods --
-- I12 warning: Where the goods of an account are gone, no grams are left (they weighed otherwise).
SELECT w.item, w.site, w.lot, w.state, w.owner, w.grams
FROM weight w
LEFT JOIN balance b
    ON b.item = w.item AND b.site = w.site AND b.lot = w.lot AND b.state = w.state
   AND b.owner = w.owner
WHERE w.grams <> 0 AND coalesce(b.quantity, 0) = 0
  AND w.state NOT IN ('supplier', 'customer', 'adjustment', 'scrapped');

-- goods_without_weight --
-- I12 warning: Goods in the house whose pieces differ in weight were weighed.
SELECT b.item, b.site, b.lot, b.state, b.owner, b.quantity
FROM balance b
JOIN master m ON m.kind = 'item' AND m.id = b.item
             AND position('"catch_weight":true'::bytea IN m.body) > 0
LEFT JOIN weight w
    ON w.item = b.item AND w.site = b.site AND w.lot = b.lot AND w.state = b.state
   AND w.owner = b.owner
WHERE b.quantity > 0 AND coalesce(w.grams, 0) <= 0
  AND b.state NOT IN ('supplier', 'customer', 'adjustment', 'scrapped');

-- kits_as_said --
-- I28 broken: What kits consist of is what the item masters say.
WITH said AS (
    SELECT m.id AS kit, c.one ->> 'item' AS item, sum((c.one ->> 'quantity')::bigint) AS quantity
    FROM (
        SELECT id, convert_from(body, 'UTF8')::jsonb AS body FROM master WHERE kind = 'item'
          AND position('"components":'::bytea IN body) > 0
    ) m
    CROSS JOIN LATERAL jsonb_array_elements(m.body -> 'components') AS c (one)
    WHERE m.body ->> 'kind' = 'kit'
    GROUP BY 1, 2
)
SELECT coalesce(c.kit, s.kit) AS kit, coalesce(c.item, s.item) AS item, c.quantity AS kept,
       s.quantity AS said
FROM component c FULL JOIN said s ON s.kit = c.kit AND s.item = c.item
WHERE c.quantity IS DISTINCT FROM s.quantity;

-- documents_rebuilt --
-- I28 broken: A document stands as the newest outcome that names it says.
WITH said AS (
    SELECT DISTINCT ON (d ->> 0, d ->> 1)
           d ->> 0 AS kind, d ->> 1 AS id, (d ->> 2)::bigint AS revision, d -> 4 AS body
    FROM outcome o
    CROSS JOIN LATERAL jsonb_array_elements(
        convert_from(o.body, 'UTF8')::jsonb -> 'documents') d
    WHERE position(convert_to('"documents":', 'UTF8') IN o.body) > 0
    ORDER BY d ->> 0, d ->> 1, (d ->> 2)::bigint DESC
)
SELECT coalesce(s.kind, d.kind) AS kind, coalesce(s.id, d.id) AS id, d.revision AS stored,
       s.revision AS said
FROM said s FULL JOIN document d ON d.kind = s.kind AND d.id = s.id
WHERE d.revision IS DISTINCT FROM s.revision
   OR convert_from(d.body, 'UTF8')::jsonb IS DISTINCT FROM s.body;

-- safety_is_said --
-- I12 broken: What is kept as safety stock is what the stock policies say.
WITH said AS (
    SELECT said -> 'policy' ->> 'item' AS item, said -> 'policy' ->> 'site' AS site,
           coalesce((said -> 'policy' ->> 'safety_stock')::bigint, 0) AS safety
    FROM (
        SELECT convert_from(body, 'UTF8')::jsonb AS said FROM document WHERE kind = 'stock-policy'
    ) d
)
SELECT coalesce(p.item, s.item) AS item, coalesce(p.site, s.site) AS site, p.safety AS kept,
       s.safety AS said
FROM promise p FULL JOIN said s ON s.item = p.item AND s.site = p.site
WHERE coalesce(p.safety, 0) <> coalesce(s.safety, 0);

-- entries_match_movements --
-- I12 broken: Every movement changes finance's stock at a site by what it changes inside the house.
WITH moved AS (
    SELECT partition, position, number AS movement, site, sum(quantity) AS quantity FROM (
        SELECT partition, position, number, from_site AS site, -quantity AS quantity
        FROM movement WHERE from_state NOT IN ('supplier', 'customer', 'adjustment', 'scrapped')
        UNION ALL
        SELECT partition, position, number, to_site, quantity
        FROM movement WHERE to_state NOT IN ('supplier', 'customer', 'adjustment', 'scrapped')
    ) sides
    GROUP BY partition, position, number, site
), entered AS (
    SELECT partition, position, movement, site, sum(quantity) AS quantity
    FROM financial_entry GROUP BY partition, position, movement, site
)
SELECT coalesce(m.partition, e.partition) AS partition, coalesce(m.position, e.position) AS position,
       coalesce(m.movement, e.movement) AS movement, coalesce(m.site, e.site) AS site,
       m.quantity AS moved, e.quantity AS entered
FROM moved m
FULL JOIN entered e ON e.partition = m.partition AND e.position = m.position
    AND e.movement = m.movement AND e.site = m.site
WHERE coalesce(m.quantity, 0) <> coalesce(e.quantity, 0);

-- two_ledgers_agree --
-- I12 broken: Finance accounts for what is inside the house, item by item and site by site.
WITH held AS (
    SELECT item, site, owner, sum(quantity) AS quantity FROM balance
    WHERE state NOT IN ('supplier', 'customer', 'adjustment', 'scrapped') GROUP BY item, site, owner
), booked AS (
    SELECT item, site, owner, sum(quantity) AS quantity
    FROM financial_entry GROUP BY item, site, owner
)
SELECT coalesce(h.item, b.item) AS item, coalesce(h.site, b.site) AS site,
       coalesce(h.owner, b.owner) AS owner, h.quantity AS execution, b.quantity AS financial
FROM held h FULL JOIN booked b ON b.item = h.item AND b.site = h.site AND b.owner = h.owner
WHERE coalesce(h.quantity, 0) <> coalesce(b.quantity, 0);

-- entries_said --
-- I28 broken: The financial ledger's entries are those that the outcomes say.
WITH said AS (
    SELECT o.partition, o.position, e.turn - 1 AS number, (e.one ->> 0)::int AS movement,
           e.one ->> 1 AS site, e.one ->> 2 AS milestone, (e.one ->> 3)::bigint AS quantity,
           e.one ->> 4 AS period, (e.one ->> 5)::timestamptz AS ends_time, e.one ->> 6 AS mode,
           nullif(e.one ->> 7, '') AS asked
    FROM outcome o
    CROSS JOIN LATERAL jsonb_array_elements(convert_from(o.body, 'UTF8')::jsonb -> 'entries')
        WITH ORDINALITY AS e (one, turn)
    WHERE position(convert_to('"entries":', 'UTF8') IN o.body) > 0
)
SELECT coalesce(f.partition, s.partition) AS partition, coalesce(f.position, s.position) AS position,
       coalesce(f.number, s.number) AS number, f.item, f.quantity, s.quantity AS said_quantity
FROM financial_entry f
LEFT JOIN movement m
    ON m.partition = f.partition AND m.position = f.position AND m.number = f.movement
FULL JOIN said s
    ON s.partition = f.partition AND s.position = f.position AND s.number = f.number
WHERE (f.movement, f.site, f.milestone, f.quantity, f.period, f.ends_time, f.mode)
   IS DISTINCT FROM
      (s.movement, s.site, s.milestone, s.quantity, s.period, s.ends_time, s.mode)
   OR (f.mode <> 'summed' AND f.asked IS DISTINCT FROM s.asked)
   OR (f.item, f.owner, f.document) IS DISTINCT FROM (m.item, m.owner, m.document);

-- entries_claimed_as_said --
-- I28 broken: Summed entries are told by the posting that says so, and by no other.
WITH said AS (
    SELECT c.one ->> 0 AS posting, c.one ->> 1 AS site, c.one ->> 2 AS period,
           c.one ->> 3 AS milestone, c.one -> 4 AS first, c.one -> 5 AS last, c.one -> 6 AS upto,
           (c.one ->> 7)::bigint AS entries, (c.one ->> 8)::timestamptz AS ends_time
    FROM outcome o
    CROSS JOIN LATERAL jsonb_array_elements(convert_from(o.body, 'UTF8')::jsonb -> 'claims')
        AS c (one)
    WHERE position(convert_to('"claims":', 'UTF8') IN o.body) > 0
), covered AS (
    SELECT f.partition, f.position, f.number, f.asked, s.posting
    FROM financial_entry f
    LEFT JOIN said s
        ON f.site = s.site AND f.period = s.period AND f.ends_time = s.ends_time
       AND f.milestone = s.milestone
       AND (f.item COLLATE "C", f.owner COLLATE "C") >= (s.first ->> 0, s.first ->> 1)
       AND (f.item COLLATE "C", f.owner COLLATE "C") <= (s.last ->> 0, s.last ->> 1)
       AND f.position <= (s.upto ->> f.partition::text)::bigint
       AND (f.asked = s.posting OR f.asked IS NULL)
    WHERE f.mode = 'summed'
)
SELECT partition, position, number, asked, posting AS said, 'told by another or by none' AS problem
FROM covered WHERE asked IS DISTINCT FROM posting
UNION ALL
SELECT NULL, NULL, NULL, coalesce(c.asked, s.posting), NULL,
       s.entries || ' entries said, ' || coalesce(c.entries, 0) || ' told'
FROM said s
FULL JOIN (
    SELECT asked, count(*) AS entries FROM financial_entry
    WHERE mode = 'summed' AND asked IS NOT NULL GROUP BY asked
) c ON c.asked = s.posting
WHERE s.entries IS DISTINCT FROM c.entries;

-- postings_add_up --
-- I12 broken: A posting asks for what its entries add up to, item by item.
WITH line AS (
    SELECT d.id AS posting, l ->> 'item' AS item, l ->> 'milestone' AS milestone,
           coalesce(l ->> 'owner', '') AS owner, sum((l ->> 'quantity')::bigint) AS quantity
    FROM document d
    CROSS JOIN LATERAL jsonb_array_elements(
        convert_from(d.body, 'UTF8')::jsonb -> 'posting' -> 'lines') l
    WHERE d.kind = 'stock-posting'
    GROUP BY 1, 2, 3, 4
), told AS (
    SELECT asked AS posting, item, milestone, owner, sum(quantity) AS quantity
    FROM financial_entry WHERE asked IS NOT NULL GROUP BY 1, 2, 3, 4
)
SELECT coalesce(l.posting, t.posting) AS posting, coalesce(l.item, t.item) AS item,
       l.quantity AS asked, t.quantity AS entered
FROM line l
FULL JOIN told t ON t.posting = l.posting AND t.item = l.item AND t.milestone = l.milestone
    AND t.owner = l.owner
WHERE l.quantity IS DISTINCT FROM t.quantity;

-- postings_told --
-- I18 broken: Every posting was told at least once, in the attempt that it stands at.
SELECT d.id AS posting, d.attempt
FROM (
    SELECT id, coalesce(
        (convert_from(body, 'UTF8')::jsonb -> 'posting' ->> 'attempt')::int, 1) AS attempt
    FROM document WHERE kind = 'stock-posting'
) d
WHERE NOT EXISTS (
    SELECT FROM effect e
    WHERE e.key = d.id AND e.type = 'crossdock.stock.posting_requested.v1'
      AND e.business_key LIKE '%/stock-posting/' || d.id || '/' || d.attempt
);

-- nothing_from_nothing --
-- I12 broken: Over all accounts of an item, the world beyond the door among them, the sum is zero.
SELECT item, sum(quantity) AS sum FROM balance GROUP BY item HAVING sum(quantity) <> 0;

-- sellable_is_on_the_shelf --
-- I12 broken: What may be promised of an item at a site is what its available accounts hold.
SELECT coalesce(p.item, b.item) AS item, coalesce(p.site, b.site) AS site,
       p.sellable, b.quantity AS available
FROM promise p
FULL JOIN (
    SELECT item, site, sum(quantity) AS quantity FROM balance
    WHERE state = 'available' AND owner = ''  -- goods of others are not ours to promise
    GROUP BY item, site
) b ON b.item = p.item AND b.site = p.site
WHERE coalesce(p.sellable, 0) <> coalesce(b.quantity, 0);

-- counts_stand --
-- I12 broken: An account held at the moment of a count what was counted, whatever was told later.
WITH mark AS (
    SELECT d.id, d.said -> 'account' ->> 0 AS item, d.said -> 'account' ->> 1 AS site,
           d.said -> 'account' ->> 2 AS lot, d.said -> 'account' ->> 3 AS state,
           d.said -> 'account' ->> 4 AS owner, (c ->> 0)::timestamptz AS counted_time,
           (c ->> 1)::bigint AS counted
    FROM (
        SELECT id, convert_from(body, 'UTF8')::jsonb AS said FROM document WHERE kind = 'count'
    ) d
    CROSS JOIN LATERAL jsonb_array_elements(d.said -> 'counts') c
)
SELECT m.item, m.site, m.lot, m.state, m.counted, h.held
FROM mark m
CROSS JOIN LATERAL (
    SELECT coalesce(sum(
        CASE WHEN to_site = m.site AND to_state = m.state THEN quantity ELSE 0 END
        - CASE WHEN from_site = m.site AND from_state = m.state THEN quantity ELSE 0 END
    ), 0) AS held
    FROM movement
    WHERE item = m.item AND lot = m.lot AND owner = m.owner AND event_time <= m.counted_time
) h
WHERE h.held <> m.counted AND NOT EXISTS (SELECT FROM recount r WHERE r.document = m.id);

-- blocked_lots_said --
-- I28 broken: The lots that may not be sold are those that their documents say.
SELECT coalesce(b.item, d.said ->> 'item') AS item, coalesce(b.lot, d.said ->> 'lot') AS lot,
       b.document AS stored, d.id AS said
FROM blocked_lot b
FULL JOIN (
    SELECT id, said FROM (
        SELECT id, convert_from(body, 'UTF8')::jsonb AS said FROM document WHERE kind = 'lot'
    ) every
    WHERE coalesce((said ->> 'expired')::boolean, false) OR EXISTS (
        SELECT FROM jsonb_each(coalesce(said -> 'recalls', '{}')) r
        WHERE NOT coalesce((r.value ->> 'lifted')::boolean, false)
    )
) d ON d.id = b.document
WHERE b.document IS NULL OR d.id IS NULL;

-- reserved_is_promised --
-- I12 broken: What is reserved is what lines were promised, grants on their way, and reservations.
WITH state AS MATERIALIZED (
    SELECT convert_from(state, 'UTF8')::jsonb AS said FROM sales_order
), wanted AS (
    SELECT item, site, sum(quantity) AS quantity FROM (
        SELECT l.value ->> 'item' AS item, p.key AS site,
               (p.value ->> 'reserved')::bigint AS quantity
        FROM state s
        CROSS JOIN LATERAL jsonb_each(s.said -> 'lines') l
        CROSS JOIN LATERAL jsonb_each(l.value -> 'sites') p
        WHERE p.value ? 'reserved'
        UNION ALL
        SELECT g.said ->> 'item', g.said ->> 'site', (g.said ->> 'quantity')::bigint
        FROM (
            SELECT convert_from(m.raw, 'UTF8')::jsonb -> 'data' AS said
            FROM lease l
            JOIN message m ON m.partition = l.partition AND m.position > l.decided
            WHERE m.type = 'crossdock.stock.granted.v1'
        ) g
        UNION ALL
        SELECT l.value ->> 'item', s.key, s.value::bigint
        FROM document d
        CROSS JOIN LATERAL jsonb_array_elements(convert_from(d.body, 'UTF8')::jsonb -> 'lines') l
        CROSS JOIN LATERAL jsonb_each_text(l.value -> 'sites') s
        WHERE d.kind = 'reservation'
    ) promises
    GROUP BY item, site
)
SELECT coalesce(p.item, w.item) AS item, coalesce(p.site, w.site) AS site,
       p.reserved, w.quantity AS promised
FROM promise p FULL JOIN wanted w ON w.item = p.item AND w.site = p.site
WHERE coalesce(p.reserved, 0) <> coalesce(w.quantity, 0);

-- ahead_is_expected --
-- I14 warning: No more is promised ahead than is expected or unpacked (a supplier delivers less).
WITH said AS (
    SELECT id, convert_from(body, 'UTF8')::jsonb AS body FROM document WHERE kind = 'inbound'
), counted AS (
    SELECT s.id AS item,
           (SELECT coalesce(sum((a.value ->> 'quantity')::bigint), 0)
            FROM jsonb_array_elements(s.body -> 'ahead') a) AS promised,
           (SELECT coalesce(sum((o.value ->> 'quantity')::bigint), 0)
            FROM jsonb_array_elements(s.body -> 'open') o) AS expected,
           (SELECT coalesce(sum(b.quantity), 0) FROM balance b
            WHERE b.item = s.id AND b.state = 'received') AS unpacked
    FROM said s WHERE s.body ? 'ahead'
)
SELECT item, promised, expected, unpacked FROM counted WHERE promised > expected + unpacked;

-- ahead_is_held --
-- I14 broken: What is promised ahead of an item is what lines of reservations hold of it.
WITH said AS (
    SELECT kind, id, convert_from(body, 'UTF8')::jsonb AS body
    FROM document WHERE kind IN ('inbound', 'reservation')
), listed AS (
    SELECT a.value ->> 'reservation_id' AS reservation_id, (a.value ->> 'line')::bigint AS place,
           s.id AS item, (a.value ->> 'quantity')::bigint AS quantity
    FROM said s CROSS JOIN LATERAL jsonb_array_elements(s.body -> 'ahead') a
    WHERE s.kind = 'inbound'
), held AS (
    SELECT s.id AS reservation_id, l.ordinality - 1 AS place, l.value ->> 'item' AS item,
           sum((p.value ->> 'quantity')::bigint) AS quantity
    FROM said s
    CROSS JOIN LATERAL jsonb_array_elements(s.body -> 'lines') WITH ORDINALITY l
    CROSS JOIN LATERAL jsonb_array_elements(l.value -> 'later') p
    WHERE s.kind = 'reservation'
    GROUP BY s.id, l.ordinality, l.value ->> 'item'
)
SELECT coalesce(l.item, h.item) AS item,
       coalesce(l.reservation_id, h.reservation_id) AS reservation_id,
       l.quantity AS promised, h.quantity AS held
FROM listed l
FULL JOIN held h USING (reservation_id, place, item)
WHERE l.quantity IS DISTINCT FROM h.quantity;

-- pooled_is_set_aside --
-- I14 broken: What is pooled on a promise row is what its channels have not used of their pools.
WITH said AS (
    SELECT split_part(id, E'\t', 1) AS item, split_part(id, E'\t', 2) AS site,
           convert_from(body, 'UTF8')::jsonb AS body
    FROM document WHERE kind = 'pool'
), pools AS (
    SELECT item, site,
           sum(greatest(0, coalesce((body ->> 'quantity')::bigint, 0)
                           - coalesce((body ->> 'used')::bigint, 0))) AS unused
    FROM said GROUP BY item, site
)
SELECT coalesce(p.item, s.item) AS item, coalesce(p.site, s.site) AS site, p.pooled, s.unused
FROM promise p FULL JOIN pools s ON s.item = p.item AND s.site = p.site
WHERE coalesce(p.pooled, 0) <> coalesce(s.unused, 0);

-- reserved_not_negative --
-- I13 broken: Nothing is reserved less than not at all.
SELECT item, site, sellable, reserved FROM promise WHERE reserved < 0;

-- shelf_below_zero --
-- I13 warning: No account inside the house is below zero (facts say that more left than there was).
SELECT b.item, b.site, b.lot, b.state, b.owner, b.quantity, m.document AS last_taken_by
FROM balance b
LEFT JOIN LATERAL (
    SELECT document FROM movement
    WHERE item = b.item AND from_site = b.site AND lot = b.lot AND from_state = b.state
      AND owner = b.owner
    ORDER BY event_time DESC, partition DESC, position DESC LIMIT 1
) m ON true
WHERE b.quantity < 0 AND b.state NOT IN ('supplier', 'customer', 'adjustment', 'scrapped');

-- promised_beyond_the_shelf --
-- I14 warning: No more is promised than is on the shelf (facts took away what was promised).
SELECT item, site, sellable, reserved FROM promise WHERE reserved > greatest(sellable, 0);

-- promises_resolved_once --
-- I15 broken: What a line has been promised is the sum of the recorded commitments, never below 0.
WITH state AS MATERIALIZED (
    SELECT order_id, convert_from(state, 'UTF8')::jsonb AS said FROM sales_order
), line AS (
    SELECT s.order_id, l.key AS line, p.key AS site,
           coalesce((p.value ->> 'reserved')::bigint, 0) AS reserved,
           coalesce((p.value ->> 'released')::bigint, 0) AS released
    FROM state s
    CROSS JOIN LATERAL jsonb_each(s.said -> 'lines') l
    CROSS JOIN LATERAL jsonb_each(l.value -> 'sites') p
), said AS (
    SELECT o.partition, o.position, c.turn, c.one ->> 0 AS order_id, c.one ->> 1 AS line,
           c.one ->> 2 AS site, (c.one ->> 3)::bigint AS reserved,
           (c.one ->> 4)::bigint AS released
    FROM outcome o
    CROSS JOIN LATERAL jsonb_array_elements(convert_from(o.body, 'UTF8')::jsonb -> 'commitments')
        WITH ORDINALITY AS c (one, turn)
), running AS (
    SELECT order_id, line, site,
           sum(reserved) OVER so_far AS reserved, sum(released) OVER so_far AS released
    FROM said
    WINDOW so_far AS (PARTITION BY order_id, line, site ORDER BY partition, position, turn)
), summed AS (
    SELECT order_id, line, site, sum(reserved) AS reserved, sum(released) AS released
    FROM said GROUP BY order_id, line, site
)
SELECT coalesce(l.order_id, s.order_id) AS order_id, coalesce(l.line, s.line) AS line,
       coalesce(l.site, s.site) AS site, l.reserved, s.reserved AS committed,
       l.released, s.released AS asked_for, 'state and log disagree' AS problem
FROM line l
FULL JOIN summed s ON s.order_id = l.order_id AND s.line = l.line AND s.site = l.site
WHERE coalesce(l.reserved, 0) <> coalesce(s.reserved, 0)
   OR coalesce(l.released, 0) <> coalesce(s.released, 0)
UNION ALL
SELECT order_id, line, site, NULL, min(reserved), NULL, min(released), 'resolved more than once'
FROM running WHERE reserved < 0 OR released < 0
GROUP BY order_id, line, site;

-- grants_sent --
-- I15 broken: Every unit set aside for a waiting line is on its way to it in one message.
WITH said AS (
    SELECT o.partition || ':' || o.position AS place, count(*) AS grants,
           sum((g.one ->> 4)::bigint) AS quantity
    FROM outcome o
    CROSS JOIN LATERAL jsonb_array_elements(convert_from(o.body, 'UTF8')::jsonb -> 'grants')
        AS g (one)
    GROUP BY 1
), sent AS (
    SELECT m.causation AS place, count(*) AS messages,
           sum((convert_from(m.raw, 'UTF8')::jsonb -> 'data' ->> 'quantity')::bigint) AS quantity
    FROM message m WHERE m.type = 'crossdock.stock.granted.v1'
    GROUP BY 1
)
SELECT coalesce(a.place, s.place) AS place, a.grants, s.messages, a.quantity AS granted,
       s.quantity AS sent
FROM said a FULL JOIN sent s ON s.place = a.place
WHERE a.grants IS DISTINCT FROM s.messages OR a.quantity IS DISTINCT FROM s.quantity;

-- availability_in_order --
-- I16 broken: Availability is told under versions that always grow, and the newest is what counts.
WITH told AS MATERIALIZED (
    SELECT effect_id, destination, said ->> 'channel' AS channel, said ->> 'item' AS item,
           (said ->> 'version')::bigint AS version, (said ->> 'quantity')::bigint AS quantity
    FROM (
        SELECT effect_id, destination, convert_from(body, 'UTF8')::jsonb AS said
        FROM effect WHERE type = 'crossdock.availability.published.v1'
    ) e
), stepped AS (
    SELECT *, lag(version) OVER (
        PARTITION BY destination, channel, item ORDER BY effect_id
    ) AS before
    FROM told
), newest AS (
    SELECT DISTINCT ON (channel, item) channel, item, version, quantity
    FROM told ORDER BY channel, item, version DESC
)
SELECT channel, item, version, before AS other, 'a version is not higher than the one before it'
    AS problem
FROM stepped WHERE version <= before
UNION ALL
SELECT n.channel, n.item, n.version, a.version, 'the newest version told is not the one kept'
FROM newest n LEFT JOIN availability a ON a.channel = n.channel AND a.item = n.item
WHERE a.version IS DISTINCT FROM n.version OR a.quantity IS DISTINCT FROM n.quantity;

-- effects_decided --
-- I18 broken: Every effect that an outcome names exists.
SELECT o.partition, o.position, k.business_key
FROM outcome o
CROSS JOIN LATERAL jsonb_array_elements_text(convert_from(o.body, 'UTF8')::jsonb -> 'effects')
    AS k (business_key)
LEFT JOIN effect e ON e.business_key = k.business_key
WHERE e.effect_id IS NULL;

-- effects_named --
-- I18 broken: Every effect that cites a message is named in what that message decided.
WITH named AS (
    SELECT o.partition, o.position, k.business_key
    FROM outcome o
    CROSS JOIN LATERAL
        jsonb_array_elements_text(convert_from(o.body, 'UTF8')::jsonb -> 'effects')
        AS k (business_key)
)
SELECT e.partition, e.position, e.business_key
FROM effect e
LEFT JOIN named n
    ON n.business_key = e.business_key AND n.partition = e.partition AND n.position = e.position
WHERE e.partition IS NOT NULL AND n.business_key IS NULL;

-- effects_end --
-- I19 broken: Every effect is still to be told or has an attempt that settled it, and not both.
WITH settled AS (
    SELECT effect_id, count(*) AS times FROM attempt
    WHERE verdict IN ('accepted', 'already_done', 'superseded', 'adopted', 'cancelled')
    GROUP BY effect_id
)
SELECT coalesce(e.effect_id, d.effect_id, s.effect_id) AS effect_id, e.business_key,
       CASE WHEN e.effect_id IS NULL THEN 'no such effect'
            WHEN s.times > 1 THEN 'settled more than once'
            WHEN d.effect_id IS NULL THEN 'neither due nor settled'
            ELSE 'settled and still due' END AS problem
FROM effect e
FULL JOIN due d ON d.effect_id = e.effect_id
FULL JOIN settled s ON s.effect_id = coalesce(e.effect_id, d.effect_id)
WHERE e.effect_id IS NULL OR (d.effect_id IS NULL) = (s.times IS NULL) OR s.times > 1;

-- ends_told --
-- I18 broken: A document that asked for the end of an effect was told it.
-- As sets, not as a join: whatever the planner believes, each table is read once.
WITH ended AS MATERIALIZED (
    SELECT e.business_key, a.kind, a.id, t.attempt, t.verdict,
           'settled/' || e.business_key || '/' || t.attempt AS said
    FROM effect_asker a
    JOIN effect e ON e.effect_id = a.effect_id
    CROSS JOIN LATERAL (
        SELECT attempt, verdict FROM attempt
        WHERE effect_id = a.effect_id ORDER BY attempt DESC LIMIT 1
    ) t
    WHERE coalesce((SELECT d.state FROM due d WHERE d.effect_id = a.effect_id), 2) = 2
), untold AS (
    SELECT said FROM ended
    EXCEPT
    SELECT id FROM message WHERE type = 'crossdock.effect.settled.v1'
)
SELECT business_key, kind, id, attempt, verdict FROM untold JOIN ended USING (said);

-- instances_alive --
-- I25 broken: An instance of a recipe is complete, compensated or parked, or its timer will wake it.
SELECT d.id, s.said ->> 'recipe' AS recipe, coalesce(s.said ->> 'standing', 'running') AS standing
FROM document d
CROSS JOIN LATERAL (SELECT convert_from(d.body, 'UTF8')::jsonb AS said) s
WHERE d.kind = 'saga' AND d.due_time IS NULL
  AND coalesce(s.said ->> 'standing', 'running') IN ('running', 'undoing');

-- instances_listed --
-- I25 broken: Every instance of a recipe is found by its key, so that facts reach it.
SELECT d.id, s.said ->> 'key' AS key
FROM document d
CROSS JOIN LATERAL (SELECT convert_from(d.body, 'UTF8')::jsonb AS said) s
LEFT JOIN document l ON l.kind = 'sagas-of' AND l.id = s.said ->> 'key'
WHERE d.kind = 'saga'
  AND NOT coalesce((convert_from(l.body, 'UTF8')::jsonb -> 'ids') ? d.id, false);

-- requests_known --
-- I26 broken: What was told for an instance stands with it, so that it can be undone.
SELECT e.business_key, a.kind, a.id
FROM effect_asker a
JOIN effect e ON e.effect_id = a.effect_id
LEFT JOIN document d ON d.kind = a.kind AND d.id = a.id
WHERE a.kind = 'saga' AND (
    d.body IS NULL OR position(
        '"' || substr(e.business_key, length(e.destination) + 2) || '"'
        IN convert_from(d.body, 'UTF8')) = 0);

-- due_as_intended --
-- I21 broken: What is due stands in the queue that its effect names.
SELECT e.effect_id, e.business_key, d.destination, d.lane, d.key
FROM due d JOIN effect e ON e.effect_id = d.effect_id
WHERE d.destination <> e.destination OR d.lane <> e.lane OR d.key <> e.key
   OR d.state NOT IN (0, 1, 2);

-- heads_first --
-- I21 broken: Nothing of a key was told while something older of that key is still to be told.
WITH oldest AS (
    SELECT destination, key, min(effect_id) AS effect_id FROM due GROUP BY destination, key
)
SELECT e.effect_id, e.destination, e.key, e.business_key, o.effect_id AS older
FROM oldest o
JOIN effect e
    ON e.destination = o.destination AND e.key = o.key AND e.effect_id > o.effect_id
JOIN attempt a ON a.effect_id = e.effect_id AND a.verdict IN ('accepted', 'already_done');

-- leases_fit --
-- I22 broken: Each partition has one head and one lease that has not run past it.
SELECT coalesce(l.partition, h.partition) AS partition, h.head, l.decided, l.owner, l.epoch
FROM lease l FULL JOIN log_head h ON h.partition = l.partition
WHERE l.partition IS NULL OR h.partition IS NULL
   OR l.decided > h.head OR l.decided < 0
   OR (l.owner IS NULL) <> (l.until IS NULL)
   OR (l.owner IS NOT NULL AND l.epoch < 1)
UNION ALL
SELECT NULL, count(*), NULL, 'hub.partitions = ' || max(h.value), NULL
FROM lease JOIN hub h ON h.name = 'partitions'
WHERE partition < 1024  -- the desks come after these
HAVING count(*) <> max(h.value)::bigint;

-- superseded_by_newer --
-- I19 broken: What was superseded names a newer effect of its key at its destination.
SELECT a.effect_id, e.business_key, a.reference AS newer
FROM attempt a JOIN effect e ON e.effect_id = a.effect_id
LEFT JOIN effect n ON n.business_key = a.reference AND n.effect_id > e.effect_id
    AND n.destination = e.destination AND n.key = e.key
WHERE a.verdict = 'superseded' AND a.begun_time IS NULL AND n.effect_id IS NULL;

-- attempts_whole --
-- I22 broken: Every attempt that was begun has its end on record, save the one in flight.
SELECT coalesce(d.effect_id, a.effect_id) AS effect_id, a.ends, a.last, d.attempts AS begun, d.state
FROM due d
FULL JOIN (
    SELECT effect_id, count(*) AS ends, max(attempt) AS last FROM attempt GROUP BY effect_id
) a ON a.effect_id = d.effect_id
WHERE coalesce(a.ends, 0) <> coalesce(a.last, 0)
   OR (d.effect_id IS NOT NULL
       AND coalesce(a.last, 0) <> d.attempts - CASE WHEN d.state = 1 THEN 1 ELSE 0 END);

-- attempts_apart --
-- I20 warning: No two attempts of one key at one destination were under way at the same time.
WITH begun AS (
    SELECT e.destination, e.key, a.effect_id, a.attempt, a.begun_time, a.settled_time,
           lag(a.settled_time) OVER turn AS before, lag(a.effect_id) OVER turn AS other
    FROM attempt a JOIN effect e ON e.effect_id = a.effect_id
    WHERE a.begun_time IS NOT NULL
    WINDOW turn AS (PARTITION BY e.destination, e.key ORDER BY a.begun_time, a.effect_id, a.attempt)
)
SELECT destination, key, effect_id, attempt, begun_time, other, before FROM begun
WHERE begun_time < before;

-- attempts_fenced --
-- I22 broken: Every attempt on record belongs to an effect and was begun.
SELECT a.effect_id, a.attempt, a.verdict, d.attempts AS begun
FROM attempt a
LEFT JOIN effect e ON e.effect_id = a.effect_id
LEFT JOIN due d ON d.effect_id = a.effect_id
WHERE e.effect_id IS NULL OR a.attempt > d.attempts OR a.attempt < 1;

-- movements_said --
-- I28 broken: The ledger's movements are those that the outcomes say.
WITH said AS (
    SELECT o.partition, o.position, m.turn - 1 AS number, m.one ->> 0 AS item, m.one ->> 1 AS lot,
           m.one ->> 2 AS owner, m.one ->> 3 AS from_site, m.one ->> 4 AS from_state,
           m.one ->> 5 AS to_site, m.one ->> 6 AS to_state, (m.one ->> 7)::bigint AS quantity,
           m.one ->> 8 AS document, m.one ->> 9 AS kind
    FROM outcome o
    CROSS JOIN LATERAL jsonb_array_elements(convert_from(o.body, 'UTF8')::jsonb -> 'movements')
        WITH ORDINALITY AS m (one, turn)
)
SELECT coalesce(m.partition, s.partition) AS partition, coalesce(m.position, s.position) AS position,
       coalesce(m.number, s.number) AS number, m.item, m.quantity, m.document,
       s.item AS said_item, s.quantity AS said_quantity, s.document AS said_document
FROM movement m
FULL JOIN said s
    ON s.partition = m.partition AND s.position = m.position AND s.number = m.number
WHERE (m.item, m.lot, m.owner, m.from_site, m.from_state, m.to_site, m.to_state, m.quantity,
       m.document, m.kind)
   IS DISTINCT FROM
      (s.item, s.lot, s.owner, s.from_site, s.from_state, s.to_site, s.to_state, s.quantity,
       s.document, s.kind);

-- notes_shown --
-- I28 broken: Every condition that an outcome notes is shown to people.
SELECT n.kind, n.key, min(n.place) AS place
FROM (
    SELECT o.partition || ':' || o.position AS place, n.one ->> 0 AS kind, n.one ->> 1 AS key
    FROM outcome o
    CROSS JOIN LATERAL jsonb_array_elements(convert_from(o.body, 'UTF8')::jsonb -> 'notes')
        AS n (one)
) n
LEFT JOIN exception e ON e.kind = n.kind AND e.key = n.key
WHERE e.kind IS NULL
GROUP BY n.kind, n.key;

-- conditions_as_said --
-- I28 broken: Each condition is open or closed as notes and closings on the log add up.
WITH outcomes AS (
    SELECT partition, position, convert_from(body, 'UTF8')::jsonb AS said FROM outcome
), noted AS (
    SELECT n.one ->> 0 AS kind, n.one ->> 1 AS key, o.partition,
           min(o.position) AS first, max(o.position) AS noted
    FROM outcomes o CROSS JOIN LATERAL jsonb_array_elements(o.said -> 'notes') AS n (one)
    GROUP BY 1, 2, 3
), closing AS (
    SELECT c.one ->> 0 AS kind, c.one ->> 1 AS key, u.key::smallint AS partition,
           u.value::bigint AS upto
    FROM outcomes o CROSS JOIN LATERAL jsonb_array_elements(o.said -> 'closings') AS c (one)
    CROSS JOIN LATERAL jsonb_each_text(c.one -> 3) AS u
), settled AS (  -- what was closed before it was ever noted is on no record
    SELECT kind, key, partition, max(upto) AS settled
    FROM closing JOIN noted USING (kind, key, partition)
    WHERE upto >= first GROUP BY 1, 2, 3
)
SELECT coalesce(n.kind, m.kind) AS kind, coalesce(n.key, m.key) AS key,
       coalesce(n.partition, m.partition) AS partition, n.noted, m.noted AS stored_noted,
       coalesce(s.settled, 0) AS settled, m.settled AS stored_settled
FROM noted n
FULL JOIN (SELECT * FROM exception_mark WHERE partition >= 0) m
    ON m.kind = n.kind AND m.key = n.key AND m.partition = n.partition
LEFT JOIN settled s ON s.kind = n.kind AND s.key = n.key AND s.partition = n.partition
WHERE n.noted IS DISTINCT FROM m.noted OR coalesce(s.settled, 0) IS DISTINCT FROM m.settled
UNION ALL
SELECT e.kind, e.key, NULL, NULL, NULL, NULL, NULL
FROM exception e
WHERE (e.closed_time IS NULL) <> EXISTS (
    SELECT FROM exception_mark m WHERE m.kind = e.kind AND m.key = e.key AND m.noted > m.settled
);

-- rulings_done --
-- I19 broken: What a person ruled on a held effect was done, and nobody else adopts or cancels.
WITH ruled AS (
    SELECT r.one ->> 0 AS business_key, (r.one ->> 1)::bigint + 1 AS attempt, r.one ->> 2 AS action
    FROM outcome o
    CROSS JOIN LATERAL jsonb_array_elements(convert_from(o.body, 'UTF8')::jsonb -> 'rulings')
        AS r (one)
), ended AS (
    SELECT e.business_key, a.attempt, a.verdict
    FROM attempt a JOIN effect e ON e.effect_id = a.effect_id
    WHERE a.verdict IN ('adopted', 'cancelled')
)
SELECT coalesce(r.business_key, e.business_key) AS business_key, r.action, e.verdict
FROM (SELECT * FROM ruled WHERE action IN ('adopt', 'cancel')) r
FULL JOIN ended e ON e.business_key = r.business_key AND e.attempt = r.attempt
WHERE r.action IS NULL OR e.verdict IS NULL
   OR (r.action = 'adopt') <> (e.verdict = 'adopted');

-- orders_have_messages --
-- I28 broken: Every order has a message on the log that speaks of it.
SELECT o.order_id FROM sales_order o
WHERE NOT EXISTS (SELECT FROM message m WHERE m.key = o.order_id);

-- waiting_lines --
-- I28 broken: Who waits, and for how much, is what the orders say (but for grants on their way).
WITH state AS MATERIALIZED (
    SELECT order_id, convert_from(state, 'UTF8')::jsonb AS said FROM sales_order
), line AS (
    SELECT s.order_id, l.key AS line, coalesce(l.value ->> 'item', '') AS item,
           (l.value ->> 'waiting')::bigint AS waiting
    FROM state s CROSS JOIN LATERAL jsonb_each(s.said -> 'lines') l
    WHERE l.value ? 'waiting'
), granted AS (
    SELECT g.said ->> 'order_id' AS order_id, g.said ->> 'line' AS line
    FROM (
        SELECT convert_from(m.raw, 'UTF8')::jsonb -> 'data' AS said
        FROM lease l
        JOIN message m ON m.partition = l.partition AND m.position > l.decided
        WHERE m.type = 'crossdock.stock.granted.v1'
    ) g
)
SELECT coalesce(w.order_id, l.order_id) AS order_id, coalesce(w.line, l.line) AS line,
       coalesce(w.item, l.item) AS item, w.quantity AS listed, l.waiting AS wanted
FROM waiting w
FULL JOIN line l ON l.order_id = w.order_id AND l.line = w.line AND l.item = w.item
WHERE coalesce(w.quantity, 0) <> coalesce(l.waiting, 0)
  AND NOT EXISTS (
      SELECT FROM granted g
      WHERE g.order_id = coalesce(w.order_id, l.order_id) AND g.line = coalesce(w.line, l.line)
  );

-- waiting_unserved --
-- I26 warning: Once all is decided, no line waits for what its channel could have from a shelf.
SELECT w.order_id, w.line, w.item, w.quantity AS waits_for, p.site,
       p.sellable - p.reserved - p.pooled - p.safety AS free
FROM waiting w
JOIN sales_order o ON o.order_id = w.order_id
LEFT JOIN unnest($1::text[], $2::bigint[]) AS c (channel, keep_back) ON c.channel = o.channel
JOIN promise p ON p.item = w.item AND p.site = ANY(w.sites)
WHERE p.sellable - p.reserved - p.pooled - p.safety > coalesce(c.keep_back, 0)
  AND NOT EXISTS (
      SELECT FROM lease l JOIN log_head h ON h.partition = l.partition WHERE l.decided < h.head
  );

-- waiting_nowhere --
-- I26 warning: No line of an order that is free to go waits without a site that could serve it.
SELECT w.order_id, w.line, w.item, w.quantity AS waits_for
FROM waiting w JOIN sales_order o ON o.order_id = w.order_id
CROSS JOIN LATERAL (SELECT convert_from(o.state, 'UTF8')::jsonb AS state) said
WHERE w.sites = '{}' AND NOT said.state ? 'holds'
  AND NOT EXISTS (  -- a site that found a line short is not asked for it again
      SELECT FROM jsonb_each(said.state -> 'lines' -> w.line -> 'sites') p WHERE p.value ? 'short'
  );

-- decided_messages --
-- Not a check but what the rebuild reads: a partition's decided messages of these types, those of
-- one key together, in the order in which they were decided.
SELECT m.partition, m.position, m.source, m.id, m.type, m.key, m.correlation, m.event_time,
       m.received_time, m.raw, m.rival, o.body
FROM message m JOIN outcome o ON o.partition = m.partition AND o.position = m.position
WHERE m.partition = $1 AND m.type = ANY($2::text[])
ORDER BY m.key, m.position;

-- stored_orders --
-- Likewise: orders as they are stored.
SELECT order_id, status, customer, channel, ordered, shipped, invoiced, cancelled, returned, state,
       unmatched
FROM sales_order WHERE order_id = ANY($1::text[]);

-- stored_masters --
-- Likewise: master records as they are stored, each beside the document that it follows from.
SELECT m.kind, coalesce(m.id, d.id) AS id, m.revision, m.body, d.body AS document
FROM master m
FULL JOIN (SELECT id, body FROM document WHERE kind = 'master') d ON d.id = m.kind || '/' || m.id
ORDER BY coalesce(m.kind || '/' || m.id, d.id) COLLATE "C";

-- partitions --
-- Likewise: the partitions of the log.
SELECT partition FROM log_head ORDER BY partition;
