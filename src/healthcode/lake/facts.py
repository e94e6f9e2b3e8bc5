"""What is known of everybody at one instant: facts that may open grounds, and what is told about them.

People without evidence are in none of these relations. Tests whose subject has no correction pass by the joins that
follow corrections: they are many, and nothing but whole numbers is read of them.
"""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from healthcode.domain.evidence import KIND_SPECS, SAMPLING_SKEW, EvidenceKind
from healthcode.lake.columns import Inputs, Store, as_it_is, day_of
from healthcode.lake.corrections import Corrections, corrections, in_force
from healthcode.lake.parameters import DAYS, FIELDS, GROUNDLESS, KINDS, NUMBERS, RELEASES
from healthcode.lake.samplings import NEGATIVE, SINGLE, UNREADABLE, test_meaning, tests_valid
from healthcode.rules.history import OLDEST_DAY, OLDEST_MINUTE

_PARTS = ("subject", "id", "kind", "anchor", "learned", "supersedes")


@dataclass(frozen=True, slots=True)
class Known:
    """`facts` by kind and packed words; `events`: minutes told about a fact; `negatives`: every negative result
    (n_subject, occurred, learned); `unclear`: subjects with a record that cannot be read."""

    facts: ir.Table
    events: ir.Table
    negatives: ir.Table
    unclear: ir.Table
    too_long: ir.Table
    doses: ir.Table


def known_at(inputs: Inputs, now: ir.IntegerValue, store: Store = as_it_is) -> Known:
    """Read the inputs as known at a minute: corrections followed, rescissions gone, tests valid."""
    evidence = inputs.evidence.filter(inputs.evidence.learned <= now)
    tests = inputs.tests.filter(inputs.tests.learned <= now)
    found = corrections(store("linked", _linked(evidence, tests, store)), store)
    records = in_force(evidence, found)
    readable = _readable(records)
    opening = records.filter(readable & records.kind.notin([k.value for k in GROUNDLESS]))
    swabs = _wide(store("swabs", _swabs(tests, found, store)))
    positive = in_force(tests.filter(tests.result == "positive"), found)
    positive = store("positives", positive.filter(tests_valid(positive, SAMPLING_SKEW)))
    negative = swabs.filter(swabs.what.isin((NEGATIVE, NEGATIVE + SINGLE)))
    unclear = [
        found.rings,
        swabs.filter(swabs.what == UNREADABLE).select("subject"),
        records.filter(~readable).select("subject"),
    ]
    vaccinations = records.filter(records.dose.between(1, 15) & (records.kind == EvidenceKind.vaccination.value))
    releases = _releases(records.filter(readable & (records.kind == EvidenceKind.release.value)), found)
    singles = _single_known(positive, swabs.filter(swabs.what >= SINGLE))
    return Known(
        facts=store("facts", ibis.union(_facts(opening), _facts(positive))),
        events=store("events", _events(releases, _replaced(opening), singles)),
        negatives=negative.rename(n_subject="subject").select("n_subject", "occurred", "learned"),
        unclear=store("unreadable", ibis.union(*unclear, distinct=True)),
        too_long=found.too_long,
        doses=store("doses", vaccinations.group_by(d_subject=vaccinations.subject).agg(doses=vaccinations.dose.max())),
    )


def _linked(evidence: ir.Table, tests: ir.Table, store: Store) -> ir.Table:
    """The records that correct another or are corrected: few, whatever the number of tests."""
    narrow = [evidence.select(*_PARTS, "region"), tests.select(*_PARTS, region=ibis.null("string"))]
    children = ibis.union(*[n.filter(n.supersedes.notnull()).select("subject", "supersedes") for n in narrow])
    named = store("named", children.select("subject", id=children.supersedes).distinct())
    return ibis.union(
        *[n.filter(n.supersedes.notnull()) for n in narrow],
        *[_named(n.filter(n.supersedes.isnull()), named) for n in narrow],
    )


def _named(records: ir.Table, named: ir.Table) -> ir.Table:
    """Those of some records that others name: first by number, so that few texts are compared."""
    near = records.semi_join(named.select("subject").distinct(), "subject")
    return near.semi_join(named, ["subject", "id"])


_TEST: tuple[str, ...] = ("subject", "occurred", "learned", "result", "pool_size", "method", "rescinded")


def _swabs(tests: ir.Table, found: Corrections, store: Store) -> ir.Table:
    """Tests in force, narrow. Only those of a subject with corrections are asked whether they are part of one."""
    corrected = store("corrected", found.members.select(subject=found.members.m_subject).distinct())
    plain = tests.anti_join(corrected, "subject").select(*_TEST)
    linked = in_force(tests.semi_join(corrected, "subject"), found).select(*_TEST)
    every = ibis.union(plain.filter(~plain.rescinded), linked)
    readable = tests_valid(every, SAMPLING_SKEW).fill_null(False)
    minutes = {name: ibis.ifelse(readable, every[name], 0).cast("int32") for name in ("occurred", "learned")}
    return every.select("subject", **minutes, what=test_meaning(every, readable).cast("int8"))


