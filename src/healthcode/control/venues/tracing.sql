-- Tracing: who was at a venue, and where a person was, by the server's time of each visit; a page at a time, ordered by
-- (at, id). These rows name people: only an act of the system reads them. To whom else tracing is open, and in which
-- case, is for the act that will ask here to say; no office has it yet.
--
-- A phone may repeat a scan for a day under its first key (healthcode.visits.record), so that a key may lie up to a day
-- before its visit's time, and by a fast clock five minutes after it. So the hours of keys that wide are opened, no
-- others: a closed hour answers by its tree, an open one is read through, and there are two of them.
-- Each call is planned for its own arguments: which hours are opened, and that the tree of known people (subject <> 0)
-- answers, is seen from them alone.

CREATE OR REPLACE FUNCTION visits_traced_by_system() RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF act_kind() IS DISTINCT FROM 'system' THEN
        RAISE EXCEPTION 'visits are read by acts of the system alone'
            USING ERRCODE = 'insufficient_privilege', HINT = 'begin the act with the system''s session';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION visits_at_venue(wanted bigint, since timestamptz, until_at timestamptz,
                                           after_at timestamptz, after_id uuid, most int) RETURNS SETOF visit
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    begin_at timestamptz := greatest(since, after_at);
    least_key uuid := visit_key_floor(date_trunc('second', begin_at) - interval '24 hours');
    key_limit uuid := visit_key_floor(until_at + interval '5 minutes 1 second');
BEGIN
    PERFORM visits_traced_by_system();
    RETURN QUERY
        SELECT w.* FROM visit w
         WHERE w.venue = wanted AND w.at >= begin_at AND w.at < until_at AND (w.at, w.id) > (after_at, after_id)
           AND w.id >= least_key AND w.id < key_limit
         ORDER BY w.at, w.id LIMIT most;
END $$;

CREATE OR REPLACE FUNCTION visits_of_person(wanted bigint, since timestamptz, until_at timestamptz,
                                            after_at timestamptz, after_id uuid, most int) RETURNS SETOF visit
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    begin_at timestamptz := greatest(since, after_at);
    least_key uuid := visit_key_floor(date_trunc('second', begin_at) - interval '24 hours');
    key_limit uuid := visit_key_floor(until_at + interval '5 minutes 1 second');
BEGIN
    PERFORM visits_traced_by_system();
    RETURN QUERY
        SELECT w.* FROM visit w
         WHERE w.subject = wanted AND w.subject <> 0  -- 0 is nobody: those whom the system does not know
           AND w.at >= begin_at AND w.at < until_at AND (w.at, w.id) > (after_at, after_id)
           AND w.id >= least_key AND w.id < key_limit
         ORDER BY w.at, w.id LIMIT most;
END $$;
