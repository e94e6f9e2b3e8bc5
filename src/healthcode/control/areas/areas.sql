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
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'evidence_repeats_its_designation') THEN
        ALTER TABLE evidence_evidence ADD CONSTRAINT evidence_repeats_its_designation
            FOREIGN KEY (designation_id, proposer_id, division) REFERENCES areas_designation (id, proposer_id, division);
        ALTER TABLE evidence_evidence ADD CONSTRAINT evidence_repeats_the_citys_verdict
            FOREIGN KEY (designation_id, reviewer_id, review_verdict)
            REFERENCES areas_approval (designation_id, reviewer_id, verdict);
    END IF;
END $$;

-- Whom a designation may concern by itself: those who live in its county, or whose row the rescinded one recorded.
CREATE OR REPLACE FUNCTION designation_concerns(
    designation bigint, subject bigint, area text, takes_back boolean, former uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT EXISTS (
        SELECT 1 FROM areas_designation d JOIN areas_riskarea a ON a.id = d.area_id
         WHERE act_kind() = 'system' AND d.id = designation AND area = d.division || '-' || d.area_id
           AND CASE WHEN takes_back
               THEN EXISTS (SELECT 1 FROM evidence_evidence e
                             WHERE e.id = former AND e.designation_id = d.rescinds_id AND e.subject_id = subject)
               ELSE d.residents AND former IS NULL AND a.addresses = '[]'::jsonb
                    AND EXISTS (SELECT 1 FROM people_subject s
                                 WHERE s.number = subject AND s.present_division = d.division)
               END)
$$;

-- The next residents, by number, whom an approved designation does not have yet, and the next rows that one takes back.
CREATE OR REPLACE FUNCTION designation_residents_missing(designation bigint, after bigint, most int) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT s.number FROM areas_designation d
      JOIN people_subject s ON s.present_division = d.division
     WHERE act_kind() = 'system' AND d.id = designation AND d.residents AND s.number > after
       AND NOT EXISTS (SELECT 1 FROM evidence_evidence e
                        WHERE e.subject_id = s.number AND e.kind = 'area_stay' AND NOT e.rescinded
                          AND e.fields ->> 'area' = d.division || '-' || d.area_id
                          AND NOT EXISTS (SELECT 1 FROM evidence_evidence l WHERE l.supersedes_id = e.id))
       AND NOT EXISTS (SELECT 1 FROM evidence_evidence e
                        WHERE e.subject_id = s.number AND e.designation_id = d.id)
     ORDER BY s.number LIMIT most
$$;
CREATE OR REPLACE FUNCTION designation_rows_to_rescind(designation bigint, after bigint, most int)
RETURNS TABLE (id uuid, subject_id bigint, anchor_day int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT e.id, e.subject_id, e.anchor_day FROM areas_designation d
      JOIN evidence_evidence e ON e.designation_id = d.rescinds_id
     WHERE act_kind() = 'system' AND d.id = designation AND e.subject_id > after
       AND NOT EXISTS (SELECT 1 FROM evidence_evidence l WHERE l.supersedes_id = e.id)
     ORDER BY e.subject_id LIMIT most
$$;

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
