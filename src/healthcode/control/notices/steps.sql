-- The steps of every timeline, out of the table's own records: whoever writes `subject_state`, singly or by the
-- hundred thousand, has them follow in the same transaction. Bytes as in spec/color-table.md section 2.

CREATE OR REPLACE FUNCTION record_steps(record bytea)
RETURNS TABLE (place int, minute bigint, state int, notices int)
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT 0, NULL::bigint, get_byte(record, 6) >> 4, get_byte(record, 7) | (get_byte(record, 8) << 8)
     WHERE length(record) = 32
    UNION ALL
    SELECT p, 26297280 + (get_byte(record, 6 * p + 6) | (get_byte(record, 6 * p + 7) << 8)
                          | (get_byte(record, 6 * p + 8) << 16)),
           get_byte(record, 6 * p + 9), get_byte(record, 6 * p + 10) | (get_byte(record, 6 * p + 11) << 8)
      FROM generate_series(1, 3) AS p
     WHERE length(record) = 32 AND substring(record FROM 6 * p + 7 FOR 6) <> '\x000000000000'
$$;

-- The minute that contains an instant, counted from 1970.
CREATE OR REPLACE FUNCTION minute_number(at timestamptz) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT floor(extract(epoch FROM at) / 60)::bigint $$;

CREATE OR REPLACE FUNCTION notices_steps_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
    SET enable_seqscan = off AS $$  -- by key, however old the planner's statistics are
BEGIN
    INSERT INTO notices_step AS kept
        (subject, place, version, at, state, notices, before_state, before_notices, announced)
    WITH touched AS MATERIALIZED (
        SELECT n.number, n.version, n.record, n.evaluated_at, o.record AS former
          FROM after_rows n JOIN before_rows o USING (number)
         WHERE n.record IS NOT NULL AND n.version <> o.version
           AND (substring(n.record FROM 13 FOR 18) <> '\x000000000000000000000000000000000000'
                OR substring(o.record FROM 13 FOR 18) <> '\x000000000000000000000000000000000000'
                OR get_byte(n.record, 6) >> 4 IS DISTINCT FROM get_byte(o.record, 6) >> 4
                OR substring(n.record FROM 8 FOR 2) IS DISTINCT FROM substring(o.record FROM 8 FOR 2))
    ), untold AS (
        -- a step that had come and was not announced yet: what the person was last told is what stood before it
        SELECT DISTINCT ON (s.subject) s.subject, s.before_state, s.before_notices
          FROM touched t, LATERAL (SELECT k.* FROM notices_step k WHERE k.subject = t.number OFFSET 0) s
         WHERE NOT s.announced AND s.at <= t.evaluated_at
         ORDER BY s.subject, s.place
    ), shown AS (
        SELECT t.number, COALESCE(u.before_state, f.state, 0) AS state, COALESCE(u.before_notices, f.notices, 0) AS notices
          FROM touched t LEFT JOIN untold u ON u.subject = t.number
          LEFT JOIN LATERAL (
              SELECT r.state, r.notices FROM record_steps(t.former) r
               WHERE r.minute IS NULL OR r.minute <= minute_number(t.evaluated_at)
               ORDER BY r.place DESC LIMIT 1) f ON true
    ), steps AS (
        SELECT t.number, r.place, t.version,
               CASE WHEN r.minute IS NULL THEN t.evaluated_at
                    ELSE timestamptz 'epoch' + r.minute * interval '1 minute' END AS at,
               r.state, r.notices,
               COALESCE(lag(r.state) OVER before, s.state) AS before_state,
               COALESCE(lag(r.notices) OVER before, s.notices) AS before_notices
          FROM touched t JOIN shown s USING (number), LATERAL record_steps(t.record) r
        WINDOW before AS (PARTITION BY t.number ORDER BY r.place)
    )
    SELECT number, place, version, at, state, notices, before_state, before_notices,
           place = 0 AND state = before_state AND notices = before_notices
      FROM steps
    ON CONFLICT (subject, place) DO UPDATE
       SET version = EXCLUDED.version, at = EXCLUDED.at, state = EXCLUDED.state, notices = EXCLUDED.notices,
           before_state = EXCLUDED.before_state, before_notices = EXCLUDED.before_notices,
           announced = EXCLUDED.announced;
    DELETE FROM notices_step WHERE ctid = ANY (ARRAY(
        SELECT s.ctid
          FROM after_rows n, LATERAL (SELECT k.ctid, k.version FROM notices_step k WHERE k.subject = n.number OFFSET 0) s
         WHERE s.version < n.version
           AND EXISTS (SELECT 1 FROM notices_step k
                        WHERE k.subject = n.number AND k.place = 0 AND k.version = n.version OFFSET 0)));
    RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS notices_steps_follow ON subject_state;
CREATE TRIGGER notices_steps_follow AFTER UPDATE ON subject_state
    REFERENCING OLD TABLE AS before_rows NEW TABLE AS after_rows
    FOR EACH STATEMENT EXECUTE FUNCTION notices_steps_follow();

-- Numbers whose announced step is not what the record says at an instant, for the nightly check; the system only.
CREATE OR REPLACE FUNCTION notices_steps_differ(at timestamptz, grace interval)
RETURNS TABLE (subject bigint, record_state int, announced_state int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT st.number, now_.state, told.state::int
      FROM subject_state st
      CROSS JOIN LATERAL (
          SELECT r.state, r.notices FROM record_steps(st.record) r
           WHERE r.minute IS NULL OR r.minute <= minute_number(notices_steps_differ.at - grace)
           ORDER BY r.place DESC LIMIT 1) now_
      LEFT JOIN LATERAL (
          SELECT s.state, s.notices FROM notices_step s
           WHERE s.subject = st.number AND s.announced AND s.at <= notices_steps_differ.at
           ORDER BY s.place DESC LIMIT 1) told ON true
     WHERE act_kind() = 'system'
       AND (substring(st.record FROM 13 FOR 18) <> '\x000000000000000000000000000000000000' OR told.state IS NOT NULL)
       AND st.evaluated_at <= notices_steps_differ.at - grace
       AND (told.state IS DISTINCT FROM now_.state OR told.notices IS DISTINCT FROM now_.notices)
$$;

-- A province that had records before it had steps: what has come needs no announcement any more. Once.
INSERT INTO notices_step (subject, place, version, at, state, notices, before_state, before_notices, announced)
SELECT st.number, r.place, st.version,
       CASE WHEN r.minute IS NULL THEN st.evaluated_at ELSE timestamptz 'epoch' + r.minute * interval '1 minute' END,
       r.state, r.notices, COALESCE(lag(r.state) OVER steps, r.state), COALESCE(lag(r.notices) OVER steps, r.notices),
       r.minute IS NULL OR r.minute <= minute_number(now())
  FROM subject_state st, LATERAL record_steps(st.record) r
 WHERE substring(st.record FROM 13 FOR 18) <> '\x000000000000000000000000000000000000'
   AND NOT EXISTS (SELECT 1 FROM notices_step)
WINDOW steps AS (PARTITION BY st.number ORDER BY r.place);
