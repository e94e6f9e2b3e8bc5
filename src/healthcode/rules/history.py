"""Evidence as known at one instant: corrections followed, rescissions gone, tests in a book. Never raises.

Bitemporal rules (color.md): a later record that `supersedes` another takes its place in the same ground; a rescinded
one ends it as if it had never been; what was learned after `now` is not yet known. A record that cannot be read is
named in `unclear`, so that the answer is never green by default.
"""

from collections.abc import Iterable
from typing import NamedTuple

from healthcode.domain.evidence import KIND_SPECS, SAMPLING_SKEW, Evidence, EvidenceKind
from healthcode.domain.time import Day, Minute
from healthcode.rules.model import Event
from healthcode.rules.result import Unclear
from healthcode.rules.schedule import TestBook

OLDEST_DAY = -46_000
OLDEST_MINUTE = OLDEST_DAY * 1440
"""Nothing that matters happened before 1844; a wilder number is a fault, not a date."""
_UNREADABLE = (AttributeError, TypeError, ValueError, KeyError, OverflowError)
_RESULTS = frozenset({"negative", "positive", "pending", "invalid"})


class Fact(NamedTuple):
    """Evidence that may open a ground: the record in force, the first of its chain, and when day 0 was determined."""

    record: Evidence
    root: str
    chain: tuple[str, ...]
    first_learned: Minute
    determined: Minute


class History:
    """One subject's evidence as known at `now`."""

    __slots__ = (
        "_negatives",
        "_pending",
        "_singles",
        "doses",
        "facts",
        "last_negative",
        "outside",
        "releases",
        "unclear",
    )

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.releases: dict[str, list[tuple[Event, Minute]]] = {}
        self.outside: list[Evidence] = []
        self.unclear: list[Unclear] = []
        self.last_negative: Minute | None = None
        self.doses = 0
        self._negatives: list[tuple[Minute, Minute]] = []
        self._pending: list[Minute] = []
        self._singles: list[tuple[Minute, Minute]] = []

    def book(self) -> TestBook:
        """The tests, in order."""
        return TestBook(self._negatives, self._pending, self._singles)

    def add(self, record: Evidence, chain: tuple[str, ...], first: Minute, determined: Minute) -> None:
        """Take one record in force; raises one of `_UNREADABLE` when it cannot be read."""
        kind = record.kind
        if kind is EvidenceKind.test:
            self._add_test(record, chain, first, determined)
        elif kind is EvidenceKind.release:
            self._add_release(record)
        elif kind is EvidenceKind.vaccination:
            dose = record.fields.get("dose")
            if isinstance(dose, int) and 0 < dose < 16:
                self.doses = max(self.doses, dose)
        elif kind is not EvidenceKind.declaration:
            self._check_times(record)
            if kind is EvidenceKind.outside_status:
                self.outside.append(record)
            self.facts.append(Fact(record, chain[0], chain, first, determined))

    def _check_times(self, record: Evidence) -> None:
        anchor: Day | None = record.anchor
        if KIND_SPECS[record.kind].anchored and anchor is None:
            raise ValueError("day 0 is missing")
        if anchor is not None and type(anchor) is not int:
            raise ValueError("day 0 is no day")
        if anchor is not None and not OLDEST_DAY < anchor <= (record.learned + 480) // 1440:
            raise ValueError("day 0 lies in the future")
        if not OLDEST_MINUTE < record.occurred <= record.learned + SAMPLING_SKEW:
            raise ValueError("the time lies in the future")

    def _add_test(self, record: Evidence, chain: tuple[str, ...], first: Minute, determined: Minute) -> None:
        fields = record.fields
        result = fields["result"]
        pool = fields.get("pool_size", 1)
        sampled, learned = record.occurred, record.learned
        if result not in _RESULTS or not isinstance(pool, int) or pool < 1:
            raise ValueError("no such result or pool size")
        if not OLDEST_MINUTE < sampled <= learned + SAMPLING_SKEW:
            raise ValueError("sampled in the future")
        nucleic = fields.get("method", "nucleic_acid") == "nucleic_acid"
        if result == "negative" and nucleic:
            self._negatives.append((sampled, learned))
            if self.last_negative is None or sampled > self.last_negative:
                self.last_negative = sampled
        elif result == "pending":
            self._pending.append(sampled)
        elif result == "positive":
            self.facts.append(Fact(record, chain[0], chain, first, determined))
        if pool == 1 and nucleic and result in ("negative", "positive"):
            self._singles.append((sampled, learned))

    def _add_release(self, record: Evidence) -> None:
        about = record.fields["about"]
        event = Event(str(record.fields["reason"]))
        if isinstance(about, str) or record.occurred > record.learned + SAMPLING_SKEW:
            raise ValueError("a release names a list of records and a time that has come")
        for evidence in about:  # type: ignore[attr-defined]  # unreadable shapes end in TypeError, on purpose
            self.releases.setdefault(evidence, []).append((event, record.occurred))


