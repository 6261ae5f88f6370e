-- Asking far systems what they have to say: how far each feed was read, and who reads it now.

-- claim_feed --
INSERT INTO feed (system, name, worker, until, epoch)
VALUES ($1, $2, $3, $5, 1)
ON CONFLICT (system, name) DO UPDATE SET worker = $3, until = $5, epoch = feed.epoch + 1
    WHERE (feed.until IS NULL OR feed.until <= $4)
      AND (feed.due_time IS NULL OR feed.due_time <= $4
           OR EXISTS (SELECT FROM feed_nudge WHERE feed_nudge.system = $1 AND feed = $2))
RETURNING epoch, cursor, due_time IS NULL OR due_time <= $4

-- load_nudges --
SELECT record, number FROM feed_nudge WHERE system = $1 AND feed = $2 ORDER BY number LIMIT $3

-- keep_feed --
UPDATE feed SET cursor = $4, due_time = $5, until = NULL, problem = $7,
    read_time = CASE WHEN $7 = '' THEN $6 ELSE read_time END,
    failures = CASE WHEN $7 = '' THEN 0 ELSE failures + 1 END
WHERE system = $1 AND name = $2 AND epoch = $3 AND until IS NOT NULL
RETURNING epoch

-- free_feeds --
UPDATE feed SET until = NULL WHERE worker = $1 AND until IS NOT NULL

-- forget_nudges --
DELETE FROM feed_nudge USING unnest($3::text[], $4::bigint[]) AS done (record, number)
WHERE system = $1 AND feed = $2
  AND feed_nudge.record = done.record AND feed_nudge.number = done.number

-- nudge --
INSERT INTO feed_nudge (system, feed, record, nudged_time)
SELECT $1, $2, record, $4 FROM unnest($3::text[]) AS pointed (record) ORDER BY record
ON CONFLICT (system, feed, record) DO UPDATE
    SET number = DEFAULT, nudged_time = $4

-- feeds --
SELECT system, name, cursor, due_time, read_time, problem, failures,
    (SELECT count(*) FROM feed_nudge WHERE feed_nudge.system = feed.system AND feed = name)
FROM feed WHERE due_time IS NOT NULL ORDER BY system COLLATE "C", name COLLATE "C"
