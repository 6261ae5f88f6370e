-- A condition is closed by the decision that cures it, or by a person, and opened again when it is
-- noted later.
ALTER TABLE exception
    ADD COLUMN closed_time timestamptz,
    ADD COLUMN closed_partition smallint,
    ADD COLUMN closed_position bigint,
    ADD COLUMN closed_why text NOT NULL DEFAULT '';
CREATE INDEX exception_open ON exception (opened_time) WHERE closed_time IS NULL;

-- Per partition, where a condition was noted last and up to where that is settled; -1 stands for
-- what no message noted. Both only grow, so notes and closings may be written in any order.
CREATE TABLE exception_mark (
    kind text NOT NULL,
    key text NOT NULL,
    partition smallint NOT NULL,
    noted bigint NOT NULL,
    settled bigint NOT NULL DEFAULT 0,
    CONSTRAINT exception_mark_of_partition PRIMARY KEY (kind, key, partition)
) WITH (fillfactor = 70);
INSERT INTO exception_mark (kind, key, partition, noted)
SELECT n.one ->> 0, n.one ->> 1, o.partition, max(o.position)
FROM outcome o
CROSS JOIN LATERAL jsonb_array_elements(convert_from(o.body, 'UTF8')::jsonb -> 'notes') AS n (one)
GROUP BY 1, 2, 3;
INSERT INTO exception_mark (kind, key, partition, noted)
SELECT e.kind, e.key, -1, e.times FROM exception e
WHERE NOT EXISTS (SELECT FROM exception_mark m WHERE m.kind = e.kind AND m.key = e.key);
