-- What movements mean to finance: an entry per milestone, site and movement, which one posting at
-- most tells the ERP. There are no counters: a financial balance is the sum of its entries.
CREATE TABLE financial_entry (
    partition smallint NOT NULL,
    position bigint NOT NULL,
    number smallint NOT NULL,
    movement smallint NOT NULL,
    item text NOT NULL,
    owner text NOT NULL,
    site text NOT NULL,
    milestone text NOT NULL,
    quantity bigint NOT NULL CONSTRAINT financial_entry_bounded
        CHECK (quantity <> 0 AND quantity BETWEEN -1000000000000 AND 1000000000000),
    document text NOT NULL,
    period text NOT NULL,
    ends_time timestamptz NOT NULL,
    mode text NOT NULL
        CONSTRAINT financial_entry_mode_known CHECK (mode IN ('each', 'summed', 'none')),
    asked text,
    CONSTRAINT financial_entry_place PRIMARY KEY (partition, position, number),
    CONSTRAINT financial_entry_asked_as_its_mode_says
        CHECK (mode = 'summed' OR (mode = 'each') = (asked IS NOT NULL))
) WITH (fillfactor = 90);
CREATE INDEX financial_entry_item ON financial_entry (item, site);
CREATE INDEX financial_entry_pending ON financial_entry (ends_time, site, period)
    WHERE mode = 'summed' AND asked IS NULL;
