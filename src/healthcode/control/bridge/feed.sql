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

-- The log stays a week although every snapshot holds it: auditors compare it with what follows from the evidence. Nobody
-- deletes from it but by this function, from its beginning on, a chunk at a time; the last number stays, because the
-- next one is counted from it. A row that says it is old does not leave before one in front of it that is not.
CREATE OR REPLACE FUNCTION feed_trim(trimmed smallint, before bigint, most int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    first bigint := (SELECT min(seq) FROM feed_log WHERE lane = trimmed);
    last bigint := (SELECT max(seq) FROM feed_log WHERE lane = trimmed);
    young bigint := (SELECT min(seq) FROM feed_log
                      WHERE lane = trimmed AND seq < first + most AND at >= now() - interval '7 days');
    removed bigint;
BEGIN
    DELETE FROM feed_log WHERE lane = trimmed AND seq < least(before, last, first + most, coalesce(young, last));
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed;
END $$;
REVOKE ALL ON FUNCTION feed_trim(smallint, bigint, int) FROM PUBLIC;
