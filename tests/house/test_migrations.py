"""The schema has one history per app, and the models are in it."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.conftest import Database

HEADS = """
import sys
from django.conf import settings
from django.db.migrations.loader import MigrationLoader
import django
django.setup()
loader = MigrationLoader(None, ignore_no_migrations=True)
ours = {app for app, _ in loader.disk_migrations if loader.migrated_apps and app in sys.argv[1].split(",")}
print({app: len(loader.graph.leaf_nodes(app)) for app in sorted(ours)})
"""
APPS = "offices,audit,bridge,people,exchange,casework,evidence,venues,areas,rulesets,notices,population"


def django(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "healthcode.control.settings"}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_each_app_has_one_migration_head() -> None:
    told = django("-c", HEADS, APPS)
    assert told.returncode == 0, told.stderr
    heads = eval(told.stdout)
    assert set(heads) == set(APPS.split(","))
    assert set(heads.values()) == {1}


def test_the_models_need_no_further_migration() -> None:
    missing = django(
        "-W", "ignore", "-m", "django", "makemigrations", "--skip-checks", "--check", "--dry-run", *APPS.split(",")
    )
    assert missing.returncode == 0, missing.stdout + missing.stderr


def test_every_table_belongs_to_the_role_that_migrates(database: Database) -> None:
    with database.connect("postgres") as connection:
        others = connection.execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname = 'public' AND relkind IN ('r', 'p', 'v', 'S') AND relowner <> 'migrate'::regrole"
        ).fetchall()
    assert others == []
