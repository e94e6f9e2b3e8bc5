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

DROP FUNCTION IF EXISTS designation_residents_missing(bigint, bigint, int);
DROP FUNCTION IF EXISTS designation_rows_to_rescind(bigint, bigint, int);
CREATE INDEX IF NOT EXISTS people_by_county ON people_subject (present_division, number);

-- Ids of the instant `at` (RFC 9562, version 7), as `evidence/ids.py` makes them. Inlined: it is asked for each row.
CREATE OR REPLACE FUNCTION evidence_id(at timestamptz) RETURNS uuid
LANGUAGE sql VOLATILE AS $$
    SELECT encode(overlay(uuid_send(uuidv7()) PLACING substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3)
                          FROM 1 FOR 6), 'hex')::uuid
$$;

-- The next people, by number, whom an approved designation takes in: the county's, or those of its places.
-- Each way asks one index, so that a part of 2,000 costs the same among half a million.
CREATE OR REPLACE FUNCTION designation_people(designation bigint, after bigint, upto bigint, most int)
RETURNS TABLE (number bigint, relation text, anchor int)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    d record;
BEGIN
    SELECT a.id, a.division, g.residents INTO d FROM areas_designation g JOIN areas_riskarea a ON a.id = g.area_id
     WHERE g.id = designation AND act_kind() = 'system'
       AND EXISTS (SELECT 1 FROM areas_approval v WHERE v.designation_id = g.id AND v.verdict = 'approve');
    IF NOT FOUND THEN
        RETURN;
    ELSIF d.residents AND EXISTS (SELECT 1 FROM areas_areaplace p WHERE p.area_id = d.id) THEN
        RETURN QUERY
        SELECT DISTINCT s.number, 'resident', NULL::int FROM areas_areaplace p
          JOIN people_placeindex x ON x.index = p.index AND x.subject_id > after AND x.subject_id <= upto
          JOIN people_subject s ON s.number = x.subject_id AND s.present_division = d.division
         WHERE p.area_id = d.id ORDER BY s.number LIMIT most;
    ELSIF d.residents THEN
        RETURN QUERY
        SELECT s.number, 'resident', NULL::int FROM people_subject s
         WHERE s.present_division = d.division AND s.number > after AND s.number <= upto ORDER BY s.number LIMIT most;
    END IF;
END $$;

-- How many people an approved designation takes in, or gives back: the whole of its progress.
CREATE OR REPLACE FUNCTION designation_size(designation bigint) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT CASE WHEN g.rescinds_id IS NOT NULL THEN (
               SELECT count(*) FROM evidence_evidence e
                WHERE e.designation_id = g.rescinds_id
                  AND NOT EXISTS (SELECT 1 FROM evidence_evidence l WHERE l.supersedes_id = e.id))
           WHEN NOT g.residents THEN 0
           WHEN EXISTS (SELECT 1 FROM areas_areaplace p WHERE p.area_id = g.area_id) THEN (
               SELECT count(DISTINCT s.number) FROM areas_areaplace p
                 JOIN people_placeindex x ON x.index = p.index
                 JOIN people_subject s ON s.number = x.subject_id AND s.present_division = g.division
                WHERE p.area_id = g.area_id)
           ELSE (SELECT count(*) FROM people_subject s WHERE s.present_division = g.division) END
      FROM areas_designation g WHERE g.id = designation AND act_kind() = 'system'
$$;

-- Record the next people of an approved designation in one statement; who has a row already is passed over. The worker
-- calls it and can say nothing else: day, instant and how far to go. Returns everybody looked at, new or not.
CREATE OR REPLACE FUNCTION designation_record(
    designation bigint, after bigint, upto bigint, most int, today int, at timestamptz)
