-- A review of a rollback repeats its requester and its batch, so that the check of four eyes means what it says.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'rollback_review_repeats_its_rollback') THEN
        ALTER TABLE exchange_rollbackreview ADD CONSTRAINT rollback_review_repeats_its_rollback
            FOREIGN KEY (rollback_id, requester_id, batch_id) REFERENCES exchange_rollback (id, requester_id, batch_id);
    END IF;
END $$;

-- What waits for its result, by source: few rows of many.
CREATE INDEX IF NOT EXISTS evidence_waiting ON evidence_evidence (source_unit_id, subject_id, occurred_at)
    WHERE kind = 'test' AND fields ->> 'result' = 'pending';

-- Content is added to a file that is still to be imported, by whoever handed it in.
CREATE OR REPLACE FUNCTION exchange_upload_takes_parts(wanted uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT act_kind() IS NOT NULL AND EXISTS (
        SELECT 1 FROM exchange_upload u WHERE u.id = wanted AND u.state = 'received'
           AND (act_kind() = 'system' OR u.uploaded_by IS NOT DISTINCT FROM act_officer()))
$$;

-- What came of a file, for the unit that handed it in signed. That the caller is this unit is the application's word: it
-- made the token that the question carries.
DROP FUNCTION IF EXISTS exchange_upload_of(uuid, bigint);
CREATE FUNCTION exchange_upload_of(wanted uuid, unit bigint)
RETURNS TABLE (kind text, state text, report jsonb, batch uuid, rolled_back boolean, lines bytea,
               step text, done int, total int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT u.kind, u.state, u.report, u.batch_id,
           EXISTS (SELECT 1 FROM exchange_rollbackreview v WHERE v.batch_id = u.batch_id AND v.done_at IS NOT NULL),
           f.lines, p.step, p.done, p.total
      FROM exchange_upload u LEFT JOIN exchange_uploadfaults f ON f.upload_id = u.id
      LEFT JOIN exchange_uploadprogress p ON p.upload_id = u.id
     WHERE act_kind() IS NOT NULL AND u.id = wanted AND u.unit_id = unit AND u.uploaded_by IS NULL
$$;

-- Before a signed file is kept: the same file if it waits or is imported, and how much of the unit's own came of late.
CREATE OR REPLACE FUNCTION exchange_uploads_before(wanted text, unit bigint, digest bytea, since timestamptz)
RETURNS TABLE (same uuid, waiting bigint, recent bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT (array_agg(u.id ORDER BY u.uploaded_at) FILTER (
               WHERE u.kind = wanted AND u.file_digest = digest AND u.state IN ('received', 'imported')))[1],
           count(*) FILTER (WHERE u.state = 'received'), count(*) FILTER (WHERE u.uploaded_at > since)
      FROM exchange_upload u
     WHERE act_kind() IS NOT NULL AND u.unit_id = unit AND u.uploaded_by IS NULL
$$;

-- Whether an approved rollback takes this row back: it stands in that batch, and only there.
CREATE OR REPLACE FUNCTION exchange_rolls_back(batch uuid, former uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (SELECT 1 FROM exchange_rollbackreview v WHERE v.batch_id = batch AND v.verdict = 'approve')
       AND EXISTS (SELECT 1 FROM evidence_evidence e WHERE e.id = former AND e.batch_id = batch AND NOT e.rescinded)
$$;

-- The next rows of a batch that nobody has taken back yet. A row that a later result replaced stays replaced.
CREATE OR REPLACE FUNCTION exchange_rows_to_rescind(batch uuid, most int)
RETURNS TABLE (id uuid, subject_id bigint, kind text, fields jsonb, anchor_day int, occurred_at timestamptz,
               division text, document text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT e.id, e.subject_id, e.kind, e.fields, e.anchor_day, e.occurred_at, e.division, e.document
      FROM evidence_evidence e
     WHERE act_kind() = 'system' AND e.batch_id = batch AND NOT e.rescinded
       AND NOT EXISTS (SELECT 1 FROM evidence_evidence l WHERE l.supersedes_id = e.id)
     ORDER BY e.id LIMIT most
$$;

-- The work items of a batch's leads that nobody has closed yet.
CREATE OR REPLACE FUNCTION exchange_items_to_withdraw(batch uuid) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT w.id FROM casework_workitem w JOIN casework_lead l ON l.id = w.lead_id
     WHERE act_kind() = 'system' AND l.batch_id = batch AND w.state <> 'closed' ORDER BY w.id
$$;