def _wide(swabs: ir.Table) -> ir.Table:
    """Stored narrow, computed with wide."""
    return swabs.mutate(occurred=swabs.occurred.cast("int64"), learned=swabs.learned.cast("int64"))


def _readable(records: ir.Table) -> ir.BooleanValue:
    """Whether a record can be read (`rules.history`): day 0 and times without fault, a release that names records."""
    anchored = [kind.value for kind, spec in KIND_SPECS.items() if spec.anchored]
    given = (records.anchor > OLDEST_DAY) & (records.anchor <= day_of(records.learned))
    day = ibis.ifelse(records.anchor.isnull(), records.kind.notin(anchored), given)
    come = records.occurred <= records.learned + SAMPLING_SKEW
    plain = day & come & (records.occurred > OLDEST_MINUTE)
    named = records.about.notnull() & records.reason.isin([r.value for r in RELEASES])
    return records.kind.cases(
        (EvidenceKind.release.value, named.fill_null(False) & come),
        (EvidenceKind.vaccination.value, True),
        (EvidenceKind.declaration.value, True),
        else_=plain,
    )


def _facts(records: ir.Table) -> ir.Table:
    """Narrow rows: kinds and fixed words as numbers (`parameters.FIELDS`)."""
    words = [
        records[name].cases(
            *[(word, (i + 1) << 4 * place) for i, word in enumerate(choices)], else_=_other(records, name, place)
        )
        for place, (name, choices) in enumerate(FIELDS.items())
        if name in records.columns
    ]
    packed = words[0]
    for word in words[1:]:
        packed = packed + word
    numbers = [records[name] for name in NUMBERS if name in records.columns]
    days = {name: records[name] if name in records.columns else ibis.null("int64") for name in DAYS}
    return records.select(
        *("subject", "root", "id", "first_learned", "learned", "determined", "anchor", "occurred"),
        kind=records.kind.cases(*KINDS.items(), else_=-1),
        words=packed.cast("int64"),
        number=numbers[0] if numbers else ibis.null("int64"),
        area=records.area if "area" in records.columns else ibis.null("string"),
        **days,
    )


def _other(records: ir.Table, name: str, place: int) -> ir.IntegerValue:
    """A missing word, or one that nobody knows."""
    return ibis.ifelse(records[name].isnull(), 0, 15 << 4 * place)


def _releases(records: ir.Table, found: Corrections) -> ir.Table:
    """For each ground's first record the earliest release of each reason that names one of its chain."""
    rows = records.select("subject", "reason", "occurred", about=records.about.unnest())
    members = found.members.filter(found.members.reached)
    named = rows.left_join(members, [("subject", "m_subject"), ("about", "m_id")])
    named = named.select("subject", "reason", "occurred", target=ibis.coalesce(named.root, named.about))
    columns = {f"release_{event.value}": named.occurred.min(where=named.reason == event.value) for event in RELEASES}
    return named.group_by(e_subject=named.subject, e_root=named.target).agg(**columns)


def _replaced(opening: ir.Table) -> ir.Table:
    """When the same region spoke again about a subject (outside status only)."""
    outside = opening.filter(opening.kind == EvidenceKind.outside_status.value)
    order = ("subject", "root", "id", "occurred", "learned")
    mine = outside.select(*order, region=outside.region.fill_null(""))
    later = mine.select(s7=mine.subject, i7=mine.id, o7=mine.occurred, l7=mine.learned, r7=mine.region)
    pairs = mine.join(later, [("subject", "s7"), ("region", "r7")])
    tie = (pairs.l7 > pairs.learned) | ((pairs.l7 == pairs.learned) & (pairs.i7 > pairs.id))
    after = pairs.filter((pairs.o7 > pairs.occurred) | ((pairs.o7 == pairs.occurred) & tie))
    return after.group_by(e_subject=after.subject, e_root=after.root).agg(replaced=after.l7.min())


def _single_known(positive: ir.Table, singles: ir.Table) -> ir.Table:
    """When the first single-tube result sampled after a positive one was known."""
    mine = positive.select("root", p_subject=positive.subject, p_occurred=positive.occurred)
    pairs = mine.join(singles, [("p_subject", "subject")])
    after = pairs.filter(pairs.occurred > pairs.p_occurred)
    return after.group_by(e_subject=after.p_subject, e_root=after.root).agg(single_test=after.learned.min())


def _events(releases: ir.Table, replaced: ir.Table, singles: ir.Table) -> ir.Table:
    """What is told about facts, one row for each: the minute of each release, word or result."""
    told = {f"release_{event.value}": "int64" for event in RELEASES} | {"replaced": "int64", "single_test": "int64"}
    parts = [
        part.select(
            "e_subject", "e_root", **{n: part[n] if n in part.columns else ibis.null(t) for n, t in told.items()}
        )
        for part in (releases, replaced, singles)
    ]
    together = ibis.union(*parts)
    return together.group_by("e_subject", "e_root").agg(**{name: together[name].min() for name in told})
