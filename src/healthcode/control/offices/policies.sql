-- Row policies. FORCE: they bind the owner too. Only `migrate`'s SECURITY DEFINER functions above pass, where named.
-- Reading: `scope` is the division prefix of the act. Writing: who writes is who acts.

CREATE OR REPLACE FUNCTION subject_by_index(wanted bytea) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
$$ SELECT subject_id FROM people_identityindex WHERE index = wanted $$;

-- All evidence of these subjects, for a derivation: for the system, for the person herself, and for an officer only
-- where a work item of that person lies within his scope.
CREATE OR REPLACE FUNCTION subject_evidence(numbers bigint[]) RETURNS SETOF evidence_evidence
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT e.* FROM evidence_evidence e
     WHERE e.subject_id = ANY (numbers)
       AND (act_kind() = 'system'
            OR e.subject_id = act_subject()
            OR (act_kind() = 'officer' AND EXISTS (
                  SELECT 1 FROM casework_workitem w
                   WHERE w.subject_id = e.subject_id AND w.division <> ''
                     AND starts_with(w.division, act_scope()))))
     ORDER BY e.subject_id, e.id
$$;

-- New subjects, each with its empty state row; numbers are dense but for what a rollback skips.
CREATE OR REPLACE FUNCTION subjects_create(how_many int) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF act_kind() IS NULL OR (act_kind() <> 'system' AND how_many <> 1) THEN
        RAISE EXCEPTION 'subjects are created within an act' USING ERRCODE = '42501';
    END IF;
    RETURN QUERY
    WITH s AS (
        INSERT INTO people_subject (created_at, holds_code, residence_division, present_division)
        SELECT clock_timestamp(), false, '', '' FROM generate_series(1, how_many) RETURNING number
    ), st AS (
        INSERT INTO subject_state (number, version, generation, color, ruleset)
        SELECT number, 0, 1, 'absent', '' FROM s RETURNING number
    )
    SELECT number FROM st ORDER BY number;
END $$;

