-- The document index and its access log. Whoever writes an identity has its entry made anew, whichever way he came.
CREATE OR REPLACE FUNCTION documents_due_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    -- DO UPDATE, not DO NOTHING: whoever takes the row away meanwhile waits for us, and then sees what we wrote
    INSERT INTO documents_due (subject) SELECT subject_id FROM after_rows ORDER BY 1
        ON CONFLICT (subject) DO UPDATE SET subject = EXCLUDED.subject;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS documents_due_insert ON people_identity;
CREATE TRIGGER documents_due_insert AFTER INSERT ON people_identity
    REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION documents_due_follow();
DROP TRIGGER IF EXISTS documents_due_update ON people_identity;
CREATE TRIGGER documents_due_update AFTER UPDATE ON people_identity
    REFERENCING NEW TABLE AS after_rows FOR EACH STATEMENT EXECUTE FUNCTION documents_due_follow();

-- A host claims a lot of the common half of a device's budget. All hosts together never get more than `most`.
CREATE OR REPLACE FUNCTION document_budget_claim(budget text, device bytea, hour int, wanted int, most int)
RETURNS int LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    before int;
    granted int;
BEGIN
    IF budget NOT IN ('asks', 'misses') OR length(device) <> 16 OR wanted NOT BETWEEN 1 AND 1000
       OR most NOT BETWEEN 1 AND 100000 THEN
        RAISE EXCEPTION 'no such budget' USING ERRCODE = '22023';
    END IF;
    INSERT INTO document_budget (budget, device, "window", taken) VALUES ($1, $2, $3, 0) ON CONFLICT DO NOTHING;
    SELECT b.taken INTO before FROM document_budget b
     WHERE b.budget = $1 AND b.device = $2 AND b."window" = $3 FOR UPDATE;
    granted := greatest(0, least(wanted, most - before));
    UPDATE document_budget b SET taken = before + granted WHERE b.budget = $1 AND b.device = $2 AND b."window" = $3;
    RETURN granted;
END $$;

-- Rows of the access log are kept for half a year, claims for a day; nobody can have them forgotten sooner.
CREATE OR REPLACE FUNCTION document_checks_forget(before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH claims AS (
        DELETE FROM document_budget WHERE "window" < extract(epoch FROM clock_timestamp()) / 3600 - 24), gone AS (
        DELETE FROM document_check WHERE at < LEAST(before, clock_timestamp() - interval '180 days') RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- What a person reads of checks about herself: the venue and its gate by name, never the inspector.
CREATE OR REPLACE FUNCTION document_checks_of(wanted bigint, most int)
RETURNS TABLE (at timestamptz, venue text, gate text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT d.at, coalesce(v.name, '')::text, coalesce(c.name, '')::text
      FROM document_check d
      LEFT JOIN venues_venue v ON v.number = d.venue
      LEFT JOIN venues_checkpoint c ON c.venue_id = d.venue AND c.number = d.checkpoint
     WHERE d.subject = wanted AND wanted > 0 AND (act_kind() = 'system' OR wanted = act_subject())
     ORDER BY d.at DESC LIMIT most
$$;
