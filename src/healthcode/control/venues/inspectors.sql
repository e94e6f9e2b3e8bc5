-- Appointments of inspectors. An invitation is found by the hash of its token and by nothing else; a device is found by
-- its 16 random bytes. The application can neither list invitations of others nor accept one in somebody's name.

-- Venues whose inspector the acting resident is. (A policy on venues_venue could not ask venues_inspector itself: that
-- table's policy asks venues_venue.)
CREATE OR REPLACE FUNCTION inspected_venues() RETURNS SETOF bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT i.venue_id FROM venues_inspector i
     WHERE i.subject_id = act_subject() AND i.accepted_at IS NOT NULL AND i.dismissed_at IS NULL
$$;

-- What a session for this device says; no row where the appointment is over or was never accepted.
CREATE OR REPLACE FUNCTION inspector_by_device(wanted bytea)
RETURNS TABLE (id bigint, label text, venue bigint, venue_name text, venue_state text, checkpoint int,
               checkpoint_name text, subject bigint, generation int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT i.id, i.label::text, v.number, v.name::text, v.state::text, coalesce(c.number, 0)::int,
           coalesce(c.name, '')::text, i.subject_id, s.generation
      FROM venues_inspector i
      JOIN venues_venue v ON v.number = i.venue_id
      JOIN subject_state s ON s.number = i.subject_id
      LEFT JOIN venues_checkpoint c ON c.id = i.checkpoint_id
     WHERE i.device = wanted AND i.accepted_at IS NOT NULL AND i.dismissed_at IS NULL
$$;

-- Claim an invitation for the acting resident: open, in time, at a venue that works. NULL: it is none of these.
-- The update is the claim: of two devices that accept at once, the second finds `accepted_at` set.
CREATE OR REPLACE FUNCTION inspector_accept(invite bytea, new_device bytea) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE venues_inspector i
       SET subject_id = act_subject(), device = new_device, accepted_at = clock_timestamp()
     WHERE i.invite_hash = invite AND i.accepted_at IS NULL AND i.dismissed_at IS NULL
       AND i.invite_expires_at > clock_timestamp() AND act_kind() = 'resident' AND length(new_device) = 16
       AND EXISTS (SELECT 1 FROM venues_venue v WHERE v.number = i.venue_id AND v.state = 'approved')
 RETURNING i.id
$$;

-- Give the acting resident's own appointment a new device. Returns the device that it had, for recall; NULL: not hers.
CREATE OR REPLACE FUNCTION inspector_device_change(appointment bigint, new_device bytea) RETURNS bytea
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    old bytea;
BEGIN
    SELECT i.device INTO old FROM venues_inspector i
     WHERE i.id = appointment AND i.subject_id = act_subject() AND i.accepted_at IS NOT NULL
       AND i.dismissed_at IS NULL AND length(new_device) = 16 FOR UPDATE;
    IF FOUND THEN
        UPDATE venues_inspector i SET device = new_device WHERE i.id = appointment;
    END IF;
    RETURN old;
END $$;

-- Visits of one venue by local hour: counts for its manager and its county, never who. (Tracing is an act of its own.)
CREATE OR REPLACE FUNCTION venue_visits_by_hour(wanted bigint, from_at timestamptz, until_at timestamptz)
RETURNS TABLE (hour int, visits bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT extract(hour FROM w.at AT TIME ZONE 'Asia/Shanghai')::int, count(*)
      FROM visit w
     WHERE w.venue = wanted AND w.id >= visit_key_floor(from_at) AND w.id < visit_key_floor(until_at)
       AND EXISTS (SELECT 1 FROM venues_venue v WHERE v.number = wanted
                      AND (act_kind() = 'system' OR v.manager_id = act_subject()
                           OR (act_role() = 'county_officer' AND v.division = act_division())))
     GROUP BY 1 ORDER BY 1
$$;
