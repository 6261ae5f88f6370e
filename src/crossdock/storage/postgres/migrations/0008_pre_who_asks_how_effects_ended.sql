-- Which document is to be told, by a message on its partition of the log, how an effect ended.
CREATE TABLE effect_asker (
    effect_id bigint NOT NULL CONSTRAINT effect_asker_one PRIMARY KEY,
    hub text NOT NULL,
    partition smallint NOT NULL,
    kind text NOT NULL,
    id text NOT NULL
);
