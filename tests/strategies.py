"""Evidence and areas at random: plausible ones, and ones that no clerk would write."""

from datetime import date

from hypothesis import strategies as st

from healthcode.domain.area import Area, AreaLevel
from healthcode.domain.division import counties
from healthcode.domain.document import Document, DocumentKind, resident_id_check_digit
from healthcode.domain.evidence import KIND_SPECS, Evidence, EvidenceKind
from healthcode.domain.evidence_fields import Field
from healthcode.domain.time import day_start
from tests.rulebook import at

FIRST = at(1)
LAST = at(31)
AREAS = ("a1", "a2")
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
    return [draw(records(f"e{i}", tests if i % 2 else tuple(EvidenceKind))) for i in range(count)]


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
    return Evidence(*values, rescinded=draw(junk))  # type: ignore[arg-type]
