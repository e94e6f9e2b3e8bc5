-- Table rights. `app` adds and reads; what it may change is named column by column; it deletes nothing of substance.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM app, edge, reader, auditor, PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO app, edge, reader, auditor;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;

-- framework tables: sign-in, second factor, jobs
GRANT SELECT, INSERT, UPDATE, DELETE ON
    django_session, offices_account, offices_account_groups, offices_account_user_permissions,
    mfa_authenticator, account_emailaddress, account_emailconfirmation TO app;
GRANT SELECT ON django_content_type, auth_permission, auth_group, auth_group_permissions, django_migrations TO app;

-- offices: read by all who act; changed only through the migration role until appointments are a workflow of their own
GRANT SELECT ON offices_unit, offices_post, offices_officer, offices_appointment TO app, auditor;

-- append-only
GRANT SELECT, INSERT ON
    evidence_evidence, evidence_decision,
    casework_lead, casework_proposal, casework_review,
    areas_riskarea, areas_designation, areas_approval, areas_ruledstep, areas_areaplace,
    rulesets_draft, rulesets_revision, rulesets_check, rulesets_rehearsalrun, rulesets_rehearsal,
    rulesets_submission, rulesets_approval,
    exchange_batch, exchange_batchrow, exchange_uploadcancellation, exchange_uploadfaults, exchange_rollback,
    exchange_rollbackreview,
    people_consent, people_declaration, people_identityindex, people_refusal, venues_checkpoint TO app;
GRANT SELECT ON audit_event, audit_pendingleaf TO app;
GRANT UPDATE (handled) ON people_refusal TO app;

-- passes are forgotten when they end; a paper's row stays
GRANT SELECT, INSERT, DELETE ON credentials_pass, credentials_paper TO app;
GRANT UPDATE (recalled_at) ON credentials_pass, credentials_paper TO app;
GRANT SELECT, INSERT ON credentials_recall, credentials_recallreview, credentials_recalldone TO app;
GRANT UPDATE (edition) ON venues_venue TO app;
-- a rehearsal's progress; what it found is a row of its own
GRANT UPDATE (state, done, of, failure) ON rulesets_rehearsalrun TO app;

-- workflow columns
GRANT SELECT ON people_subject, subject_state TO app;
GRANT SELECT, INSERT ON exchange_upload, people_identity, people_phonecode,
    casework_workitem, venues_venue, venues_inspector, feed_outbox, bridge_published, bridge_edge TO app;
GRANT UPDATE (holds_code, residence_division, present_division, withdrawn_at) ON people_subject TO app;
GRANT UPDATE (version, generation, color, record, grounds, ruleset, publications_known, evaluated_at)
    ON subject_state TO app;
GRANT UPDATE (name_sealed, phone_sealed, address_sealed, verified_at) ON people_identity TO app;
GRANT UPDATE (state, report, batch_id, rows_done) ON exchange_upload TO app;
-- the sealed content of a file goes when the file is imported or refused
GRANT SELECT, INSERT, DELETE ON exchange_uploadpart TO app;
GRANT SELECT, INSERT, UPDATE ON exchange_uploadprogress TO app;
GRANT UPDATE (done_at) ON exchange_rollbackreview TO app;
GRANT UPDATE (attempts, used_at) ON people_phonecode TO app;
GRANT UPDATE (state, assignee_id, division, due_at, closed_at, closed_as) ON casework_workitem TO app;
GRANT UPDATE (state, reviewed_by_id, reviewed_at, review_reason) ON venues_venue TO app;
GRANT UPDATE (dismissed_at) ON venues_inspector TO app;
GRANT SELECT, INSERT ON population_run, areas_carrying TO app;
GRANT UPDATE (step, last, done, of, recorded, derived, at) ON areas_carrying TO app;
GRANT UPDATE (began_at, finished_at, step, problem, folder, ruleset, people, records, candidates, committed, derived,
    decided, overtaken, seconds, valid_from) ON population_run TO app;
GRANT UPDATE (payload) ON bridge_published TO app;
GRANT UPDATE (struck_at) ON bridge_edge TO app;
GRANT SELECT, DELETE ON notices_step TO app;
GRANT UPDATE (announced) ON notices_step TO app;
GRANT SELECT, INSERT ON notices_notice, notices_choice TO app;
GRANT UPDATE (state, attempts, send_at, settled_at, settled_by_id) ON notices_notice TO app;
GRANT UPDATE (texts, chosen_at) ON notices_choice TO app;
GRANT EXECUTE ON FUNCTION record_steps(bytea), minute_number(timestamptz),
    notices_steps_differ(timestamptz, interval) TO app;
GRANT DELETE ON feed_outbox TO app;
GRANT SELECT, INSERT, DELETE ON people_placeindex TO app;
GRANT SELECT, INSERT ON feed_log TO app;
GRANT SELECT, INSERT, UPDATE ON feed_heartbeat TO app;