-- One-time codes are over after minutes; a day's are kept for the limits on sending.
CREATE OR REPLACE FUNCTION phone_codes_forget(before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (
        DELETE FROM people_phonecode WHERE sent_at < LEAST(before, clock_timestamp() - interval '25 hours') RETURNING 1)
    SELECT count(*) FROM gone
$$;

-- Somebody who applied or signed in goes on as the person he proved to be. The application's word, as a session is.
CREATE OR REPLACE FUNCTION act_become_resident(who bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE act SET kind = 'resident', subject = who WHERE xid = pg_current_xact_id_if_assigned() AND kind = 'public';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only a public act becomes a resident''s' USING ERRCODE = '42501';
    END IF;
END $$;

-- The one way into the audit: who, post, purpose and the event's time come from the act, not from the caller. The
-- leaf's time is the caller's, in milliseconds, because the commitment covers it.
DROP FUNCTION IF EXISTS audit_append(text, bigint, text, text, jsonb, bytea, bytea, bytea);
CREATE OR REPLACE FUNCTION audit_append(
    name text, subject bigint, division text, reference text, detail jsonb,
    salt bytea DEFAULT NULL, content bytea DEFAULT NULL, commitment bytea DEFAULT NULL, leaf_ms bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    a act%ROWTYPE;
    made bigint;
BEGIN
    SELECT * INTO a FROM act WHERE act.xid = pg_current_xact_id_if_assigned();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing is recorded outside an act' USING ERRCODE = '42501';
    END IF;
    INSERT INTO audit_event (at, name, officer, post, subject, division, purpose, reference, detail)
    VALUES (clock_timestamp(), name, a.officer, a.post, audit_append.subject, audit_append.division, a.purpose,
            reference, detail) RETURNING id INTO made;
    IF commitment IS NOT NULL THEN
        INSERT INTO audit_pendingleaf (event_id, at, salt, content, commitment)
        VALUES (made, timestamptz 'epoch' + leaf_ms * interval '1 millisecond', salt, content, commitment);
    END IF;
    RETURN made;
END $$;

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY[
        'evidence_evidence', 'evidence_decision', 'casework_lead', 'casework_workitem', 'casework_proposal',
        'casework_review', 'areas_riskarea', 'areas_designation', 'areas_approval', 'areas_ruledstep', 'areas_areaplace',
        'areas_carrying', 'people_identity', 'people_identityindex', 'people_placeindex', 'people_declaration', 'people_consent', 'credentials_pass', 'credentials_paper',
        'credentials_recall', 'credentials_recallreview', 'credentials_recalldone',
        'audit_event', 'audit_pendingleaf', 'exchange_batch', 'exchange_upload', 'exchange_uploadpart',
        'exchange_uploadfaults', 'exchange_uploadcancellation', 'exchange_rollback', 'exchange_rollbackreview',
        'venues_venue', 'venues_checkpoint',
        'venues_inspector', 'subject_state',
        'documents_holder', 'documents_generation', 'documents_entry', 'document_check',
        'policies_adjustment', 'policies_decision', 'policies_ending',
        'people_subject', 'population_run', 'notices_step', 'notices_notice', 'notices_choice',
        'rulesets_draft', 'rulesets_revision', 'rulesets_check', 'rulesets_rehearsalrun',
        'rulesets_rehearsal', 'rulesets_submission', 'rulesets_approval']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    -- policies are made anew each time: this file is the only place where they are written
    FOR t IN SELECT format('DROP POLICY %I ON %I', policyname, tablename) FROM pg_policies WHERE schemaname = 'public'
    LOOP
        EXECUTE t;
    END LOOP;
END $$;

-- The definer functions run as `migrate`, which FORCE binds as well: give it, and nobody else, the rows.
DO $$
DECLARE t text;
BEGIN
    FOR t IN SELECT c.relname FROM pg_class c WHERE c.relrowsecurity AND c.relnamespace = 'public'::regnamespace
    LOOP
        EXECUTE format('CREATE POLICY owner ON %I TO migrate USING (true) WITH CHECK (true)', t);
    END LOOP;
END $$;

-- subjects: pseudonymous numbers, made by subjects_create only
CREATE POLICY read ON people_subject FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system'
    OR number = (SELECT act_subject())
    OR starts_with(present_division, (SELECT act_scope()))
    OR EXISTS (SELECT 1 FROM casework_workitem w WHERE w.subject_id = number));
CREATE POLICY change ON people_subject FOR UPDATE TO app USING (
    (SELECT act_kind()) = 'system'
    OR number = (SELECT act_subject())
    OR ((SELECT act_role()) IN ('province_dispatcher', 'county_officer')
        AND EXISTS (SELECT 1 FROM casework_workitem w WHERE w.subject_id = number)))
    WITH CHECK (true);

CREATE POLICY read ON subject_state FOR SELECT TO app USING (
    EXISTS (SELECT 1 FROM people_subject s WHERE s.number = subject_state.number));
CREATE POLICY change ON subject_state FOR UPDATE TO app USING (
    EXISTS (SELECT 1 FROM people_subject s WHERE s.number = subject_state.number));

-- identities (sealed): the person herself, the system, and officers who have a work item of that person in scope;
-- whether a field is shown unmasked is decided, and logged, by `people`
CREATE POLICY read ON people_identity FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system'
    OR subject_id = (SELECT act_subject())
    OR ((SELECT act_kind()) = 'officer' AND EXISTS (
          SELECT 1 FROM casework_workitem w WHERE w.subject_id = people_identity.subject_id))
    -- a rehearsal's sample, which its page shows masked
    OR ((SELECT act_role()) IN ('rule_maker', 'rule_approver') AND EXISTS (
          SELECT 1 FROM rulesets_rehearsal r, jsonb_array_elements(r.sample) AS one
           WHERE (one ->> 0)::bigint = people_identity.subject_id)));
CREATE POLICY add ON people_identity FOR INSERT TO app WITH CHECK (
    (SELECT act_kind()) = 'system' OR subject_id = (SELECT act_subject()));
CREATE POLICY change ON people_identity FOR UPDATE TO app USING (
    (SELECT act_kind()) = 'system' OR subject_id = (SELECT act_subject()));
-- found through subject_by_index only; a row can be added, never listed
CREATE POLICY own ON people_identityindex TO app USING (
    (SELECT act_kind()) = 'system' OR subject_id = (SELECT act_subject()));

CREATE POLICY own ON people_placeindex TO app USING (
    (SELECT act_kind()) = 'system' OR subject_id = (SELECT act_subject()));

CREATE POLICY own ON people_declaration TO app USING (
    subject_id = (SELECT act_subject()) OR (SELECT act_kind()) = 'system');
CREATE POLICY own ON credentials_pass TO app USING (
    subject_id = (SELECT act_subject()) OR (SELECT act_kind()) = 'system');
CREATE POLICY own ON credentials_paper TO app USING (
    subject_id = (SELECT act_subject()) OR (SELECT act_kind()) = 'system');
-- a row that went before its code ended would leave a code that no reissue and no loss report recalls
CREATE POLICY forgotten ON credentials_pass AS RESTRICTIVE FOR DELETE TO app USING ((SELECT act_kind()) = 'system');
CREATE POLICY forgotten ON credentials_paper AS RESTRICTIVE FOR DELETE TO app USING ((SELECT act_kind()) = 'system');
-- recalls: asked for by an office of its own, of a person or a site that it may see; wider ones are decided by another
-- officer of the province, and the system carries out what is decided and nothing else
CREATE POLICY read ON credentials_recall FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR (SELECT act_role()) IN ('province_dispatcher', 'auditor')
    OR starts_with(division, (SELECT act_scope())));
