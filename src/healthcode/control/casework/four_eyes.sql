-- What ties evidence to its proposal and its review: composite keys that no INSERT of the application can talk past.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'evidence_repeats_its_proposal') THEN
        ALTER TABLE casework_proposal ADD CONSTRAINT proposal_is_of_its_item
            FOREIGN KEY (item_id, subject_id) REFERENCES casework_workitem (id, subject_id);
        ALTER TABLE casework_review ADD CONSTRAINT review_repeats_proposer
            FOREIGN KEY (proposal_id, proposer_id) REFERENCES casework_proposal (id, proposer_id);
        ALTER TABLE evidence_evidence ADD CONSTRAINT evidence_repeats_its_proposal
            FOREIGN KEY (proposal_id, subject_id, kind, anchor_day)
            REFERENCES casework_proposal (id, subject_id, kind, anchor_day);
        ALTER TABLE evidence_evidence ADD CONSTRAINT evidence_repeats_its_proposer
            FOREIGN KEY (proposal_id, proposer_id) REFERENCES casework_proposal (id, proposer_id);
        ALTER TABLE evidence_evidence ADD CONSTRAINT evidence_repeats_its_review
            FOREIGN KEY (proposal_id, reviewer_id, review_verdict)
            REFERENCES casework_review (proposal_id, reviewer_id, verdict);
        -- MATCH SIMPLE checks nothing where a column is NULL: a reviewed fact has them all
        ALTER TABLE evidence_evidence ADD CONSTRAINT evidence_reviewed_fact_has_day
            CHECK (proposal_id IS NULL OR anchor_day IS NOT NULL);
    END IF;
END $$;

-- A work item ends, or leaves its county, only as an approved proposal of it says: not by an UPDATE that forgot the review.
CREATE OR REPLACE FUNCTION casework_item_follows_review() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    said record;
BEGIN
    SELECT p.outcome, p.target_division INTO said
      FROM casework_proposal p JOIN casework_review r ON r.proposal_id = p.id AND r.verdict = 'approve'
     WHERE p.item_id = OLD.id ORDER BY p.id DESC LIMIT 1;
    IF NEW.state = 'closed' AND NEW.closed_as = 'withdrawn' AND OLD.state <> 'closed' THEN
        IF act_kind() <> 'system' OR NOT EXISTS (
              SELECT 1 FROM casework_lead l
                JOIN exchange_rollbackreview v ON v.batch_id = l.batch_id AND v.verdict = 'approve'
               WHERE l.id = OLD.lead_id) THEN
            RAISE EXCEPTION 'a work item is withdrawn by an approved rollback of its batch' USING ERRCODE = '42501';
        END IF;
    ELSIF NEW.state = 'closed' AND (said.outcome IS NULL OR said.outcome NOT IN ('confirm', 'exclude')
                                 OR NEW.closed_as <> said.outcome) THEN
        RAISE EXCEPTION 'a work item is closed by an approved proposal' USING ERRCODE = '42501';
    END IF;
    IF OLD.division <> '' AND NEW.division <> OLD.division
       AND (said.outcome IS DISTINCT FROM 'transfer' OR said.target_division <> NEW.division) THEN
        RAISE EXCEPTION 'a work item is transferred by an approved proposal' USING ERRCODE = '42501';
    END IF;
    IF OLD.state = 'closed' THEN
        RAISE EXCEPTION 'a closed work item stays as it is' USING ERRCODE = '42501';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS casework_item_follows_review ON casework_workitem;
CREATE TRIGGER casework_item_follows_review BEFORE UPDATE ON casework_workitem
    FOR EACH ROW WHEN (NEW.state = 'closed' OR OLD.state = 'closed' OR OLD.division <> NEW.division)
    EXECUTE FUNCTION casework_item_follows_review();

-- Hand an item to the county that an approved proposal of the acting county names, which from now on counts as where
-- the person is. The row leaves the scope of the act, which an UPDATE under row policies may not do.
CREATE OR REPLACE FUNCTION casework_item_transfer(item bigint, proposal bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    p record;
BEGIN
    SELECT c.target_division, c.subject_id INTO p
      FROM casework_proposal c
      JOIN casework_review r ON r.proposal_id = c.id AND r.verdict = 'approve' AND r.reviewer_id = act_officer()
     WHERE c.id = proposal AND c.item_id = item AND c.outcome = 'transfer' AND c.division = act_division();
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE casework_workitem w SET state = 'queued', division = p.target_division, assignee_id = NULL
     WHERE w.id = item AND w.state = 'proposed' AND w.division = act_division();
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE people_subject s SET present_division = p.target_division WHERE s.number = p.subject_id;
    RETURN true;
END $$;
