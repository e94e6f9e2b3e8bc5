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
ALTER TABLE visit ALTER COLUMN device SET STORAGE PLAIN;  -- 16 bytes: an hour needs no table for long values
CREATE INDEX IF NOT EXISTS visit_at ON visit USING brin (at);

CREATE OR REPLACE FUNCTION visit_key_floor(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
$$;

-- The least key of a partition that begins at `at`, below every key of that instant.
CREATE OR REPLACE FUNCTION visit_partition_floor(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(visit_key_floor(at)::text, '-7000-8000-', '-0000-0000-')
$$;

-- One partition a day (dropped whole), in it one an hour (indexed when it closes), midnight to midnight UTC.
-- Safe to call at any time and from several workers. A day of an earlier release has no hours and stays as it is.
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
            EXECUTE format('CREATE TABLE public.%I PARTITION OF public.visit FOR VALUES FROM (%L) TO (%L)'
                           ' PARTITION BY RANGE (id)', name,
                visit_partition_floor(floor_at), visit_partition_floor(floor_at + interval '1 day'));
            FOR hour IN 0 .. 23 LOOP
                EXECUTE format('CREATE TABLE public.%I PARTITION OF public.%I FOR VALUES FROM (%L) TO (%L)',
                    name || '_' || lpad(hour::text, 2, '0'), name,
                    visit_partition_floor(floor_at + make_interval(hours => hour)),
                    visit_partition_floor(floor_at + make_interval(hours => hour + 1)));
            END LOOP;
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

-- Give each hour that ended ten minutes ago, and has none, the indexes that tracing asks by; returns how many hours.
-- While one is built a late visit of that hour waits, and after its bound goes to its edge's spool.
CREATE OR REPLACE FUNCTION visit_hours_close() RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '5s' AS $$
DECLARE
    closed int := 0;
    leaf text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('visit_partitions_ensure'));
    FOR leaf IN
        SELECT c.relname FROM pg_class c
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relispartition
           AND c.relname ~ '^visit_\d{8}_\d{2}$'
           AND to_timestamp(substr(c.relname, 7), 'YYYYMMDD_HH24')::timestamp AT TIME ZONE 'UTC'
               < now() - interval '70 minutes'
           AND to_regclass('public.' || quote_ident(c.relname || '_person')) IS NULL
         ORDER BY c.relname LIMIT 30
    LOOP
        EXECUTE format('CREATE INDEX %I ON public.%I (venue, at)', leaf || '_venue', leaf);
        EXECUTE format('CREATE INDEX %I ON public.%I (subject, at) WHERE subject <> 0', leaf || '_person', leaf);
        PERFORM brin_summarize_new_values(i.indexrelid)
           FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
          WHERE i.indrelid = to_regclass('public.' || quote_ident(leaf)) AND a.amname = 'brin';
        EXECUTE format('ANALYZE public.%I', leaf);
        closed := closed + 1;
    END LOOP;
    RETURN closed;
END $$;

-- Drop the days whose retention has ended (Art. 32: 28 days); returns them. The limit is not the caller's to choose:
-- whoever has role `app` can end nothing early. The first day that is still needed stops nothing behind it.
CREATE OR REPLACE FUNCTION visit_days_forget() RETURNS date[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET lock_timeout = '2s' AS $$
DECLARE
    gone date[] := '{}';
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('visit_partitions_ensure'));
    FOR name IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'public.visit'::regclass AND c.relname ~ '^visit_\d{8}$'
           AND to_date(substr(c.relname, 7), 'YYYYMMDD') < (now() AT TIME ZONE 'UTC')::date - 28
         ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE public.%I', name);
        gone := gone || to_date(substr(name, 7), 'YYYYMMDD');
    END LOOP;
    RETURN gone;
END $$;
