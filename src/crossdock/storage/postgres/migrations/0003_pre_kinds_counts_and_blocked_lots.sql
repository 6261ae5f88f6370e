-- Why the goods went; nothing in rows that were written before movements had kinds.
ALTER TABLE movement ADD COLUMN kind text;

-- The newest count of an account: a movement that happened before it, and is told after it, wakes
-- the count's document, because what was counted then is so whatever is told later.
ALTER TABLE balance ADD COLUMN counted_time timestamptz, ADD COLUMN counted_by text;
CREATE TABLE recount (
    document text NOT NULL CONSTRAINT recount_once PRIMARY KEY
);

-- Lots that may not be sold, at these sites or at any: recalled, expired.
CREATE TABLE blocked_lot (
    item text NOT NULL,
    lot text NOT NULL,
    sites text[] NOT NULL,
    document text NOT NULL,
    CONSTRAINT blocked_lot_record PRIMARY KEY (item, lot)
);
