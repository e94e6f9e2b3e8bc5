"""The auditor's tools on the store: their own database login, and the rulebook as a lookup by what decisions name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache

import psycopg

from healthcode.adapters.rulebook_files import RulebookError, ruleset_base, ruleset_in_force, ruleset_load
from healthcode.control.audit.answers import Rulesets
from healthcode.control.audit.store import AuditStore, store_open
from healthcode.control.rulesets.book import rulesets_decided
from healthcode.domain.time import minute_of
from healthcode.rules.model import Ruleset
from healthcode.rules.problem import RulesetError
from healthcode.rules.succession import HistoryError, Rules
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


def audit_rulesets(settings: Settings, store: AuditStore) -> Rulesets:
    """The rules that decisions name, as they knew them: the rulebook, and what was published since.

    Each is read once. None where there is no such version; raises SettingsError where the log cannot be told any more.
    """

    @cache
    def found(key: str) -> Ruleset | None:
        name, _, version = key.partition("@")
        try:
            ruleset = ruleset_load(name, settings.rulebook)
        except (RulebookError, RulesetError):
            return None
        return ruleset if str(ruleset.version) == version else None

    try:
        base: Rules = ruleset_base(settings.rulebook) or ruleset_in_force(
            settings.rulebook, minute_of(datetime.now(UTC))
        )
        return rulesets_decided(base, store.publications(), found)
    except (RulebookError, RulesetError, HistoryError, LookupError) as error:
        raise SettingsError(f"HEALTHCODE_RULEBOOK: {settings.rulebook} cannot be used: {error}") from error