CREATE POLICY add ON credentials_recall FOR INSERT TO app WITH CHECK (
    requester_id = (SELECT act_officer()) AND division = (SELECT act_division())
    AND ((scope IN ('code', 'person', 'site') AND (SELECT act_role()) IN ('county_officer', 'city_officer'))
        OR (scope IN ('officer', 'batch', 'key') AND (SELECT act_role()) IN ('city_officer', 'province_dispatcher')))
    AND (subject_id IS NULL OR EXISTS (SELECT 1 FROM people_subject s WHERE s.number = subject_id))
    AND (venue_id IS NULL OR EXISTS (SELECT 1 FROM venues_venue v WHERE v.number = venue_id)));
CREATE POLICY read ON credentials_recallreview FOR SELECT TO app USING (
    EXISTS (SELECT 1 FROM credentials_recall r WHERE r.id = recall_id));
CREATE POLICY add ON credentials_recallreview FOR INSERT TO app WITH CHECK (
    reviewer_id = (SELECT act_officer()) AND (SELECT act_role()) = 'province_dispatcher'
    AND EXISTS (SELECT 1 FROM credentials_recall r
                 WHERE r.id = recall_id AND r.requester_id = credentials_recallreview.requester_id));
CREATE POLICY read ON credentials_recalldone FOR SELECT TO app USING (
    EXISTS (SELECT 1 FROM credentials_recall r WHERE r.id = recall_id));
CREATE POLICY add ON credentials_recalldone FOR INSERT TO app WITH CHECK (
    (SELECT act_kind()) = 'system' AND EXISTS (
        SELECT 1 FROM credentials_recall r WHERE r.id = recall_id AND (r.scope IN ('code', 'person') OR EXISTS (
            SELECT 1 FROM credentials_recallreview v WHERE v.recall_id = r.id AND v.verdict = 'approve'))));
CREATE POLICY own ON people_consent TO app USING (
    subject_id = (SELECT act_subject()) OR (SELECT act_kind()) = 'system');

-- casework: the county of the row; the province also sees and routes what belongs to nobody
CREATE POLICY read ON casework_lead FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system'
    OR EXISTS (SELECT 1 FROM casework_workitem w WHERE w.lead_id = casework_lead.id));
CREATE POLICY add ON casework_lead FOR INSERT TO app WITH CHECK ((SELECT act_kind()) = 'system');

CREATE POLICY read ON casework_workitem FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system'
    OR (starts_with(division, (SELECT act_scope()))
        AND (SELECT act_role()) IN ('county_officer', 'city_officer', 'province_dispatcher', 'auditor'))
    OR (division = '' AND (SELECT act_role()) IN ('province_dispatcher', 'auditor')));
CREATE POLICY add ON casework_workitem FOR INSERT TO app WITH CHECK ((SELECT act_kind()) = 'system');
-- the county works its items; a transfer hands one away, so the new row may leave the scope that the old one is in
CREATE POLICY change ON casework_workitem FOR UPDATE TO app
    USING ((SELECT act_kind()) = 'system'
        OR (division = (SELECT act_division()) AND (SELECT act_role()) = 'county_officer')
        OR (division = '' AND (SELECT act_role()) = 'province_dispatcher'))
    WITH CHECK (true);

