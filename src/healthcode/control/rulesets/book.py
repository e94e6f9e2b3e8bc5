"""The rulesets of the region as they follow one another: values in, histories out. No database, no Django, no clock.

The base is the rulebook on disk; each publication takes over from its instant on. Publications and stops are one log,
and a decision names the last entry that it knew: so it replays under the history of that moment, whatever came later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from healthcode.domain.time import Minute, minute_of
from healthcode.rules.model import Ruleset
from healthcode.rules.parse import parse_ruleset
from healthcode.rules.succession import HistoryError, Rules, RulesetHistory

BASE_ALONE = 0
"""What is known before anything was published: the rulebook on disk."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One approved publication (`ruleset`, from `from_` on) or stop (`stops`: the entry that does not take over)."""

    id: int
    from_: Minute
    ruleset: Ruleset | None
    stops: int | None = None
    base: tuple[str, ...] = ()


@dataclass(frozen=True)
class RulesetBook:
    """The log in order, over the base that the first publication followed."""

    base: Rules
    entries: Sequence[Entry] = ()
    _made: dict[int, Rules] = field(default_factory=dict)
    _keys: dict[int, frozenset[str]] = field(default_factory=dict)

    @property
    def newest(self) -> int:
        """The last entry of the log."""
        return self.entries[-1].id if self.entries else BASE_ALONE

    def known(self, publications: int) -> Rules:
        """The history as it was known with the log up to this entry; raises HistoryError."""
        at = max((e.id for e in self.entries if e.id <= publications), default=BASE_ALONE)
        if at not in self._made:
            self._made[at] = _composed(self.base, self.standing(at))
        return self._made[at]

    def names(self, key: str, publications: int) -> bool:
        """Whether a ruleset of this key belongs to the history as known with the log up to this entry."""
        if publications not in self._keys:
            self._keys[publications] = frozenset(base_keys(self.known(publications)))
        return key in self._keys[publications]

    def standing(self, publications: int) -> list[Entry]:
        """The publications among these that no stop took back, in order."""
        read = [e for e in self.entries if e.id <= publications]
        stopped = {e.stops for e in read}
        return [e for e in read if e.ruleset is not None and e.id not in stopped]


def entry_read(
    *,
    key: int,
    effective_from: datetime | None,
    reviewed_at: datetime,
    files: Mapping[str, str] | None,
    stops: int | None,
    base: Sequence[str],
    parse: Callable[[Mapping[str, bytes]], Ruleset] = parse_ruleset,
) -> Entry:
    """An approved row as it is stored; raises RulesetError where its files cannot be read by this release."""
    ruleset = parse(files_bytes(files)) if files is not None else None
    return Entry(key, minute_of(effective_from or reviewed_at), ruleset, stops, tuple(base))


def files_bytes(files: Mapping[str, str]) -> dict[str, bytes]:
    """Stored files as `parse_ruleset` takes them."""
    return {name: text.encode() for name, text in files.items()}


def rulesets_decided(
    base: Rules, entries: Sequence[Entry], found: Callable[[str], Ruleset | None]
) -> Callable[[str, int], Rules | None]:
    """From what a decision names, `id@version` and the last entry that it knew, to the rules as they were known.

    `found` looks a ruleset of the rulebook up by key. The answer is None where no such ruleset is among them; raises
    LookupError or HistoryError where the log cannot be told any more.
    """
    book = RulesetBook(base_of(entries[0].base, base, found) if entries else base, entries)

    def rules(key: str, publications: int) -> Rules | None:
        if book.names(key, publications):
            return book.known(publications)
        # the rulebook alone: `region.yaml` may have named another set since
        return found(key) if publications == BASE_ALONE else None

    return rules


def base_keys(base: Rules) -> list[str]:
    """The keys of one ruleset or of a history: how a publication names the rulebook's sets that it follows."""
    return [base.key] if isinstance(base, Ruleset) else [ruleset.key for ruleset in base.rulesets]


def base_of(keys: Sequence[str], base: Rules, found: Callable[[str], Ruleset | None]) -> Rules:
    """The base that the first publication followed: today's where it is the same, otherwise looked up by key.

    Raises LookupError where the rulebook has lost one of them: what was decided under it could not be told any more.
    """
    if not keys or list(keys) == base_keys(base):
        return base
    sets = {key: found(key) for key in keys}
    lost = [key for key, ruleset in sets.items() if ruleset is None]
    if lost:
        raise LookupError(f"the rulebook lacks {', '.join(lost)}, which published rulesets follow; put the folder back")
    rulesets = [ruleset for ruleset in sets.values() if ruleset is not None]
    return rulesets[0] if len(rulesets) == 1 else RulesetHistory.of(rulesets)


def _composed(base: Rules, standing: Sequence[Entry]) -> Rules:
    if not standing:
        return base
    first = standing[0].from_
    sets = [base] if isinstance(base, Ruleset) else [r for r in base.rulesets if r.from_ < first] or [base.rulesets[0]]
    # one alone is in force from ever: its own `from` may be later than the instant from which it is replaced
    line = [replace(sets[0], from_=min(sets[0].from_, first - 1)), *sets[1:]]
    line += [replace(e.ruleset, from_=e.from_) for e in standing if e.ruleset is not None]
    ends = [*(later.from_ for later in line[1:]), None]
    return RulesetHistory.of(replace(ruleset, until=end) for ruleset, end in zip(line, ends, strict=True))


def succeeded(rules: Rules, draft: Ruleset, from_: Minute) -> RulesetHistory:
    """The history in which `draft` follows from `from_` on, announced ones included; raises HistoryError."""
    sets = [rules] if isinstance(rules, Ruleset) else list(rules.rulesets)
    line = [replace(sets[0], from_=min(sets[0].from_, from_ - 1)), *sets[1:]]
    if draft.key in {ruleset.key for ruleset in line}:
        raise HistoryError([f"{draft.key} is in this history already; give the draft a version of its own"])
    if line[-1].from_ >= from_:
        raise HistoryError([f"{line[-1].key} is announced for then or later; stop it first"])
    return RulesetHistory.of([*line[:-1], replace(line[-1], until=from_), replace(draft, from_=from_, until=None)])
