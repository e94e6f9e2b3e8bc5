"""Evidence and areas at random: plausible ones, and ones that no clerk would write."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

from hypothesis import strategies as st

from healthcode.domain.area import Area, AreaLevel
from healthcode.domain.division import counties
from healthcode.domain.document import Document, DocumentKind, resident_id_check_digit
from healthcode.domain.evidence import KIND_SPECS, Evidence, EvidenceKind
from healthcode.domain.evidence_fields import Field
from healthcode.domain.time import day_start
from healthcode.rules.model import CatchUp, EndKind, Event, Phase, Rule, Ruleset, Schedule, Transition
from healthcode.rules.succession import RulesetHistory
from tests.rulebook import at, ninth

FIRST = at(1)
LAST = at(31)
AREAS = ("a1", "a2")
SEVERITIES = {c.id: c.severity for c in ninth().colors.definitions}
minutes = st.integers(FIRST, LAST)


@st.composite
def resident_ids(draw: st.DrawFn) -> Document:
    """Valid resident IDs of Shanxi."""
    prefix = draw(st.sampled_from([d.code for d in counties()]))
    born = draw(st.dates(min_value=date(1900, 1, 1), max_value=date(2022, 10, 1)))
    first17 = f"{prefix}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return Document(DocumentKind.resident_id, first17 + resident_id_check_digit(first17))


def _value(rule: Field) -> st.SearchStrategy[object]:
    """A value of one field."""
    of_type: dict[str, st.SearchStrategy[object]] = {
        "text": st.sampled_from(AREAS),
        "texts": st.lists(ids, min_size=1, max_size=3).map(tuple),
        "count": st.integers(max(rule.minimum, 1), min(rule.maximum, 12)),
        "flag": st.booleans(),
        "day": st.integers(1, 31).map(lambda d: f"2022-10-{d:02d}"),
        "region": st.sampled_from(["110000", "130000"]),
    }
    if rule.type == "choice":
        return st.sampled_from(rule.choices)
    if rule.type == "choices":
        return st.lists(st.sampled_from(rule.choices), min_size=1, unique=True).map(tuple)
    return of_type[rule.type]


ids = st.integers(0, 9).map(lambda n: f"e{n}")


@st.composite
def records(draw: st.DrawFn, key: str, kinds: tuple[EvidenceKind, ...] = tuple(EvidenceKind)) -> Evidence:
    """One plausible record: fields of its kind, times in order."""
    kind = draw(st.sampled_from(kinds))
    spec = KIND_SPECS[kind]
    fields = {n: draw(_value(f)) for n, f in spec.fields.items() if f.required or draw(st.booleans())}
    if fields.get("relation") == "left":
        fields.setdefault("level", "high")
    learned = draw(minutes)
    day = draw(st.integers((FIRST + 480) // 1440 - 12, (learned + 480) // 1440))
    occurred = draw(st.integers(learned - 20_000, learned)) if not spec.anchored else min(day_start(day), learned)
    superseding = draw(st.one_of(st.none(), st.none(), st.none(), ids))
    rescinded = superseding is not None and draw(st.booleans())
    anchor = day if spec.anchored else None
    return Evidence(key, kind, fields, anchor, occurred, learned, superseding, rescinded, None, "某单位", "140728")


@st.composite
def evidence(draw: st.DrawFn, max_size: int = 9) -> list[Evidence]:
    """What is known about one subject, with many tests among it."""
    tests = (EvidenceKind.test,)
    count = draw(st.integers(0, max_size))
    found = [draw(records(f"e{i}", tests if i % 2 else tuple(EvidenceKind))) for i in range(count)]
    if draw(st.integers(0, 3)) == 0:  # now and then one long chain of corrections
        found = [found[0], *(replace(new, supersedes=old.id) for old, new in pairwise(found))] if found else []
    return found


EXPOSED = tuple(k for k, spec in KIND_SPECS.items() if spec.anchored)


@st.composite
def swabbed(draw: st.DrawFn) -> list[Evidence]:
    """Somebody with one ground who is tested on most days, not always in time, alone or in a pool."""
    first = draw(records("e0", EXPOSED))
    begin = (first.occurred + 480) // 1440
    first = replace(first, learned=min(max(first.learned, first.occurred), first.occurred + 3000), supersedes=None)
    found = [replace(first, rescinded=False, anchor=begin)]
    for day in sorted(draw(st.sets(st.integers(0, 14), max_size=11))):
        sampled = day_start(begin + day) + draw(st.integers(0, 1439))
        known = sampled + draw(st.sampled_from([60, 480, 1500]))
        result = draw(st.sampled_from(["negative", "negative", "negative", "negative", "pending"]))
        fields = {"result": result, "pool_size": draw(st.sampled_from([1, 1, 10]))}
        found.append(Evidence(f"t{day}", EvidenceKind.test, fields, None, sampled, known))
    return found


@st.composite
def areas(draw: st.DrawFn) -> list[Area]:
    """Every area of AREAS, each with some levels."""
    found = []
    for key in AREAS:
        begin = draw(minutes)
        found.append(Area(key, draw(st.sampled_from(AreaLevel)), begin, draw(st.none() | st.integers(begin, LAST))))
        if draw(st.booleans()):
            later = draw(st.integers(begin, LAST))
            found.append(Area(key, draw(st.sampled_from(AreaLevel)), later, draw(st.none() | st.integers(later, LAST))))
    return found


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["e1", "red", "left"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def nonsense(draw: st.DrawFn) -> Evidence:
    """A record with anything anywhere."""
    kind = draw(st.sampled_from(EvidenceKind))
    fields = draw(junk | st.dictionaries(st.sampled_from(sorted(KIND_SPECS[kind].fields)), junk, max_size=4))
    number = junk | minutes
    text = junk | ids
    values = [draw(s) for s in (text, st.just(kind) | junk, st.just(fields), number, number, number, text)]
    return Evidence(*values, rescinded=draw(junk))  # type: ignore[arg-type, misc]


_COLORS = ("green", "yellow", "red")
_RELEASES = (Event.discharged, Event.excluded, Event.completed, Event.certified)


@st.composite
def _schedule(draw: st.DrawFn, first: int, last: int) -> Schedule | None:
    """No tests, test days within a phase, or a count of them."""
    form = draw(st.integers(0, 2))
    if form == 0:
        return None
    if form == 1:
        days = draw(st.lists(st.integers(first, last), min_size=1, max_size=4, unique=True))
        return Schedule(days=tuple(sorted(days)))
    spacing = draw(st.sampled_from([0, 60, 720, 1440]))
    return Schedule(count=draw(st.integers(1, 3)), spacing=spacing, from_day=draw(st.integers(0, first)))


@st.composite
def _phase(draw: st.DrawFn, base: Phase, end: EndKind, first: int) -> Phase:
    """One phase from a day on, with an end of one form."""
    color, held = draw(st.sampled_from(_COLORS)), draw(st.sampled_from(_COLORS))
    last = first + draw(st.integers(0, 6))
    timed = end in (EndKind.days, EndKind.tests)
    return replace(
        base,
        id=f"p{first}{end.value}",
        end=end,
        first=first,
        last=last,
        color=color,
        severity=SEVERITIES[color],
        hold_color=held,
        hold_severity=SEVERITIES[held],
        schedule=draw(_schedule(first, last)) if timed else None,
        event=draw(st.sampled_from(_RELEASES)) if end is EndKind.event else None,
        from_previous=False,
        notices=draw(st.sampled_from([(), ("tests_due",), ("retest_pending", "tests_due")])),
        when=None,
    )


@st.composite
def _phases(draw: st.DrawFn, rule: Rule) -> tuple[Phase, ...]:
    """One to three phases; after an end without a day the next is counted from it."""
    if rule.follows_area or rule.evidence in (EvidenceKind.test, EvidenceKind.outside_status):
        return rule.phases
    found: list[Phase] = []
    first = 0
    for place in range(draw(st.integers(1, 3))):
        end = draw(st.sampled_from([EndKind.days, EndKind.days, EndKind.tests, EndKind.event]))
        phase = draw(_phase(rule.phases[0], end, first))
        after_event = bool(found) and (found[-1].end is EndKind.event or found[-1].from_previous)
        found.append(replace(phase, id=f"p{place}", from_previous=after_event))
        first = 0 if end is EndKind.event or after_event else phase.last + 1
    linked = [p for p in rule.phases if p.end is EndKind.field]
    return (*found, *linked)


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    """A ruleset of one to five rules of the ninth edition with other numbers."""
    base = ninth()
    chosen = draw(st.lists(st.sampled_from(base.rules), min_size=1, max_size=5, unique_by=lambda r: r.id))
    rules = [
        replace(
            rule,
            phases=draw(_phases(rule)),
            closed_by=frozenset(draw(st.lists(st.sampled_from(_RELEASES), max_size=2))),
            catch_up=CatchUp(draw(st.integers(1, 3)), draw(st.sampled_from([0, 720, 1440]))),
            hold_notice=draw(st.sampled_from([None, "test_missing"])),
            anchor=draw(st.sampled_from(["anchor", "learned", "occurred"])) if rule.anchor == "anchor" else rule.anchor,
        )
        for rule in chosen
    ]
    kinds = {kind: tuple(r for r in rules if r.evidence is kind) for kind in EvidenceKind}
    return replace(base, rules=tuple(rules), by_kind=kinds)


@st.composite
def successions(draw: st.DrawFn) -> RulesetHistory:
    """Two or three random rulesets, one after the other, with random transitions; rules come and go."""
    bounds = sorted(draw(st.lists(st.integers(2, 30), min_size=1, max_size=2, unique=True)))
    starts = [FIRST - 100_000, *(at(day, draw(st.sampled_from([0, 0, 13]))) for day in bounds)]
    found = []
    modes = st.builds(Transition, st.sampled_from(["continue", "recompute", "recompute", "end"]), st.booleans())
    for place, start in enumerate(starts):
        base = draw(rulesets())
        rules = tuple(replace(r, transition=draw(modes)) for r in base.rules)
        gone = {r.id: Transition(draw(st.sampled_from(["continue", "end"]))) for r in ninth().rules if r not in rules}
        until = starts[place + 1] if place + 1 < len(starts) else None
        kinds = {kind: tuple(r for r in rules if r.evidence is kind) for kind in EvidenceKind}
        new = replace(base, version=f"{place}", from_=start, until=until, rules=rules, by_kind=kinds, abolished=gone)
        found.append(new)
    return RulesetHistory.of(found)