CREATE POLICY read ON casework_proposal FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR starts_with(division, (SELECT act_scope())));
CREATE POLICY add ON casework_proposal FOR INSERT TO app WITH CHECK (
    proposer_id = (SELECT act_officer()) AND division = (SELECT act_division())
    AND (SELECT act_role()) = 'county_officer'
    AND EXISTS (SELECT 1 FROM casework_workitem w
                 WHERE w.id = item_id AND w.division = casework_proposal.division
                   AND w.assignee_id = proposer_id AND w.state IN ('accepted', 'proposed')));
CREATE POLICY read ON casework_review FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR starts_with(division, (SELECT act_scope())));
CREATE POLICY add ON casework_review FOR INSERT TO app WITH CHECK (
    reviewer_id = (SELECT act_officer()) AND division = (SELECT act_division())
    AND (SELECT act_role()) = 'county_officer'
    AND EXISTS (SELECT 1 FROM casework_proposal p
                 WHERE p.id = proposal_id AND p.division = casework_review.division));

-- areas: what is approved is public; what is proposed is seen from its county upwards
CREATE POLICY read ON areas_approval FOR SELECT TO app USING (
    (verdict = 'approve' AND (SELECT act_kind()) IS NOT NULL)
    OR (SELECT act_kind()) = 'system' OR starts_with(division, (SELECT act_scope())));
CREATE POLICY read ON areas_designation FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR starts_with(division, (SELECT act_scope()))
    OR EXISTS (SELECT 1 FROM areas_approval a WHERE a.designation_id = areas_designation.id AND a.verdict = 'approve'));
CREATE POLICY read ON areas_riskarea FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR starts_with(division, (SELECT act_scope()))
    OR EXISTS (SELECT 1 FROM areas_designation d WHERE d.area_id = areas_riskarea.id));
CREATE POLICY add ON areas_riskarea FOR INSERT TO app WITH CHECK (
    created_by_id = (SELECT act_officer()) AND division = (SELECT act_division())
    AND (SELECT act_role()) = 'county_officer');
CREATE POLICY read ON areas_areaplace FOR SELECT TO app USING (
    EXISTS (SELECT 1 FROM areas_riskarea a WHERE a.id = area_id));
CREATE POLICY add ON areas_areaplace FOR INSERT TO app WITH CHECK (
    (SELECT act_role()) = 'county_officer' AND EXISTS (
        SELECT 1 FROM areas_riskarea a
         WHERE a.id = area_id AND a.created_by_id = (SELECT act_officer())
           AND NOT EXISTS (SELECT 1 FROM areas_designation d WHERE d.area_id = a.id)));
CREATE POLICY add ON areas_designation FOR INSERT TO app WITH CHECK (
    proposer_id = (SELECT act_officer()) AND division = (SELECT act_division())
    AND (SELECT act_role()) = 'county_officer');
-- the second person is of the city that the county belongs to
CREATE POLICY add ON areas_approval FOR INSERT TO app WITH CHECK (
    reviewer_id = (SELECT act_officer()) AND (SELECT act_role()) = 'city_officer'
    AND starts_with(division, (SELECT act_scope())));

-- how far the worker is: begun by whoever approved, moved by the worker, seen by the offices above
CREATE POLICY read ON areas_carrying FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system'
    OR EXISTS (SELECT 1 FROM areas_designation d
                WHERE d.id = designation_id AND starts_with(d.division, (SELECT act_scope()))));
CREATE POLICY add ON areas_carrying FOR INSERT TO app WITH CHECK (
    (SELECT act_kind()) = 'system'
    OR (step = 'wait' AND done = 0 AND recorded = 0 AND derived = 0 AND EXISTS (
            SELECT 1 FROM areas_approval a WHERE a.designation_id = areas_carrying.designation_id
               AND a.verdict = 'approve' AND a.reviewer_id = (SELECT act_officer()))));
CREATE POLICY change ON areas_carrying FOR UPDATE TO app USING ((SELECT act_kind()) = 'system');

-- a level that ends by rule: written by the worker, and only where the days have passed and nothing speaks against it
CREATE POLICY read ON areas_ruledstep FOR SELECT TO app USING ((SELECT act_kind()) IS NOT NULL);
CREATE POLICY add ON areas_ruledstep FOR INSERT TO app WITH CHECK (
    (SELECT act_kind()) = 'system'
    AND area_step_stands(area_id, follows, former, clear_since, clear_days, due_at, made_at));

