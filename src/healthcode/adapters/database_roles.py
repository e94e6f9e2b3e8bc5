"""The five database roles and who owns what: the part of the limits on power that PostgreSQL itself keeps.

`migrate` owns database and tables and is used by migrations only; `app` serves control, relay and worker; `edge`
inserts visits and reads the feed; `reader` and `auditor` only read. None is a superuser, none may create roles or
databases, none bypasses row-level security. What each may touch is granted by the migrations.
"""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

ROLES = ("migrate", "app", "edge", "reader", "auditor")
DATABASE = "healthcode"


def database_roles_ensure(admin_dsn: str, passwords: Mapping[str, str], *, database: str = DATABASE) -> None:
    """Create or repair the roles, and `database` owned by `migrate`. Idempotent; safe to repeat at every start.

    `admin_dsn` is a URL of somebody who may create roles and databases; `passwords` has one entry per role of ROLES.
    Passwords travel as SCRAM verifiers, so they show up in no server log. Raises psycopg.Error.
    """
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        for role in ROLES:
            _role_ensure(connection, role, passwords[role])
        database_create(connection, database)
    with psycopg.connect(admin_dsn, autocommit=True, dbname=database) as connection:
        _schema_close(connection)


def _role_ensure(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> None:
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    verb = sql.SQL("ALTER" if known else "CREATE")
    limits = sql.SQL("LOGIN NOCREATEDB NOCREATEROLE INHERIT")
    connection.execute(
        sql.SQL("{} ROLE {} {} PASSWORD {}").format(verb, sql.Identifier(role), limits, sql.Literal(verifier))
    )
    row = connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    if row and row[0]:  # only a superuser may say NOSUPERUSER, so it is said only where it changes something
        connection.execute(sql.SQL("ALTER ROLE {} NOSUPERUSER NOBYPASSRLS").format(sql.Identifier(role)))


def database_create(
    connection: psycopg.Connection[tuple[object, ...]], database: str, *, template: str | None = None
) -> None:
    """Create `database` owned by `migrate`, closed to everybody but the roles; a copy of `template` where given."""
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone() is None:
        superuser = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        if superuser and not superuser[0]:
            connection.execute("GRANT migrate TO CURRENT_USER")
        shape = (
            sql.SQL("TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(template))
            if template
            else sql.SQL("TEMPLATE template0 ENCODING 'UTF8'")
        )
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER migrate {}").format(sql.Identifier(database), shape))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
    for role in ROLES[1:]:
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), sql.Identifier(role))
        )
    # the visit sink gathers each batch in a temporary table of its own session
    connection.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO edge, app").format(sql.Identifier(database)))


def _schema_close(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """Nobody but `migrate` creates objects; the others see the schema and what is granted to them."""
    owner = connection.execute("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public'").fetchone()
    if owner is not None and owner[0] != "migrate":
        connection.execute("ALTER SCHEMA public OWNER TO migrate")
    connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    for role in ROLES[1:]:
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))
