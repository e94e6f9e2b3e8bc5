"""What the auditor's program finds in a test's database, as its own database role."""

from __future__ import annotations

from datetime import datetime, timedelta

from healthcode.adapters.rulebook_files import ruleset_load
from healthcode.control.audit.answers import Rulesets
from healthcode.control.audit.check import Tally, audit
from healthcode.control.audit.findings import Finding
from healthcode.control.audit.store import AuditStore, store_open
from healthcode.control.rulesets.book import rulesets_decided
from tests.control_world import REPOSITORY, World
from tests.intake import NOW, lead, leads, proposed, result, results, reviewed, with_code
from tests.people import BAI, LIN, QIAN, SUN, ZHAO


def rulesets(store: AuditStore) -> Rulesets:
    """The rules that decisions name: the rulebook's ninth edition, and what was published since."""
    ninth = ruleset_load("ninth-edition", REPOSITORY / "rulebook")
    return rulesets_decided(ninth, store.publications(), {ninth.key: ninth}.get)


def found(world: World, *, since: datetime | None = None, tally: Tally | None = None) -> list[Finding]:
    """Everything that the audit finds."""
    with store_open(world.database.dsn("auditor"), since=since) as store:
        return list(audit(store, rulesets(store), tally=tally or Tally(), progress=lambda _done: None))


def codes(world: World) -> set[str]:
    """The codes of everything that the audit finds."""
    return {finding.code for finding in found(world)}


def busy(world: World) -> dict[str, int]:
    """A county's day: Zhao red, Bai excluded, Lin and Sun negative twice, Qian waiting. Numbers by key."""
    people = (ZHAO, LIN, SUN, BAI)
    numbers = dict(zip((person.key for person in people), with_code(world, *people), strict=True))
    leads(world, lead(ZHAO, row="1"), lead(QIAN, row="2"), lead(BAI, row="3"))
    reviewed(world, proposed(world, ZHAO))
    reviewed(world, proposed(world, BAI, outcome="exclude"))
    results(world, result(LIN, row="1", at=NOW), result(SUN, row="2", at=NOW))
    later = NOW + timedelta(days=1)
    results(world, result(LIN, row="3", at=later), result(ZHAO, row="4", at=later), now=later)
    return numbers
