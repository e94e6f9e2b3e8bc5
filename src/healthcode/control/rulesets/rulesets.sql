-- Which bytes were drafted, proven and approved: the digest is computed here, and composite keys carry it from the
-- revision through check and rehearsal to the approval. No INSERT of the application can say otherwise.
CREATE OR REPLACE FUNCTION ruleset_digest(files jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public AS $$
    -- as `parse_ruleset` does: length and text of name and content, by name
    SELECT encode(sha256(coalesce(string_agg(
               int4send(length(f.key)) || convert_to(f.key, 'UTF8')
               || int8send(octet_length(convert_to(f.value, 'UTF8'))::bigint) || convert_to(f.value, 'UTF8'),
               ''::bytea ORDER BY f.key COLLATE "C"), ''::bytea)), 'hex')
      FROM jsonb_each_text(files) f WHERE f.key LIKE '%.yaml'
$$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'ruleset_approval_repeats_its_submission') THEN
        ALTER TABLE rulesets_revision ADD CONSTRAINT ruleset_revision_repeats_its_draft
            FOREIGN KEY (draft_id, drafter_id) REFERENCES rulesets_draft (id, drafter_id);
        ALTER TABLE rulesets_revision ADD CONSTRAINT ruleset_revision_has_its_digest
            CHECK (digest = ruleset_digest(files));
        ALTER TABLE rulesets_check ADD CONSTRAINT ruleset_check_repeats_its_revision
            FOREIGN KEY (revision_id, digest) REFERENCES rulesets_revision (id, digest);
        ALTER TABLE rulesets_rehearsal ADD CONSTRAINT ruleset_rehearsal_repeats_its_revision
            FOREIGN KEY (revision_id, digest) REFERENCES rulesets_revision (id, digest);
        ALTER TABLE rulesets_submission ADD CONSTRAINT ruleset_submission_repeats_its_revision
            FOREIGN KEY (revision_id, drafter_id, digest) REFERENCES rulesets_revision (id, drafter_id, digest);
        ALTER TABLE rulesets_submission ADD CONSTRAINT ruleset_submission_has_passed
            FOREIGN KEY (check_made_id, revision_id, digest, check_passed)
            REFERENCES rulesets_check (id, revision_id, digest, passed);
        ALTER TABLE rulesets_submission ADD CONSTRAINT ruleset_submission_was_rehearsed
            FOREIGN KEY (rehearsal_id, revision_id, digest) REFERENCES rulesets_rehearsal (id, revision_id, digest);
        ALTER TABLE rulesets_approval ADD CONSTRAINT ruleset_approval_repeats_its_submission
            FOREIGN KEY (submission_id, kind, drafter_id, digest)
            REFERENCES rulesets_submission (id, kind, drafter_id, digest);
    END IF;
END $$;
