-- Documents: things with a life that are neither orders nor masters. A timer looks for `due_time`.
CREATE TABLE document (
    kind text NOT NULL,
    id text NOT NULL,
    revision bigint NOT NULL CONSTRAINT document_revision_positive CHECK (revision > 0),
    due_time timestamptz,
    body bytea NOT NULL,
    CONSTRAINT document_record PRIMARY KEY (kind, id)
) WITH (fillfactor = 70);
CREATE INDEX document_due ON document (due_time) WHERE due_time IS NOT NULL;

-- Free stock = sellable - reserved - pooled - safety; the version grows with every change.
ALTER TABLE promise
    ADD COLUMN pooled bigint NOT NULL DEFAULT 0
        CONSTRAINT promise_pooled_not_negative CHECK (pooled >= 0),
    ADD COLUMN safety bigint NOT NULL DEFAULT 0
        CONSTRAINT promise_safety_not_negative CHECK (safety >= 0),
    ADD COLUMN version bigint NOT NULL DEFAULT 0;
