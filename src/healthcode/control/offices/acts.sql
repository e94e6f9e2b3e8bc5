-- Who acts. `act_begin` is the only way to an acting officer, resident or system in a transaction; row policies
-- trust nothing else. The session table is invisible to the application: it can open, use and close, never list.

CREATE TABLE IF NOT EXISTS act_session (
    token_hash  bytea PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('officer', 'resident', 'system')),
    officer     bigint,
    subject     bigint,
    name        text NOT NULL DEFAULT '',
    opened_at   timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    closed_at   timestamptz,
    CHECK ((kind = 'officer') = (officer IS NOT NULL)),
    CHECK ((kind = 'resident') = (subject IS NOT NULL))
);
REVOKE ALL ON act_session FROM PUBLIC;

-- Unlogged: it describes running transactions, and none survives a crash.
CREATE UNLOGGED TABLE IF NOT EXISTS act (
    xid         xid8 PRIMARY KEY,
    kind        text NOT NULL,
    officer     bigint,
    post        bigint,
    role        text NOT NULL DEFAULT '',
    scope       text,          -- division prefix that the act may see: '14', '1401', '140105'; NULL: none
    division    text NOT NULL DEFAULT '',
    subject     bigint,
    purpose     text NOT NULL CHECK (purpose <> ''),
    at          timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS act_at ON act (at);
REVOKE ALL ON act FROM PUBLIC;

CREATE OR REPLACE FUNCTION act_begin(session_token text, purpose text)
RETURNS TABLE (kind text, officer bigint, post bigint, role text, scope text, division text, subject bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
#variable_conflict use_column
DECLARE
    s act_session%ROWTYPE;
    p record;
BEGIN
    SELECT * INTO s FROM act_session a
     WHERE a.token_hash = sha256(convert_to(session_token, 'UTF8'))
       AND a.closed_at IS NULL AND a.expires_at > clock_timestamp();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such session' USING ERRCODE = '28000', HINT = 'sign in again';
    END IF;
    IF s.kind = 'officer' THEN
        -- The post is read anew in each act: a dismissal or a sanction ends power at once (Art. 17, 18).
        SELECT o.id AS officer, po.id AS post, po.role, u.division INTO p
          FROM offices_officer o
          JOIN offices_appointment ap ON ap.officer_id = o.id
               AND ap.since <= clock_timestamp() AND (ap.until IS NULL OR ap.until > clock_timestamp())
          JOIN offices_post po ON po.id = ap.post_id
          JOIN offices_unit u ON u.id = po.unit_id
         WHERE o.id = s.officer AND o.sanctioned_at IS NULL
         ORDER BY ap.since DESC LIMIT 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no current post' USING ERRCODE = '28000', HINT = 'an appointment must be filed first';
        END IF;
        INSERT INTO act (xid, kind, officer, post, role, scope, division, purpose, at)
        VALUES (pg_current_xact_id(), 'officer', p.officer, p.post, p.role,
                CASE WHEN p.role IN ('operator', 'laboratory_clerk', 'rule_maker', 'rule_approver') THEN NULL
                     WHEN p.role IN ('province_dispatcher', 'auditor', 'hotline_agent') THEN left(p.division, 2)
                     WHEN p.role = 'city_officer' THEN left(p.division, 4)
                     ELSE p.division END,
                p.division, purpose, clock_timestamp());
    ELSIF s.kind = 'resident' THEN
        INSERT INTO act (xid, kind, subject, purpose, at)
        VALUES (pg_current_xact_id(), 'resident', s.subject, purpose, clock_timestamp());
    ELSE
        INSERT INTO act (xid, kind, role, scope, purpose, at)
        VALUES (pg_current_xact_id(), 'system', s.name, '', purpose, clock_timestamp());
    END IF;
    RETURN QUERY SELECT a.kind, a.officer, a.post, a.role, a.scope, a.division, a.subject
                   FROM act a WHERE a.xid = pg_current_xact_id();
END $$;

-- An act by somebody not signed in (an application, a phone code). It sees nothing and may only add.
CREATE OR REPLACE FUNCTION act_begin_public(purpose text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    INSERT INTO act (xid, kind, purpose, at) VALUES (pg_current_xact_id(), 'public', purpose, clock_timestamp())
$$;

-- Opening a session for a resident or officer is the application's own word (it checked phone code, password and
-- second factor); the trust table in ARCHITECTURE.md says what that means. System sessions are opened by `migrate`.
CREATE OR REPLACE FUNCTION act_session_open(
    token_hash bytea, kind text, officer bigint, subject bigint, lifetime interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF kind NOT IN ('officer', 'resident') OR lifetime > interval '24 hours' OR length(token_hash) <> 32 THEN
        RAISE EXCEPTION 'such a session cannot be opened' USING ERRCODE = '28000';
    END IF;
    INSERT INTO act_session (token_hash, kind, officer, subject, opened_at, expires_at)
    VALUES (token_hash, kind, officer, subject, clock_timestamp(), clock_timestamp() + lifetime);
END $$;

-- Answers whose session ended: an officer's, or NULL (a resident's, or none that was open).
DROP FUNCTION IF EXISTS act_session_close(bytea);
CREATE FUNCTION act_session_close(token_hash bytea) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE act_session s SET closed_at = clock_timestamp()
     WHERE s.token_hash = act_session_close.token_hash AND s.closed_at IS NULL RETURNING s.officer
$$;

CREATE OR REPLACE FUNCTION act_sessions_close_of(subject bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    UPDATE act_session s SET closed_at = clock_timestamp()
     WHERE s.subject = act_sessions_close_of.subject AND s.closed_at IS NULL
$$;

-- What policies read. Each is evaluated once per query when written as (SELECT act_...()).
CREATE OR REPLACE FUNCTION act_kind() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
$$ SELECT a.kind FROM act a WHERE a.xid = pg_current_xact_id_if_assigned() $$;
CREATE OR REPLACE FUNCTION act_officer() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
$$ SELECT a.officer FROM act a WHERE a.xid = pg_current_xact_id_if_assigned() $$;
CREATE OR REPLACE FUNCTION act_post() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
$$ SELECT a.post FROM act a WHERE a.xid = pg_current_xact_id_if_assigned() $$;
CREATE OR REPLACE FUNCTION act_role() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
$$ SELECT a.role FROM act a WHERE a.xid = pg_current_xact_id_if_assigned() $$;
CREATE OR REPLACE FUNCTION act_scope() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
$$ SELECT a.scope FROM act a WHERE a.xid = pg_current_xact_id_if_assigned() $$;
CREATE OR REPLACE FUNCTION act_division() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
$$ SELECT a.division FROM act a WHERE a.xid = pg_current_xact_id_if_assigned() $$;
CREATE OR REPLACE FUNCTION act_subject() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS
$$ SELECT a.subject FROM act a WHERE a.xid = pg_current_xact_id_if_assigned() $$;

CREATE OR REPLACE FUNCTION acts_forget(before timestamptz) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (DELETE FROM act WHERE at < LEAST(before, clock_timestamp() - interval '1 hour') RETURNING 1)
    SELECT count(*) FROM gone
$$;
