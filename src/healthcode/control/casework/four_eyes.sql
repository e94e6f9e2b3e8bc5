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
