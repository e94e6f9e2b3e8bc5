"""The database of a deployment: the embedded PostgreSQL or one of yours, its roles, and its schema."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

import django
import psycopg
from django.conf import settings as django_settings

from healthcode.adapters.database_roles import DATABASE, database_roles_ensure
from healthcode.adapters.embedded_postgres import EmbeddedPostgres
from healthcode.adapters.secret_files import Secrets
from healthcode.control.configuration import database_settings
from healthcode.control.database import database_prepare, system_session_ensure
from healthcode.wiring.settings import Settings, SettingsError


def database_server(settings: Settings, secrets: Secrets) -> EmbeddedPostgres | None:
    """The embedded PostgreSQL of this data folder, not started; None where HEALTHCODE_DATABASE_URL names another."""
    if settings.database_url is not None:
        return None
    return EmbeddedPostgres(
        folder=settings.data / "postgres",
        log=settings.data / "logs" / "postgres.log",
        password=secrets.database["postgres"],
    )


@dataclass
class DatabasePart:
    """The embedded PostgreSQL as a part of the supervised group; it tells the others where it listens."""

    server: EmbeddedPostgres
    settings: Settings
    name: str = "postgres"

    def start(self) -> None:
        """Start or adopt it; returns when it answers queries. Raises PostgresError."""
        self.server.start()
        place = {"host": "127.0.0.1", "port": self.server.port, "database": DATABASE}
        self.settings.embedded_file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.settings.embedded_file.with_suffix(".draft")
        draft.write_text(json.dumps(place), encoding="utf-8")
        draft.replace(self.settings.embedded_file)

    def alive(self) -> bool:
        """Whether it runs."""
        return self.server.alive()

    def stop(self) -> None:
        """Stop it cleanly."""
        self.server.stop()


def database_open(settings: Settings, secrets: Secrets, server: EmbeddedPostgres | None) -> None:
    """Make sure that roles and database exist. Raises SettingsError where the server of the URL refuses."""
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    admin_dsn = server.dsn() if server is not None else url
    name = psycopg.conninfo.conninfo_to_dict(url).get("dbname", DATABASE) if url else DATABASE
    try:
        database_roles_ensure(admin_dsn, secrets.database, database=str(name))
    except psycopg.Error as error:
        raise SettingsError(
            f"HEALTHCODE_DATABASE_URL: PostgreSQL refused: {str(error).strip()}. Expected a running server, version 15 "
            "to 18, and a user who may create roles and databases."
        ) from error


def database_migrate(settings: Settings) -> None:
    """Bring the schema up to date, as role `migrate`. This process is then a Django process of that role.

    Where HEALTHCODE_DATABASE_URL names a user, roles and database are made first, and secrets where there are none:
    a deployment without `healthcode run` begins with this too. Raises SettingsError, SecretsError.
    """
    secrets = settings.secrets(create=settings.database_url is not None)
    if settings.database_url is not None and urlsplit(settings.database_url.get_secret_value()).username:
        database_open(settings, secrets, None)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcode.control.settings")
    django_settings.DATABASES = {"default": database_settings(settings.dsn("migrate", secrets))}
    django_settings.SECRET_KEY = secrets.django_key
    django.setup()
    database_prepare()
    system_session_ensure(secrets.system_token, "system")
