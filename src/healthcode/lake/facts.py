"""What is known of everybody at one instant: facts that may open grounds, with the tests and releases beside them."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from healthcode.domain.evidence import KIND_SPECS, SAMPLING_SKEW, EvidenceKind
from healthcode.domain.time import Minute
from healthcode.lake.columns import Inputs, Store, as_it_is, day_of, sampling_minute
from healthcode.lake.corrections import Corrections, corrections, in_force
from healthcode.lake.courses import RELEASES
from healthcode.lake.samplings import books, last_negatives, nothing, tests_valid
from healthcode.rules.history import OLDEST_DAY, OLDEST_MINUTE

_GROUNDLESS = (EvidenceKind.release, EvidenceKind.vaccination, EvidenceKind.declaration)
_PARTS = ("subject", "id", "kind", "anchor", "learned", "supersedes")


@dataclass(frozen=True, slots=True)
class Known:
    """`facts` and `positives` in one form each; `unclear`: subjects with a record that cannot be read."""

    facts: ir.Table
    positives: ir.Table
    unclear: ir.Table
    too_long: ir.Table
    last_negatives: ir.Table
    doses: ir.Table


def known_at(inputs: Inputs, now: Minute, store: Store = as_it_is) -> Known:
    """Read the inputs as known at a minute: corrections followed, rescissions gone, tests in books."""
    evidence = inputs.evidence.filter(inputs.evidence.learned <= now)
    tests = inputs.tests.filter(inputs.tests.learned <= now)
    found = corrections(store("linked", _linked(evidence, tests)), store)
    records = in_force(evidence, found)
    readable = _readable(records)
    facts = records.filter(readable & records.kind.notin([k.value for k in _GROUNDLESS]))
    facts = store("read_facts", _with_replaced(facts))
    releases = _releases(records.filter(readable & (records.kind == EvidenceKind.release.value)), found)
    releases = store("releases", releases)
    swabs = in_force(tests, found)
    valid = swabs.filter(tests_valid(swabs, SAMPLING_SKEW))
    positives = valid.filter(valid.result == "positive").mutate(replaced=ibis.null("int64"))
    positives = store("positives", positives)
    people = ibis.union(facts.select("subject"), positives.select("subject"), distinct=True)
    book = store("books", books(valid.semi_join(people, "subject")))
    unclear = [
        found.rings,
        swabs.filter(~tests_valid(swabs, SAMPLING_SKEW)).select("subject"),
        records.filter(~readable).select("subject"),
    ]
    vaccinations = records.filter(records.dose.between(1, 15) & (records.kind == EvidenceKind.vaccination.value))
    return Known(
        facts=store("facts", _beside(facts, book, releases)),
        positives=_beside(positives, book, releases),
        unclear=store("unreadable", ibis.union(*unclear, distinct=True)),
        too_long=found.too_long,
        last_negatives=store("last_negatives", last_negatives(valid)),
        doses=store("doses", vaccinations.group_by(d_subject=vaccinations.subject).agg(doses=vaccinations.dose.max())),
    )


def _linked(evidence: ir.Table, tests: ir.Table) -> ir.Table:
    """The records that correct another or are corrected: few, whatever the number of tests."""
    narrow = [evidence.select(*_PARTS, "region"), tests.select(*_PARTS, region=ibis.null("string"))]
    children = ibis.union(*[n.filter(n.supersedes.notnull()).select("subject", "supersedes") for n in narrow])
    named = children.select("subject", id=children.supersedes).distinct()
    return ibis.union(
        *[n.filter(n.supersedes.notnull()) for n in narrow],
        *[n.filter(n.supersedes.isnull()).semi_join(named, ["subject", "id"]) for n in narrow],
    )


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


def _releases(records: ir.Table, found: Corrections) -> ir.Table:
    """For each ground's first record the earliest release of each reason that names one of its chain."""
    rows = records.select("subject", "reason", "occurred", about=records.about.unnest())
    members = found.members.filter(found.members.reached)
    named = rows.left_join(members, [("subject", "m_subject"), ("about", "m_id")])
    named = named.select("subject", "reason", "occurred", target=ibis.coalesce(named.root, named.about))
    columns = {f"release_{event.value}": named.occurred.min(where=named.reason == event.value) for event in RELEASES}
    return named.group_by(l_subject=named.subject, l_root=named.target).agg(**columns)


def _with_replaced(facts: ir.Table) -> ir.Table:
    """Facts with the minute at which the same region spoke again (outside status only)."""
    outside = facts.filter(facts.kind == EvidenceKind.outside_status.value)
    order = ("subject", "id", "occurred", "learned")
    mine = outside.select(*order, region=outside.region.fill_null(""))
    later = mine.select(s7=mine.subject, i7=mine.id, o7=mine.occurred, l7=mine.learned, r7=mine.region)
    pairs = mine.join(later, [("subject", "s7"), ("region", "r7")])
    tie = (pairs.l7 > pairs.learned) | ((pairs.l7 == pairs.learned) & (pairs.i7 > pairs.id))
    after = pairs.filter((pairs.o7 > pairs.occurred) | ((pairs.o7 == pairs.occurred) & tie))
    spoken = after.group_by(s8=after.subject, i8=after.id).agg(replaced=after.l7.min())
    return facts.left_join(spoken, [("subject", "s8"), ("id", "i8")]).drop("s8", "i8")


def _beside(facts: ir.Table, book: ir.Table, releases: ir.Table) -> ir.Table:
    """Facts with their subject's tests and the releases that name them."""
    joined = facts.left_join(book, [("subject", "b_subject")])
    joined = joined.left_join(releases, [("subject", "l_subject"), ("root", "l_root")])
    arrays = {name: ibis.coalesce(joined[name], nothing()) for name in ("negatives", "singles", "pending")}
    joined = joined.mutate(**arrays).drop("b_subject", "l_subject", "l_root", "supersedes", "rescinded")
    return joined.mutate(days=joined.negatives.map(lambda code: day_of(sampling_minute(code))))