-- rulesets: what is published is public; drafts are between the province's rule makers and approvers
CREATE POLICY read ON rulesets_approval FOR SELECT TO app USING (
    (verdict = 'approve' AND (SELECT act_kind()) IS NOT NULL)
    OR (SELECT act_kind()) = 'system' OR (SELECT act_role()) IN ('rule_maker', 'rule_approver', 'auditor'));
CREATE POLICY add ON rulesets_approval FOR INSERT TO app WITH CHECK (
    approver_id = (SELECT act_officer()) AND (SELECT act_role()) = 'rule_approver');
CREATE POLICY read ON rulesets_submission FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR (SELECT act_role()) IN ('rule_maker', 'rule_approver', 'auditor')
    OR EXISTS (SELECT 1 FROM rulesets_approval a
                WHERE a.submission_id = rulesets_submission.id AND a.verdict = 'approve'));
CREATE POLICY add ON rulesets_submission FOR INSERT TO app WITH CHECK (
    drafter_id = (SELECT act_officer()) AND (SELECT act_role()) = 'rule_maker');
CREATE POLICY read ON rulesets_revision FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR (SELECT act_role()) IN ('rule_maker', 'rule_approver', 'auditor')
    OR EXISTS (SELECT 1 FROM rulesets_submission s JOIN rulesets_approval a ON a.submission_id = s.id
                WHERE s.revision_id = rulesets_revision.id AND a.verdict = 'approve'));
CREATE POLICY add ON rulesets_revision FOR INSERT TO app WITH CHECK (
    drafter_id = (SELECT act_officer()) AND (SELECT act_role()) = 'rule_maker');
CREATE POLICY read ON rulesets_draft FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR (SELECT act_role()) IN ('rule_maker', 'rule_approver', 'auditor'));
CREATE POLICY add ON rulesets_draft FOR INSERT TO app WITH CHECK (
    drafter_id = (SELECT act_officer()) AND (SELECT act_role()) = 'rule_maker');
CREATE POLICY read ON rulesets_check FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR (SELECT act_role()) IN ('rule_maker', 'rule_approver', 'auditor'));
CREATE POLICY add ON rulesets_check FOR INSERT TO app WITH CHECK (
    (SELECT act_role()) IN ('rule_maker', 'rule_approver'));
-- only the worker says what a rehearsal found
CREATE POLICY read ON rulesets_rehearsal FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR (SELECT act_role()) IN ('rule_maker', 'rule_approver', 'auditor'));
CREATE POLICY add ON rulesets_rehearsal FOR INSERT TO app WITH CHECK ((SELECT act_kind()) = 'system');
CREATE POLICY read ON rulesets_rehearsalrun FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR (SELECT act_role()) IN ('rule_maker', 'rule_approver', 'auditor'));
CREATE POLICY add ON rulesets_rehearsalrun FOR INSERT TO app WITH CHECK (
    requested_by_id = (SELECT act_officer()) AND (SELECT act_role()) IN ('rule_maker', 'rule_approver'));
CREATE POLICY change ON rulesets_rehearsalrun FOR UPDATE TO app USING ((SELECT act_kind()) = 'system');

-- evidence: by its reviewer; by a signed batch; by the person herself. Residents of a designated area are recorded by
-- designation_record alone, which asks for the city's approval: no row policy lets the application write such a row.
CREATE POLICY read ON evidence_evidence FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR subject_id = (SELECT act_subject())
    OR starts_with(division, (SELECT act_scope())) AND division <> '');
-- `written_in` says what the lake has already; nobody may write a row into the past
CREATE POLICY add ON evidence_evidence FOR INSERT TO app WITH CHECK (
    written_in = ((SELECT pg_current_xact_id())::text)::bigint AND (
    (proposal_id IS NOT NULL AND reviewer_id = (SELECT act_officer()) AND division = (SELECT act_division()))
    -- only the worker, which has verified the signature over the whole file, adds rows to a signed batch
    OR (batch_id IS NOT NULL AND reviewer_id IS NULL AND (SELECT act_kind()) = 'system'
        AND batch_id IN (SELECT b.id FROM exchange_batch b WHERE b.signature IS NOT NULL)
        -- and takes one back only as an approved rollback of its batch says
        AND (NOT rescinded OR exchange_rolls_back(batch_id, supersedes_id)))
    OR (kind = 'declaration' AND subject_id = (SELECT act_subject()))));
