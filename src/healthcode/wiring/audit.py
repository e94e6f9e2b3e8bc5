"""The auditor's tools on the store: their own database login, and the rulebook as a lookup by what decisions name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache

import psycopg

from healthcode.adapters.rulebook_files import RulebookError, ruleset_load
from healthcode.control.audit.answers import Rulesets
from healthcode.control.audit.store import AuditStore, store_open
from healthcode.rules.model import Ruleset
from healthcode.rules.problem import RulesetError
from healthcode.wiring.settings import Settings, SettingsError


@contextmanager
def audit_store(
    settings: Settings, *, since: datetime | None = None, number: int | None = None
) -> Iterator[AuditStore]:
    """The deployment's database as it is now, as role `auditor`. Raises SettingsError where it cannot be reached."""
    try:
        with store_open(settings.dsn("auditor"), since=since, number=number) as store:
            yield store
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as error:
        raise SettingsError(
            f"the database cannot be read as role auditor: {str(error).strip()}. Is it running (`healthcode run`), and "
            "brought up to date (`healthcode control migrate`)?"
        ) from error


def audit_rulesets(settings: Settings) -> Rulesets:
    """Rulesets by the key `id@version` of decisions, each read once; None where the rulebook has no such version."""

    @cache
    def found(key: str) -> Ruleset | None:
        name, _, version = key.partition("@")
        try:
            ruleset = ruleset_load(name, settings.rulebook)
        except (RulebookError, RulesetError):
            return None
        return ruleset if str(ruleset.version) == version else None

    return found
