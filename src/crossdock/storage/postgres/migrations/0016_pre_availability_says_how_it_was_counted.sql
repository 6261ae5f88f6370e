-- How far the rows behind a published figure were counted when it was last looked at, and under which
-- sites and keep-back: of an item without a mark, what was published is what a count would come to.
-- Looking writes these two alone, mostly, so that rows get room beside them. Empty: unknown.
ALTER TABLE availability SET (fillfactor = 70);
ALTER TABLE availability
    ADD COLUMN counted_version bigint NOT NULL DEFAULT 0,
    ADD COLUMN counted_under text NOT NULL DEFAULT '';