CREATE POLICY read ON evidence_decision FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR subject_id = (SELECT act_subject())
    OR starts_with(division, (SELECT act_scope())) AND division <> ''
    OR ((SELECT act_kind()) = 'officer' AND EXISTS (
          SELECT 1 FROM casework_workitem w WHERE w.subject_id = evidence_decision.subject_id)));
CREATE POLICY add ON evidence_decision FOR INSERT TO app WITH CHECK ((SELECT act_kind()) IS NOT NULL);

CREATE POLICY read ON exchange_batch FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system'
    OR (SELECT act_role()) IN ('province_dispatcher', 'auditor')
    OR imported_by = (SELECT act_officer()));
CREATE POLICY add ON exchange_batch FOR INSERT TO app WITH CHECK ((SELECT act_kind()) = 'system');
-- uploads: an officer hands in a file under his own name; the worker imports it
CREATE POLICY read ON exchange_upload FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR uploaded_by = (SELECT act_officer())
    OR (SELECT act_role()) = 'province_dispatcher');
CREATE POLICY add ON exchange_upload FOR INSERT TO app WITH CHECK (
    (SELECT act_kind()) = 'system'
    OR (uploaded_by = (SELECT act_officer())
        AND (SELECT act_role()) IN ('province_dispatcher', 'laboratory_clerk'))
    -- over the API a source hands in what it has signed, in nobody's name; the worker verifies the signature again
    OR ((SELECT act_kind()) = 'public' AND uploaded_by IS NULL AND state = 'received' AND signature IS NOT NULL));
CREATE POLICY change ON exchange_upload FOR UPDATE TO app USING ((SELECT act_kind()) = 'system');
-- the content: added with its upload, read and removed by the worker alone
CREATE POLICY read ON exchange_uploadpart FOR SELECT TO app USING ((SELECT act_kind()) = 'system');
CREATE POLICY add ON exchange_uploadpart FOR INSERT TO app WITH CHECK (exchange_upload_takes_parts(upload_id));
CREATE POLICY forget ON exchange_uploadpart FOR DELETE TO app USING (
    (SELECT act_kind()) = 'system' AND upload_id IN (SELECT u.id FROM exchange_upload u WHERE u.state <> 'received'));
CREATE POLICY read ON exchange_uploadfaults FOR SELECT TO app USING (
    EXISTS (SELECT 1 FROM exchange_upload u WHERE u.id = upload_id));
CREATE POLICY add ON exchange_uploadfaults FOR INSERT TO app WITH CHECK ((SELECT act_kind()) = 'system');
CREATE POLICY read ON exchange_uploadcancellation FOR SELECT TO app USING (
    EXISTS (SELECT 1 FROM exchange_upload u WHERE u.id = upload_id));
CREATE POLICY add ON exchange_uploadcancellation FOR INSERT TO app WITH CHECK (
    (SELECT act_kind()) = 'system'
    OR (officer = (SELECT act_officer()) AND EXISTS (SELECT 1 FROM exchange_upload u WHERE u.id = upload_id)));
-- taking a batch back: asked for by who may see it, approved by another officer of the province
CREATE POLICY read ON exchange_rollback FOR SELECT TO app USING (
    EXISTS (SELECT 1 FROM exchange_batch b WHERE b.id = batch_id));
CREATE POLICY add ON exchange_rollback FOR INSERT TO app WITH CHECK (
    requester_id = (SELECT act_officer()) AND (SELECT act_role()) IN ('province_dispatcher', 'laboratory_clerk')
    AND EXISTS (SELECT 1 FROM exchange_batch b WHERE b.id = batch_id));
CREATE POLICY read ON exchange_rollbackreview FOR SELECT TO app USING (
    EXISTS (SELECT 1 FROM exchange_batch b WHERE b.id = batch_id));
CREATE POLICY add ON exchange_rollbackreview FOR INSERT TO app WITH CHECK (
    reviewer_id = (SELECT act_officer()) AND (SELECT act_role()) = 'province_dispatcher' AND done_at IS NULL);
CREATE POLICY change ON exchange_rollbackreview FOR UPDATE TO app USING ((SELECT act_kind()) = 'system');

-- audit: written by audit_append only, which takes who and why from the act
CREATE POLICY read ON audit_event FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR (SELECT act_role()) = 'auditor'
    OR subject = (SELECT act_subject())
    OR (starts_with(division, (SELECT act_scope())) AND division <> '')
    OR officer = (SELECT act_officer()));