RETURNS TABLE (number bigint, made boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    SET enable_seqscan = off AS $$  -- by key, however old the planner's statistics are
#variable_conflict use_column
DECLARE
    d record;
BEGIN
    SELECT g.id, g.division, g.level, g.division || '-' || g.area_id AS area, g.office_id, g.basis, g.proposer_id,
           v.reviewer_id, v.verdict
      INTO d FROM areas_designation g JOIN areas_approval v ON v.designation_id = g.id AND v.verdict = 'approve'
     WHERE g.id = designation AND act_kind() = 'system' AND g.rescinds_id IS NULL;
    IF NOT FOUND OR at > clock_timestamp() THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH page AS (SELECT p.* FROM designation_people(designation, after, upto, most) p), held AS MATERIALIZED (
        -- by person, never by area: half a million rows name this area when the last part is asked for
        SELECT e.subject_id FROM page p, LATERAL (
            SELECT o.* FROM evidence_evidence o WHERE o.subject_id = p.number OFFSET 0) e
         WHERE e.designation_id = d.id
            OR e.kind = 'area_stay' AND NOT e.rescinded AND e.fields ->> 'area' = d.area
               AND NOT EXISTS (SELECT 1 FROM evidence_evidence l WHERE l.supersedes_id = e.id OFFSET 0)
    ), made AS (
        INSERT INTO evidence_evidence (id, subject_id, kind, fields, anchor_day, occurred_at, learned_at, division,
            source_unit_id, document, designation_id, proposer_id, reviewer_id, review_verdict, rescinded)
        SELECT evidence_id(at), p.number, 'area_stay',
               jsonb_build_object('area', d.area, 'relation', p.relation)
               || CASE WHEN p.relation = 'left' THEN jsonb_build_object('level', d.level) ELSE '{}'::jsonb END,
               COALESCE(p.anchor, today), at, at, d.division, d.office_id, left(d.basis, 120), d.id, d.proposer_id,
               d.reviewer_id, d.verdict, false
          FROM page p
         WHERE NOT EXISTS (SELECT 1 FROM held h WHERE h.subject_id = p.number)
        RETURNING subject_id)
    SELECT p.number, m.subject_id IS NOT NULL FROM page p LEFT JOIN made m ON m.subject_id = p.number
     ORDER BY p.number;
END $$;

-- Take back the next rows that an approved designation rescinds, in one statement.
CREATE OR REPLACE FUNCTION designation_rescind(designation bigint, after bigint, most int, at timestamptz)
RETURNS TABLE (number bigint, made boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    d record;
BEGIN
    SELECT g.id, g.division, g.rescinds_id, g.office_id, g.basis, g.proposer_id, v.reviewer_id, v.verdict
      INTO d FROM areas_designation g JOIN areas_approval v ON v.designation_id = g.id AND v.verdict = 'approve'
     WHERE g.id = designation AND act_kind() = 'system' AND g.rescinds_id IS NOT NULL;
    IF NOT FOUND OR at > clock_timestamp() THEN
        RETURN;
    END IF;
    RETURN QUERY
    INSERT INTO evidence_evidence (id, subject_id, kind, fields, anchor_day, occurred_at, learned_at, division,
        source_unit_id, document, designation_id, proposer_id, reviewer_id, review_verdict, rescinded, supersedes_id)
    SELECT evidence_id(at), e.subject_id, 'area_stay', e.fields, e.anchor_day, at, at, d.division, d.office_id,
           left(d.basis, 120), d.id, d.proposer_id, d.reviewer_id, d.verdict, true, e.id
      FROM evidence_evidence e
     WHERE e.designation_id = d.rescinds_id AND e.subject_id > after
       AND NOT EXISTS (SELECT 1 FROM evidence_evidence l WHERE l.supersedes_id = e.id)
     ORDER BY e.subject_id LIMIT most
    RETURNING subject_id, true;
END $$;

CREATE INDEX IF NOT EXISTS evidence_of_area ON evidence_evidence ((fields ->> 'area')) WHERE kind = 'area_stay';

-- Whose evidence names an area: for the worker that derives them anew.
CREATE OR REPLACE FUNCTION area_subjects(code text) RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT e.subject_id FROM evidence_evidence e
     WHERE act_kind() = 'system' AND e.kind = 'area_stay' AND e.fields ->> 'area' = code ORDER BY 1
$$;

-- How many residents a county, or those places in it, counts, and which color they have now: numbers, no rows.
DROP FUNCTION IF EXISTS area_residents_by_color(text);
CREATE OR REPLACE FUNCTION area_residents_by_color(county text, places bytea[])
RETURNS TABLE (color text, people bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT st.color, count(*) FROM people_subject s JOIN subject_state st ON st.number = s.number
     WHERE length(county) = 6 AND s.present_division = county AND starts_with(county, act_scope())
       AND act_role() IN ('county_officer', 'city_officer', 'province_dispatcher')
       AND (cardinality(places) = 0
            OR s.number IN (SELECT x.subject_id FROM people_placeindex x WHERE x.index = ANY (places)))
     GROUP BY st.color
$$;

-- By whose acts the residents who are red or yellow already are reached: offices and numbers, nobody's row. What an
-- office determined or designated counts, while nobody took it back; somebody whom two offices reach counts with each.
CREATE OR REPLACE FUNCTION area_reached_by_office(county text, places bytea[])
RETURNS TABLE (zh text, en text, people bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT u.name_zh, u.name_en, count(DISTINCT s.number)
      FROM people_subject s JOIN subject_state st ON st.number = s.number AND st.color IN ('red', 'yellow')
      JOIN evidence_evidence e ON e.subject_id = s.number AND e.reviewer_id IS NOT NULL AND NOT e.rescinded
                              AND e.kind <> 'release'
      JOIN offices_unit u ON u.id = e.source_unit_id
     WHERE length(county) = 6 AND s.present_division = county AND starts_with(county, act_scope())
       AND act_role() IN ('county_officer', 'city_officer', 'province_dispatcher')
       AND NOT EXISTS (SELECT 1 FROM evidence_evidence l WHERE l.supersedes_id = e.id)
       AND (cardinality(places) = 0
            OR s.number IN (SELECT x.subject_id FROM people_placeindex x WHERE x.index = ANY (places)))
     GROUP BY u.id, u.name_zh, u.name_en ORDER BY 3 DESC, 1 LIMIT 8
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
