"""Bringing a database up to date: Django's migrations, then functions, row policies and grants, written anew.

Run as role `migrate`, which owns everything. The SQL files are idempotent and run in one transaction, so that rights
are never half-changed. They live beside the app whose noun they guard.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.core.management import call_command
from django.db import connection, transaction

from healthcode.control.access import token_hash

ROOT = Path(__file__).parent
SQL_FILES = (
    "offices/acts.sql",
    "bridge/feed.sql",
    "venues/visits.sql",
    "venues/tracing.sql",
    "venues/inspectors.sql",
    "casework/four_eyes.sql",
    "exchange/batches.sql",
    "areas/areas.sql",
    "rulesets/rulesets.sql",
    "notices/steps.sql",
    "documents/documents.sql",
    "policies/policies.sql",
    "offices/policies.sql",
    "population/restored.sql",
    "offices/grants.sql",
)


def database_prepare() -> None:
    """Migrate, then renew functions, policies and grants. Safe to repeat; needs role `migrate`."""
    call_command("migrate", interactive=False, verbosity=0)
    with transaction.atomic(), connection.cursor() as cursor:
        for name in SQL_FILES:
            cursor.execute((ROOT / name).read_text(encoding="utf-8"))
        cursor.execute("SELECT visit_partitions_ensure((now() AT TIME ZONE 'UTC')::date - 1, 3)")


def system_session_ensure(token: str, name: str) -> None:
    """Let the holder of `token` act as the system `name` (the worker, the seed). Needs role `migrate`."""
    now = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO act_session (token_hash, kind, name, opened_at, expires_at) VALUES (%s, 'system', %s, %s, %s)"
            " ON CONFLICT (token_hash) DO UPDATE SET expires_at = EXCLUDED.expires_at",
            [token_hash(token), name, now, now + timedelta(days=3650)],
        )
