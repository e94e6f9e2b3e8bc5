-- The feed (`spec/color-table.md`): the relay numbers outbox rows into the log; edges read the log only.
CREATE TABLE IF NOT EXISTS feed_log (
    lane     smallint NOT NULL,
    seq      bigint   NOT NULL,
    kind     smallint NOT NULL,
    key      bigint   NOT NULL,
    payload  bytea    NOT NULL,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (lane, seq)
);
CREATE TABLE IF NOT EXISTS feed_heartbeat (
    id       smallint PRIMARY KEY CHECK (id = 1),
    payload  bytea NOT NULL
);

-- a single decision is found among 500,000 bulk rows without reading them
CREATE INDEX IF NOT EXISTS feed_outbox_lane ON feed_outbox (lane, id);

CREATE OR REPLACE FUNCTION feed_outbox_wake() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('feed_outbox', '');
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS feed_outbox_wake ON feed_outbox;
CREATE TRIGGER feed_outbox_wake AFTER INSERT ON feed_outbox
    FOR EACH STATEMENT EXECUTE FUNCTION feed_outbox_wake();