CREATE POLICY read ON audit_pendingleaf FOR SELECT TO app USING (
    EXISTS (SELECT 1 FROM audit_event e WHERE e.id = event_id));

-- venues: the manager's, the county's, and, by name, those of an accepted inspector
CREATE POLICY read ON venues_venue FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR manager_id = (SELECT act_subject())
    OR starts_with(division, (SELECT act_scope()))
    OR number IN (SELECT inspected_venues()));
CREATE POLICY add ON venues_venue FOR INSERT TO app WITH CHECK (
    (SELECT act_kind()) = 'system' OR (manager_id = (SELECT act_subject()) AND state = 'pending'));
CREATE POLICY change ON venues_venue FOR UPDATE TO app
    USING ((SELECT act_kind()) = 'system'
        OR (division = (SELECT act_division()) AND (SELECT act_role()) = 'county_officer'))
    WITH CHECK ((SELECT act_kind()) = 'system' OR reviewed_by_id = (SELECT act_officer()));
CREATE POLICY read ON venues_checkpoint FOR SELECT TO app USING (
    EXISTS (SELECT 1 FROM venues_venue v WHERE v.number = venue_id));
CREATE POLICY add ON venues_checkpoint FOR INSERT TO app WITH CHECK (
    (SELECT act_kind()) = 'system'
    OR EXISTS (SELECT 1 FROM venues_venue v WHERE v.number = venue_id AND v.manager_id = (SELECT act_subject())));
-- invitations: made and ended by the manager; accepted through inspector_accept only, which asks for the token's hash
CREATE POLICY read ON venues_inspector FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR subject_id = (SELECT act_subject())
    OR EXISTS (SELECT 1 FROM venues_venue v WHERE v.number = venue_id AND v.manager_id = (SELECT act_subject())));
CREATE POLICY add ON venues_inspector FOR INSERT TO app WITH CHECK (
    (SELECT act_kind()) = 'system'
    OR (subject_id IS NULL AND accepted_at IS NULL AND device IS NULL AND EXISTS (
          SELECT 1 FROM venues_venue v WHERE v.number = venue_id AND v.manager_id = (SELECT act_subject()))));
CREATE POLICY change ON venues_inspector FOR UPDATE TO app USING (
    (SELECT act_kind()) = 'system'
    OR EXISTS (SELECT 1 FROM venues_venue v WHERE v.number = venue_id AND v.manager_id = (SELECT act_subject())));

-- timelines: who may see the person may see what is to come; written by the trigger, claimed by the worker
CREATE POLICY read ON notices_step FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR subject = (SELECT act_subject())
    OR EXISTS (SELECT 1 FROM people_subject s
                WHERE s.number = notices_step.subject AND starts_with(s.present_division, (SELECT act_scope()))));
CREATE POLICY change ON notices_step FOR UPDATE TO app USING ((SELECT act_kind()) = 'system');
CREATE POLICY forget ON notices_step FOR DELETE TO app USING ((SELECT act_kind()) = 'system');
-- notices: the worker queues and sends; a county says of its own whom it reached by telephone; the person reads hers
CREATE POLICY read ON notices_notice FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR subject_id = (SELECT act_subject())
    OR (division <> '' AND starts_with(division, (SELECT act_scope()))
        AND (SELECT act_role()) IN ('county_officer', 'city_officer', 'province_dispatcher')));
CREATE POLICY add ON notices_notice FOR INSERT TO app WITH CHECK ((SELECT act_kind()) = 'system');
CREATE POLICY change ON notices_notice FOR UPDATE TO app
    USING ((SELECT act_kind()) = 'system'
        OR (division = (SELECT act_division()) AND (SELECT act_role()) = 'county_officer'
            AND state IN ('unreachable', 'failed')))
    WITH CHECK ((SELECT act_kind()) = 'system' OR (state = 'told' AND settled_by_id = (SELECT act_officer())));
CREATE POLICY own ON notices_choice TO app USING (
    subject_id = (SELECT act_subject()) OR (SELECT act_kind()) = 'system');
