-- What kits consist of, as the item masters say: kept beside them, so that a change of a component's
-- stock finds the kits that it changes.
CREATE TABLE component (
    kit text NOT NULL,
    item text NOT NULL,
    quantity bigint NOT NULL CONSTRAINT component_quantity_positive CHECK (quantity > 0),
    CONSTRAINT component_of_kit PRIMARY KEY (kit, item)
);
CREATE INDEX component_kits ON component (item, kit);

-- Catch weight: what the accounts of the ledger weigh, beside what they count.
CREATE TABLE weight (
    item text NOT NULL,
    site text NOT NULL,
    lot text NOT NULL,
    state text NOT NULL,
    owner text NOT NULL,
    grams bigint NOT NULL CONSTRAINT weight_bounded
        CHECK (grams BETWEEN -1000000000000000 AND 1000000000000000),
    CONSTRAINT weight_account PRIMARY KEY (item, site, lot, state, owner)
) WITH (fillfactor = 70);