-- the document index: entries come and go with generations; of the access log only the alarm's mark is written
GRANT SELECT, INSERT, DELETE ON documents_entry TO app;
GRANT SELECT, DELETE ON documents_due TO app;
GRANT SELECT, INSERT ON documents_generation, documents_holder TO app;
GRANT UPDATE (last_subject, completed_at, retired_at) ON documents_generation TO app;
GRANT UPDATE (struck_at) ON documents_holder TO app;
GRANT SELECT ON document_check TO app;
GRANT UPDATE (alarmed_at) ON document_check TO app;
GRANT EXECUTE ON FUNCTION document_checks_of(bigint, int), document_checks_forget(timestamptz) TO app;
-- adjustments of the check policies are proposed, decided and ended, never changed
GRANT SELECT, INSERT ON policies_adjustment, policies_decision, policies_ending TO app;
GRANT SELECT ON policies_adjustment, policies_decision, policies_ending TO auditor;
GRANT EXECUTE ON FUNCTION policy_decided_by(text) TO app;

-- the edge: adds visits and access rows, claims budgets, reads the feed, nothing else
GRANT INSERT ON visit TO edge;
GRANT INSERT (id, at, subject, device, venue, checkpoint, said) ON document_check TO edge;
GRANT EXECUTE ON FUNCTION document_budget_claim(text, bytea, int, int, int) TO edge;
GRANT SELECT (id) ON visit TO edge;
GRANT SELECT ON feed_log, feed_heartbeat TO edge;
-- group commit and imports copy into a temporary table first
DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO edge, app', current_database()); END $$;

GRANT SELECT ON audit_event, audit_pendingleaf, evidence_evidence, evidence_decision, casework_proposal,
    casework_review, casework_workitem, exchange_batch, exchange_rollback, exchange_rollbackreview, audit_feed_record, audit_feed_trimmed,
    areas_riskarea, areas_designation, areas_approval, areas_ruledstep, area_case,
    rulesets_revision, rulesets_check, rulesets_rehearsal, rulesets_submission, rulesets_approval TO auditor;
-- of people: whether a number holds a code, and the cached answer; no identity, no address, no division
GRANT SELECT (number, holds_code) ON people_subject TO auditor;
GRANT SELECT (number, version, generation, color, record, ruleset, publications_known, evaluated_at)
    ON subject_state TO auditor;

GRANT EXECUTE ON FUNCTION
    act_begin(text, text), act_begin_public(text), act_session_open(bytea, text, bigint, bigint, interval),
    act_session_close(bytea), act_sessions_close_of(bigint), act_kind(), act_officer(), act_post(), act_role(),
    act_scope(), act_division(), act_subject(), acts_forget(timestamptz) TO app;
GRANT EXECUTE ON FUNCTION act_kind(), act_officer(), act_post(), act_role(), act_scope(), act_division(),
    act_subject() TO auditor, reader;
GRANT EXECUTE ON FUNCTION subject_by_index(bytea), subject_evidence(bigint[]), subjects_create(int),
    act_become_resident(bigint), phone_codes_forget(timestamptz), audit_append(text, bigint, text, text, jsonb, bytea, bytea, bytea, bigint) TO app;
GRANT EXECUTE ON FUNCTION exchange_upload_takes_parts(uuid), exchange_upload_of(uuid, bigint),
    exchange_uploads_before(text, bigint, bytea, timestamptz),
    exchange_rolls_back(uuid, uuid), exchange_rows_to_rescind(uuid, int), exchange_items_to_withdraw(uuid) TO app;
GRANT EXECUTE ON FUNCTION casework_item_transfer(bigint, bigint), casework_item_follows_review() TO app;
GRANT EXECUTE ON FUNCTION area_subjects(text),
    designation_record(bigint, bigint, bigint, int, int, timestamptz),
    designation_rescind(bigint, bigint, int, timestamptz), designation_size(bigint),
    area_residents_by_color(text, bytea[]), area_reached_by_office(text, bytea[]), area_people_by_color(text), area_cases(text[]), areas_step_number(),
    area_step_stands(bigint, bigint, text, int, int, timestamptz, timestamptz) TO app;
GRANT EXECUTE ON FUNCTION evidence_gone_at(uuid, bigint) TO app, auditor;
GRANT EXECUTE ON FUNCTION ruleset_digest(jsonb) TO app;
GRANT EXECUTE ON FUNCTION visit_partitions_ensure(date, int), visit_key_floor(timestamptz), visit_hours_close(),
    visit_days_forget() TO app;
GRANT EXECUTE ON FUNCTION visits_at_venue(bigint, timestamptz, timestamptz, timestamptz, uuid, int),
    visits_of_person(bigint, timestamptz, timestamptz, timestamptz, uuid, int) TO app;
GRANT EXECUTE ON FUNCTION feed_outbox_wake(), feed_trim(smallint, bigint, int) TO app;
GRANT EXECUTE ON FUNCTION inspected_venues(), inspector_by_device(bytea), inspector_accept(bytea, bytea),
    inspector_device_change(bigint, bytea), venue_visits_by_hour(bigint, timestamptz, timestamptz) TO app;
-- jobs: procrastinate works through its own functions and tables
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname LIKE 'procrastinate\_%' LOOP
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO app', r.relname);
    END LOOP;
    FOR r IN SELECT p.oid::regprocedure AS f FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
              WHERE n.nspname = 'public' AND p.proname LIKE 'procrastinate\_%' LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO app', r.f);
    END LOOP;
END $$;
-- Whoever may make temporary tables could put one before ours, under the same name, in the eyes of a definer function:
-- a search path that does not name pg_temp looks there first. So each names it, last.
DO $$
DECLARE f text;
BEGIN
    FOR f IN SELECT p.oid::regprocedure FROM pg_proc p
              WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace AND p.proowner = 'migrate'::regrole LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, public, pg_temp', f);
    END LOOP;
END $$;