-- the document index: made by the worker alone; of the access log a person reads her own rows (documents.sql)
CREATE POLICY own ON documents_holder TO app USING ((SELECT act_kind()) = 'system');
CREATE POLICY own ON documents_generation TO app USING ((SELECT act_kind()) = 'system');
CREATE POLICY own ON documents_entry TO app USING ((SELECT act_kind()) = 'system');
CREATE POLICY add ON document_check FOR INSERT TO edge WITH CHECK (alarmed_at IS NULL);
CREATE POLICY read ON document_check FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system' OR (subject > 0 AND subject = (SELECT act_subject())));
CREATE POLICY change ON document_check FOR UPDATE TO app USING ((SELECT act_kind()) = 'system');
-- adjustments of the check policies: an office proposes for its own division, the level above decides (V5). What is
-- decided is public: whoever publishes must see all of it, whichever office he acts for.
CREATE POLICY read ON policies_adjustment FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system'
    OR EXISTS (SELECT 1 FROM policies_decision d WHERE d.adjustment_id = policies_adjustment.id AND d.verdict = 'approve')
    OR starts_with(division, (SELECT act_scope())) OR (SELECT act_role()) = 'rule_approver');
CREATE POLICY add ON policies_adjustment FOR INSERT TO app WITH CHECK (
    proposer_id = (SELECT act_officer()) AND division = (SELECT act_division())
    AND (SELECT act_role()) IN ('county_officer', 'city_officer', 'province_dispatcher'));
CREATE POLICY read ON policies_decision FOR SELECT TO app USING (
    ((SELECT act_kind()) IS NOT NULL AND verdict = 'approve')
    OR (SELECT act_kind()) = 'system' OR starts_with(division, (SELECT act_scope()))
    OR (SELECT act_role()) = 'rule_approver');
CREATE POLICY add ON policies_decision FOR INSERT TO app WITH CHECK (
    reviewer_id = (SELECT act_officer()) AND (SELECT act_role()) = policy_decided_by(division)
    AND starts_with(division, coalesce((SELECT act_scope()), left((SELECT act_division()), 2))));
CREATE POLICY read ON policies_ending FOR SELECT TO app USING ((SELECT act_kind()) IS NOT NULL);
CREATE POLICY add ON policies_ending FOR INSERT TO app WITH CHECK (
    officer_id = (SELECT act_officer()) AND starts_with(division, (SELECT act_scope()))
    AND (SELECT act_role()) IN ('county_officer', 'city_officer', 'province_dispatcher'));
-- runs over everybody: numbers only; asked for by who publishes rules or operates, carried out by the system
CREATE POLICY read ON population_run FOR SELECT TO app USING (
    (SELECT act_kind()) = 'system'
    OR (SELECT act_role()) IN ('operator', 'province_dispatcher', 'rule_maker', 'rule_approver', 'auditor'));
CREATE POLICY add ON population_run FOR INSERT TO app WITH CHECK (
    step = 'export' AND folder = '' AND ((SELECT act_kind()) = 'system'
    OR (SELECT act_role()) IN ('operator', 'province_dispatcher', 'rule_maker', 'rule_approver')));
CREATE POLICY change ON population_run FOR UPDATE TO app USING ((SELECT act_kind()) = 'system');

-- What the edges were told, for `healthcode color audit`: records by number and nothing else of the feed.
CREATE OR REPLACE VIEW audit_feed_record AS
    SELECT key AS number, seq, payload FROM feed_log WHERE kind = 1
    UNION ALL SELECT key, NULL, payload FROM feed_outbox WHERE kind = 1;

CREATE OR REPLACE VIEW audit_feed_trimmed AS
    SELECT coalesce(bool_or(first > 1), false) AS trimmed
      FROM (SELECT min(seq) AS first FROM feed_log GROUP BY lane) begins;

-- auditors with a login of their own read what they must, without the application
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['evidence_evidence', 'evidence_decision', 'audit_event', 'audit_pendingleaf',
                             'casework_proposal', 'casework_review', 'casework_workitem', 'exchange_batch',
                             'exchange_rollback', 'exchange_rollbackreview', 'subject_state', 'people_subject',
                             'areas_riskarea', 'areas_designation', 'areas_approval', 'areas_ruledstep',
                             'rulesets_revision', 'rulesets_check', 'rulesets_rehearsal', 'rulesets_submission',
                             'rulesets_approval', 'policies_adjustment', 'policies_decision', 'policies_ending']
    LOOP
        EXECUTE format('CREATE POLICY audit ON %I FOR SELECT TO auditor USING (true)', t);
    END LOOP;
END $$;
