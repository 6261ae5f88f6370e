-- Marks are counted up, so that a publisher knows those that were set again after it read them.
ALTER TABLE availability_changed ADD COLUMN mark bigint NOT NULL DEFAULT 1;
