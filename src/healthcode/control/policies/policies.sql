-- A decision and an ending repeat what they are about, so that no INSERT of the application can say otherwise.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'decision_repeats_its_adjustment') THEN
        ALTER TABLE policies_decision ADD CONSTRAINT decision_repeats_its_adjustment
            FOREIGN KEY (adjustment_id, proposer_id, division) REFERENCES policies_adjustment (id, proposer_id, division);
        ALTER TABLE policies_adjustment ADD CONSTRAINT adjustment_of_a_division UNIQUE (id, division);
        ALTER TABLE policies_ending ADD CONSTRAINT ending_repeats_its_adjustment
            FOREIGN KEY (adjustment_id, division) REFERENCES policies_adjustment (id, division);
    END IF;
END $$;

-- Who decides on an office's proposal: a county's the city, a city's the province, the province's its rule approver.
CREATE OR REPLACE FUNCTION policy_decided_by(division text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public AS $$
    SELECT CASE WHEN right(division, 4) = '0000' THEN 'rule_approver'
                WHEN right(division, 2) = '00' THEN 'province_dispatcher' ELSE 'city_officer' END
$$;
