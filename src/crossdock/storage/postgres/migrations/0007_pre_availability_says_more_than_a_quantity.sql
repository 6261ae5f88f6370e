-- What was published beside the quantity: on hand, and site by site, as the channel wants it.
ALTER TABLE availability ADD COLUMN said text NOT NULL DEFAULT '';
