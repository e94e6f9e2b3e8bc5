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

-- Steps by rule. They are numbered with the approvals, so that decisions name both in one list and in one order.
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'step_repeats_its_area') THEN
        ALTER TABLE areas_ruledstep ADD CONSTRAINT step_repeats_its_area
            FOREIGN KEY (area_id, division) REFERENCES areas_riskarea (id, division);
    END IF;
END $$;
CREATE OR REPLACE FUNCTION areas_step_number() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    NEW.id := nextval(pg_get_serial_sequence('areas_approval', 'id'));
    RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS areas_step_number ON areas_ruledstep;
CREATE TRIGGER areas_step_number BEFORE INSERT ON areas_ruledstep
    FOR EACH ROW EXECUTE FUNCTION areas_step_number();

CREATE INDEX IF NOT EXISTS evidence_infections ON evidence_evidence (subject_id) WHERE kind = 'infection';

-- Since when a row of evidence no longer counts: taken back or corrected, or excluded by a release that names it.
CREATE OR REPLACE FUNCTION evidence_gone_at(row_id uuid, subject bigint) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT min(l.learned_at) FROM evidence_evidence l
     WHERE l.subject_id = subject AND (l.supersedes_id = row_id
        OR (l.kind = 'release' AND NOT l.rescinded AND l.fields ->> 'reason' = 'excluded'
            AND l.fields -> 'about' ? row_id::text))
$$;
-- Cases in areas: recorded infections of people who live or stay there. Days and instants, nobody's number.
CREATE OR REPLACE VIEW area_case AS
    SELECT s.fields ->> 'area' AS code, i.anchor_day AS day, GREATEST(i.learned_at, s.learned_at) AS known_at,
           LEAST(evidence_gone_at(i.id, i.subject_id), evidence_gone_at(s.id, s.subject_id)) AS gone_at
      FROM evidence_evidence i
      JOIN evidence_evidence s ON s.subject_id = i.subject_id AND s.kind = 'area_stay' AND NOT s.rescinded
                              AND s.fields ->> 'relation' IN ('resident', 'stayer')
     WHERE i.kind = 'infection' AND NOT i.rescinded AND i.anchor_day IS NOT NULL;
CREATE OR REPLACE FUNCTION area_cases(codes text[])
RETURNS TABLE (code text, day int, known_at timestamptz, gone_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT c.code, c.day, c.known_at, c.gone_at FROM area_case c
     WHERE c.code = ANY (codes)
       AND (act_kind() = 'system'
            OR (act_role() IN ('county_officer', 'city_officer', 'province_dispatcher')
                AND starts_with(c.code, act_scope())))
$$;

-- Whether a step may be written: by the worker, from the level in force, with the days passed and nothing against it.
-- Which days a ruleset asks for stands in the rulebook and not here: `healthcode color audit` compares those.
CREATE OR REPLACE FUNCTION area_step_stands(
    area bigint, follows bigint, former text, since int, days int, due timestamptz, made timestamptz) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH said AS (
        SELECT a.id, d.level, COALESCE(GREATEST(d.effective_from, a.reviewed_at), a.reviewed_at) AS began, d.until
          FROM areas_approval a JOIN areas_designation d ON d.id = a.designation_id
         WHERE d.area_id = area AND a.verdict = 'approve'
           AND d.rescinds_id IS NULL AND d.case_day IS NULL AND d.hold_until IS NULL
        UNION ALL
        SELECT s.id, s.level, s.made_at, NULL FROM areas_ruledstep s WHERE s.area_id = area
    ), restraint AS (
        SELECT a.id, a.reviewed_at, d.case_day, d.hold_until
          FROM areas_approval a JOIN areas_designation d ON d.id = a.designation_id
         WHERE d.area_id = area AND a.verdict = 'approve' AND a.reviewed_at <= made
    )
    SELECT act_kind() = 'system' AND made <= clock_timestamp()
       AND due >= timestamptz 'epoch' + (since + days + 1) * interval '1 day' - interval '8 hours'
       AND EXISTS (SELECT 1 FROM said WHERE id = follows AND level = former AND began <= made
                      AND (until IS NULL OR until > made))
       AND NOT EXISTS (SELECT 1 FROM said WHERE id > follows AND began <= made)
       AND NOT EXISTS (SELECT 1 FROM restraint WHERE case_day > since)
       AND NOT COALESCE((SELECT hold_until > made FROM restraint WHERE hold_until IS NOT NULL ORDER BY id DESC LIMIT 1), false)
       AND NOT EXISTS (SELECT 1 FROM area_case c JOIN areas_riskarea r ON c.code = r.division || '-' || r.id
                        WHERE r.id = area AND c.day > since AND c.known_at <= made
                          AND (c.gone_at IS NULL OR c.gone_at > made))
$$;
