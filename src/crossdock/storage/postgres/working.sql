-- lock_conditions --
-- Lock these conditions in key order, as far as they are there.
SELECT 1 FROM exception e
JOIN (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS n (kind, key)) n
    ON n.kind = e.kind AND n.key = e.key
ORDER BY e.kind, e.key FOR UPDATE OF e;

-- open_exceptions --
-- Note conditions: new ones, open ones once more, and closed ones, which are open again from now on.
INSERT INTO exception AS e (kind, key, detail, partition, position, times, opened_time)
SELECT kind, key, detail, partition, position, times, $7
FROM unnest($1::text[], $2::text[], $3::text[], $4::smallint[], $5::bigint[], $6::bigint[])
    AS n (kind, key, detail, partition, position, times)
ORDER BY kind, key
ON CONFLICT ON CONSTRAINT exception_condition
DO UPDATE SET
    times = e.times + excluded.times, detail = excluded.detail,
    partition = CASE WHEN e.closed_time IS NULL THEN e.partition ELSE excluded.partition END,
    position = CASE WHEN e.closed_time IS NULL THEN e.position ELSE excluded.position END,
    opened_time = CASE WHEN e.closed_time IS NULL THEN e.opened_time ELSE excluded.opened_time END,
    closed_time = NULL, closed_partition = NULL, closed_position = NULL, closed_why = '';

-- mark_conditions --
-- Where conditions were noted last, by partition.
INSERT INTO exception_mark AS m (kind, key, partition, noted)
SELECT kind, key, partition, noted
FROM unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[]) AS n (kind, key, partition, noted)
ORDER BY kind, key, partition
ON CONFLICT ON CONSTRAINT exception_mark_of_partition
DO UPDATE SET noted = greatest(m.noted, excluded.noted);

-- mark_repaired --
-- A condition that the repair of a counter noted: its marks count how often.
INSERT INTO exception_mark AS m (kind, key, partition, noted)
SELECT kind, key, -1, 1 FROM unnest($1::text[], $2::text[]) AS n (kind, key)
ON CONFLICT ON CONSTRAINT exception_mark_of_partition DO UPDATE SET noted = m.noted + 1;

-- settle_marks --
-- Up to where conditions are settled, by partition.
UPDATE exception_mark m SET settled = greatest(m.settled, n.upto)
FROM (
    SELECT kind, key, partition, max(upto) AS upto
    FROM unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[])
        AS s (kind, key, partition, upto)
    GROUP BY kind, key, partition
) n
WHERE m.kind = n.kind AND m.key = n.key AND m.partition = n.partition;

-- close_conditions --
-- Close those of these conditions of which nothing noted is left unsettled.
UPDATE exception e SET closed_time = $6, closed_partition = n.partition,
                       closed_position = n.position, closed_why = n.why
FROM unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[], $5::text[])
    AS n (kind, key, partition, position, why)
WHERE e.kind = n.kind AND e.key = n.key AND e.closed_time IS NULL
  AND NOT EXISTS (
      SELECT FROM exception_mark m
      WHERE m.kind = e.kind AND m.key = e.key AND m.noted > m.settled
  );

-- note_held_effects --
-- Effects that wait for a person are shown to people.
WITH stuck AS (
    SELECT n.verdict AS kind, f.business_key AS key, n.problem AS detail, f.partition, f.position,
           n.attempt
    FROM unnest($1::bigint[], $2::text[], $3::text[], $5::integer[])
        AS n (effect_id, verdict, problem, attempt)
    JOIN effect f ON f.effect_id = n.effect_id
), marked AS (
    INSERT INTO exception_mark AS m (kind, key, partition, noted)
    SELECT kind, key, -1, attempt FROM stuck ORDER BY kind, key
    ON CONFLICT ON CONSTRAINT exception_mark_of_partition
    DO UPDATE SET noted = greatest(m.noted, excluded.noted)
)
INSERT INTO exception AS e (kind, key, detail, partition, position, opened_time)
SELECT kind, key, detail, partition, position, $4 FROM stuck ORDER BY kind, key
ON CONFLICT ON CONSTRAINT exception_condition
DO UPDATE SET
    times = e.times + 1, detail = excluded.detail,
    opened_time = CASE WHEN e.closed_time IS NULL THEN e.opened_time ELSE excluded.opened_time END,
    closed_time = NULL, closed_partition = NULL, closed_position = NULL, closed_why = '';

-- close_effects_conditions --
-- These effects came to their end with these attempts: what earlier attempts left is closed.
WITH ended AS (
    SELECT f.business_key AS key, n.attempt
    FROM unnest($1::bigint[], $2::integer[]) AS n (effect_id, attempt)
    JOIN effect f ON f.effect_id = n.effect_id
), settled AS (
    UPDATE exception_mark m SET settled = greatest(m.settled, e.attempt)
    FROM ended e WHERE m.key = e.key AND m.kind = ANY($3::text[]) AND m.partition = -1
    RETURNING m.kind, m.key
)
UPDATE exception x SET closed_time = $4, closed_why = $5
FROM settled s WHERE x.kind = s.kind AND x.key = s.key AND x.closed_time IS NULL;

-- load_effects --
-- Effects by business key, with where they stand.
SELECT e.business_key, e.destination, e.lane, e.key, e.type, e.correlation, e.body, d.state,
       coalesce(d.attempts, (SELECT max(attempt) FROM attempt a WHERE a.effect_id = e.effect_id), 0)
FROM effect e LEFT JOIN due d ON d.effect_id = e.effect_id
WHERE e.business_key = ANY($1::text[]);

-- lock_held_effects --
-- Of these effects those that are held after so many attempts, locked in their order.
SELECT e.business_key, d.effect_id FROM due d
JOIN effect e ON e.effect_id = d.effect_id
JOIN unnest($1::text[], $2::integer[]) AS n (business_key, attempts)
    ON n.business_key = e.business_key AND n.attempts = d.attempts
WHERE d.state = 2
ORDER BY d.effect_id FOR UPDATE OF d;

-- help_effects_on --
-- Let held effects be told again with all their tries; without doubt where it is certainly not done.
UPDATE due d SET state = 0, due_time = $3, tries = 0, doubtful = d.doubtful AND NOT n.certain
FROM unnest($1::bigint[], $2::boolean[]) AS n (effect_id, certain)
WHERE d.effect_id = n.effect_id;
