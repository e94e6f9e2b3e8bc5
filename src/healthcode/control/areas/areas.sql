-- A verdict repeats county and proposer of its designation, which repeats the county of its area: no INSERT of the
-- application can say otherwise, so the check that proposer and reviewer differ means what it says.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'approval_repeats_its_designation') THEN
        ALTER TABLE areas_designation ADD CONSTRAINT designation_repeats_its_area
            FOREIGN KEY (area_id, division) REFERENCES areas_riskarea (id, division);
        ALTER TABLE areas_approval ADD CONSTRAINT approval_repeats_its_designation
            FOREIGN KEY (designation_id, proposer_id, division) REFERENCES areas_designation (id, proposer_id, division);
    END IF;
END $$;

CREATE INDEX IF NOT EXISTS evidence_of_area ON evidence_evidence ((fields ->> 'area')) WHERE kind = 'area_stay';

-- Whose evidence names an area: for the worker that derives them anew.
CREATE OR REPLACE FUNCTION area_subjects(code text) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT e.subject_id FROM evidence_evidence e
     WHERE act_kind() = 'system' AND e.kind = 'area_stay' AND e.fields ->> 'area' = code ORDER BY 1
$$;

-- How many residents a county counts, and how many of them have which color now: numbers, no rows.
CREATE OR REPLACE FUNCTION area_residents_by_color(county text) RETURNS TABLE (color text, people bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT st.color, count(*) FROM people_subject s JOIN subject_state st ON st.number = s.number
     WHERE length(county) = 6 AND s.present_division = county AND starts_with(county, act_scope())
       AND act_role() IN ('county_officer', 'city_officer', 'province_dispatcher')
     GROUP BY st.color
$$;

-- How many people's evidence names an area: the number that an officer sees before he proposes or approves.
CREATE OR REPLACE FUNCTION area_people_by_color(code text) RETURNS TABLE (color text, people bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT st.color, count(*) FROM subject_state st
     WHERE act_role() IN ('county_officer', 'city_officer', 'province_dispatcher')
       AND starts_with(code, act_scope())
       AND st.number IN (SELECT e.subject_id FROM evidence_evidence e
                          WHERE e.kind = 'area_stay' AND e.fields ->> 'area' = code)
     GROUP BY st.color
$$;
