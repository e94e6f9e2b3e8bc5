"""How `wiring` starts control: settings first, then Django, then the ports. Nothing here reads an environment."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import django
from django.conf import settings
from django.db import connection
from psycopg.conninfo import conninfo_to_dict

from healthcode.control.ports import Ports, ports_set


@dataclass(frozen=True, slots=True)
class ControlOptions:
    """What differs between deployments. `dsn` is a libpq URL or key/value string of the role to work as."""

    dsn: str
    secret_key: str
    allowed_hosts: Sequence[str] = ("127.0.0.1", "localhost")
    trusted_origins: Sequence[str] = ()
    secure_cookies: bool = False
    web_dist: Path | None = None


def database_settings(dsn: str) -> Mapping[str, object]:
    """Django's DATABASES entry for a libpq connection string."""
    info = dict(conninfo_to_dict(dsn))
    named = {
        "NAME": info.pop("dbname", ""),
        "USER": info.pop("user", ""),
        "PASSWORD": info.pop("password", ""),
        "HOST": info.pop("host", ""),
        "PORT": str(info.pop("port", "")),
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        **named,
        "OPTIONS": info,
    }


def configure(options: ControlOptions, ports: Ports) -> None:
    """Set up Django for this process. Call once, before any model is imported."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "healthcode.control.settings")
    settings.DATABASES = {"default": database_settings(options.dsn)}
    settings.SECRET_KEY = options.secret_key
    settings.ALLOWED_HOSTS = list(options.allowed_hosts)
    settings.CSRF_TRUSTED_ORIGINS = list(options.trusted_origins)
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "ACT_COOKIE_SECURE"):
        setattr(settings, name, options.secure_cookies)
    # True makes allauth accept a key's answer from any origin: never where there is HTTPS
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not options.secure_cookies
    if options.web_dist is not None:
        settings.STATICFILES_DIRS = [("healthcode", options.web_dist)]
    ports_set(ports)
    django.setup()


def database_change(dsn: str) -> None:
    """Let this process's Django go on with another database or as another role."""
    connection.close()
    connection.settings_dict.update({**connection.settings_dict, **database_settings(dsn)})
