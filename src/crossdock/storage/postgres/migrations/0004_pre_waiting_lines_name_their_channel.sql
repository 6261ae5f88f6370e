-- A waiting line may take from its channel's pool.
ALTER TABLE waiting ADD COLUMN channel text NOT NULL DEFAULT '';
