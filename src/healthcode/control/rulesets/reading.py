"""Publications in the database → the rules that evaluations follow, as known now or as known then.

One cheap look per question tells the newest entry; what it says was parsed once in this process.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from django.db import connection
from django.db.models import Max

from healthcode.control.ports import ports
from healthcode.control.rulesets.book import BASE_ALONE, Entry, RulesetBook, base_of, entry_read
from healthcode.control.rulesets.models import Approval, Verdict
from healthcode.domain.time import Minute
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import Rules, ruleset_at

_BOOKS: Final[dict[tuple[str, int], RulesetBook]] = {}
_ENTRIES: Final[dict[tuple[str, int], Entry]] = {}
_MOST_BOOKS: Final = 8


class Known(NamedTuple):
    """The rules as known at one moment, announced ones included; `publications` names the moment."""

    rules: Rules
    publications: int
    book: RulesetBook

    def at(self, now: Minute) -> Ruleset:
        """The ruleset in force at an instant."""
        return ruleset_at(self.rules, now)


def rules_known() -> Known:
    """What every evaluation of this act follows. Within an act: nobody outside one sees publications."""
    newest = publications_newest()
    book = _book(newest)
    return Known(book.known(newest), newest, book)


def publications_newest() -> int:
    """The last publication or stop that this transaction sees; 0 where there is none."""
    found = Approval.objects.filter(verdict=Verdict.APPROVE).aggregate(newest=Max("pk"))["newest"]
    return int(found or BASE_ALONE)


def ruleset_in_force(now: Minute) -> Ruleset:
    """The ruleset in force at an instant, by what is known now."""
    return rules_known().at(now)


def rulebook_find(key: str) -> Ruleset | None:
    """The ruleset of a key on disk."""
    found = ports().rulebook.get(key.partition("@")[0])
    return found.ruleset if found is not None and found.ruleset.key == key else None


def _book(newest: int) -> RulesetBook:
    base = ports().base or ports().ruleset
    if newest == BASE_ALONE:
        return RulesetBook(base)
    place = str(connection.settings_dict["NAME"]), newest
    if place not in _BOOKS:
        while len(_BOOKS) >= _MOST_BOOKS:
            _BOOKS.pop(next(iter(_BOOKS)))
        entries = _entries()
        _BOOKS[place] = RulesetBook(base_of(entries[0].base, base, rulebook_find), entries)
    return _BOOKS[place]


def _entries() -> list[Entry]:
    rows = Approval.objects.filter(verdict=Verdict.APPROVE).select_related("submission__revision").order_by("pk")
    return [_entry(row) for row in rows.defer("submission__revision__files")]


def _entry(row: Approval) -> Entry:
    place = str(connection.settings_dict["NAME"]), row.pk
    if place not in _ENTRIES:
        revision = row.submission.revision
        _ENTRIES[place] = entry_read(
            key=row.pk,
            effective_from=row.effective_from,
            reviewed_at=row.reviewed_at,
            files=revision.files if revision else None,
            stops=row.submission.stops_id,
            base=row.base,
        )
    return _ENTRIES[place]
