-- Visits: written by edges, durable before they are acknowledged. The key is a UUIDv7: its own time picks the partition.
CREATE TABLE IF NOT EXISTS visit (
    id          uuid NOT NULL PRIMARY KEY,
    venue       bigint NOT NULL,
    checkpoint  smallint NOT NULL,
    subject     bigint NOT NULL,      -- 0: a person whom the system does not know
    at          timestamptz NOT NULL,
    grade       smallint NOT NULL,    -- healthcode.visits.record: 1 inspected, 2 rotating, 3 static
    device      bytea,
    outcome     smallint NOT NULL,
    verdict     smallint NOT NULL
) PARTITION BY RANGE (id);
CREATE INDEX IF NOT EXISTS visit_at ON visit USING brin (at);

CREATE OR REPLACE FUNCTION visit_key_floor(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;

-- Partitions run from midnight UTC to midnight UTC. Safe to call at any time and from several workers.
CREATE OR REPLACE FUNCTION visit_partitions_ensure(from_day date, days int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    made int := 0;
    day date;
    name text;
    floor_at timestamptz;
BEGIN
    IF days NOT BETWEEN 1 AND 60 THEN
        RAISE EXCEPTION 'between 1 and 60 days, not %', days;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('visit_partitions_ensure'));
    FOR i IN 0 .. days - 1 LOOP
        day := from_day + i;
        name := 'visit_' || to_char(day, 'YYYYMMDD');
        floor_at := day::timestamp AT TIME ZONE 'UTC';
        IF to_regclass('public.' || name) IS NULL THEN
            EXECUTE format('CREATE TABLE public.%I PARTITION OF public.visit FOR VALUES FROM (%L) TO (%L)', name,
                replace(visit_key_floor(floor_at)::text, '-7000-8000-', '-0000-0000-'),
                replace(visit_key_floor(floor_at + interval '1 day')::text, '-7000-8000-', '-0000-0000-'));
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;
