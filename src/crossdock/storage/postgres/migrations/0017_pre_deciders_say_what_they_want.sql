-- Which partitions each worker would decide, until when it is taken to live: who takes a partition
-- counts how many others want it. A handful of rows, written every few seconds.
CREATE TABLE decider (
    name text PRIMARY KEY,
    wanted smallint[] NOT NULL,
    until timestamptz NOT NULL
) WITH (fillfactor = 10);