def _same_giver(old: Evidence, new: Evidence) -> bool:
    """Another region's status is corrected only by that region's word (color.md)."""
    if old.kind is not EvidenceKind.outside_status:
        return True
    return new.kind is old.kind and new.fields.get("region") == old.fields.get("region")


def _chains(records: list[Evidence]) -> list[tuple[Evidence, ...]]:
    """Each chain of corrections from first to last; of two corrections of one record the later learned counts."""
    by_id = {r.id: r for r in records}
    next_of: dict[str, Evidence] = {}
    dropped: set[str] = set()
    for record in sorted(records, key=lambda r: (r.learned, r.id)):
        old = by_id.get(record.supersedes or "")
        if old is None or old.id == record.id:
            continue
        if not _same_giver(old, record):
            dropped.add(record.id)
            continue
        other = next_of.get(old.id)
        if other is not None:
            dropped.add(other.id)
        next_of[old.id] = record
    heads = {r.id for r in next_of.values()} | dropped
    chains = []
    for root in by_id.values():
        if root.id in heads:
            continue
        chain = [root]
        while (following := next_of.get(chain[-1].id)) is not None and len(chain) <= len(records):
            chain.append(following)
        chains.append(tuple(chain))
    return chains


def _determined(chain: tuple[Evidence, ...]) -> Minute:
    """When the day 0 that counts now was first recorded: test days before that are waived."""
    last = chain[-1]
    moment = last.learned
    for record in reversed(chain):
        if record.anchor != last.anchor or record.kind is not last.kind:
            break
        moment = record.learned
    return moment


def _cyclic(records: list[Evidence], chains: list[tuple[Evidence, ...]]) -> list[Evidence]:
    """Records that correct each other in a ring: no first one exists, so nothing can be told from them."""
    reached = {r.id for chain in chains for r in chain}
    superseded = {r.supersedes for r in records}
    return [r for r in records if r.id not in reached and r.id in superseded]


def _readable(record: Evidence) -> bool:
    """Whether the parts that every record needs are of their types: a store or a file may hold anything."""
    return (
        type(record.learned) is int
        and type(record.occurred) is int
        and type(record.id) is str
        and type(record.kind) is EvidenceKind
        and (record.supersedes is None or type(record.supersedes) is str)
    )


def history_read(evidence: Iterable[Evidence], now: Minute) -> History:
    """What is known at `now` of one subject. Total: unreadable records end in `unclear`."""
    history = History()
    by_id: dict[str, Evidence] = {}  # a record that arrives twice counts once
    corrected = False
    for record in evidence:
        if not _readable(record):
            history.unclear.append(Unclear(str(record.id), "the record has no readable time, id or kind"))
        elif record.learned <= now:
            by_id[record.id] = record
            corrected = corrected or record.supersedes is not None or record.rescinded
    known = list(by_id.values())
    if not corrected:
        for record in known:
            _take(history, record, (record.id,), record.learned, record.learned)
        return history
    _take_chains(history, known)
    return history


def _take_chains(history: History, known: list[Evidence]) -> None:
    try:
        chains = _chains(known)
    except _UNREADABLE:
        history.unclear.append(Unclear("?", "the corrections cannot be followed"))
        return
    for record in _cyclic(known, chains):
        history.unclear.append(Unclear(record.id, "the corrections form a ring"))
    for chain in chains:
        if not chain[-1].rescinded:
            ids = tuple(r.id for r in chain)
            _take(history, chain[-1], ids, chain[0].learned, _determined(chain))


def _take(history: History, record: Evidence, chain: tuple[str, ...], first: Minute, determined: Minute) -> None:
    try:
        history.add(record, chain, first, determined)
    except _UNREADABLE as error:
        if record.kind is not EvidenceKind.vaccination:
            history.unclear.append(Unclear(str(record.id), str(error) or "cannot be read"))
