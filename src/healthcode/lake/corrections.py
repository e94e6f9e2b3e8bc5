"""Corrections followed for everybody at once (`spec/rule-language.md` §2): which record counts, and since when.

A chain of corrections is walked by doubling: after n rounds a record knows its ancestor 2**n steps back. A subject with
more corrected records than that is told apart (`too_long`), to be evaluated singly.
"""

from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir

from healthcode.domain.evidence import EvidenceKind
from healthcode.lake.columns import Store, as_it_is

_ROUNDS: Final = 4
LONGEST: Final = 1 << _ROUNDS
_NO_DAY: Final = -(10**9)
_PARTS: Final = ("subject", "id", "kind", "anchor", "learned", "supersedes", "region")


@dataclass(frozen=True, slots=True)
class Corrections:
    """`members`: every record that corrects or is corrected, the root of its chain, whether it counts (`in_force`),
    `first_learned` and `determined`. `rings`, `too_long`: subjects from whom nothing, or nothing here, can be told."""

    members: ir.Table
    rings: ir.Table
    too_long: ir.Table


def _links(records: ir.Table) -> ir.Table:
    """Each record that names another one which exists: `winner` where it takes its place."""
    child = records.filter(records.supersedes.notnull())
    old = records.select(
        old_subject=records.subject, old_id=records.id, old_kind=records.kind, old_region=records.region
    )
    pairs = child.join(old, [("subject", "old_subject"), ("supersedes", "old_id")])
    pairs = pairs.filter(pairs.id != pairs.old_id)
    outside = EvidenceKind.outside_status.value
    same = (pairs.kind == outside) & (pairs.region.fill_null("") == pairs.old_region.fill_null(""))
    pairs = pairs.mutate(allowed=(pairs.old_kind != outside) | same)
    order = ibis.window(
        group_by=[pairs.subject, pairs.old_id, pairs.allowed], order_by=[pairs.learned.desc(), pairs.id.desc()]
    )
    ranked = pairs.mutate(place=ibis.row_number().over(order))
    return ranked.select("subject", "id", "old_id", winner=ranked.allowed & (ranked.place == 0))


def _nodes(records: ir.Table, links: ir.Table) -> ir.Table:
    """Every record that is part of a link: the one before it, whether one follows or names it, and its own parts."""
    ids = ibis.union(links.select("subject", "id"), links.select("subject", id=links.old_id), distinct=True)
    mine = links.select(s1=links.subject, i1=links.id, before=links.old_id, winner=links.winner)
    named = links.group_by(s2=links.subject, i2=links.old_id).agg(followed=links.winner.any())
    parts = records.select(
        s3=records.subject, i3=records.id, kind=records.kind, anchor=records.anchor, learned=records.learned
    )
    joined = ids.left_join(mine, [("subject", "s1"), ("id", "i1")])
    joined = joined.left_join(named, [("subject", "s2"), ("id", "i2")])
    joined = joined.join(parts, [("subject", "s3"), ("id", "i3")])
    return joined.select(
        "subject",
        "id",
        "kind",
        "anchor",
        "learned",
        prev=ibis.ifelse(joined.winner.fill_null(False), joined.before, ibis.null("string")),
        dropped=~joined.winner.fill_null(True),
        named=joined.followed.notnull(),
        followed=joined.followed.fill_null(False),
    )


def _climbed(nodes: ir.Table) -> ir.Table:
    """Each record with `up`, its furthest ancestor, and how many `steps` away it is."""
    climb = nodes.select("subject", "id", up=nodes.prev, steps=nodes.prev.notnull().cast("int64"))
    for _ in range(_ROUNDS):
        above = climb.select(s4=climb.subject, i4=climb.id, up4=climb.up, steps4=climb.steps)
        joined = climb.left_join(above, [("subject", "s4"), ("up", "i4")])
        climb = joined.select(
            "subject",
            "id",
            up=ibis.coalesce(joined.up4, joined.up),
            steps=joined.steps + ibis.ifelse(joined.up4.notnull(), joined.steps4, 0),
        ).view()  # a relation of its own: the next join must not continue this one
    return climb


def corrections(records: ir.Table, store: Store = as_it_is) -> Corrections:
    """Follow the corrections among known records, with the columns `_PARTS`.

    Joins name the columns of each side: an expression over a table joined to itself would be taken for either side.
    """
    records = records.select(*_PARTS)
    links = _links(records)
    nodes = _nodes(records, links)
    climb = _climbed(nodes)
    climb = climb.select(s5=climb.subject, i5=climb.id, root=ibis.coalesce(climb.up, climb.id), steps=climb.steps)
    tops = nodes.select(s6=nodes.subject, i6=nodes.id, top_prev=nodes.prev, top_dropped=nodes.dropped)
    placed = nodes.join(climb, [("subject", "s5"), ("id", "i5")])
    placed = placed.join(tops, [("subject", "s6"), ("root", "i6")])
    placed = store("chains", placed.mutate(reached=placed.top_prev.isnull() & ~placed.top_dropped))
    sizes = placed.group_by("subject").agg(size=placed.count())
    rings = placed.filter(~placed.reached & placed.named).select("subject").distinct()
    return Corrections(store("members", _members(placed)), rings, sizes.filter(sizes.size > LONGEST).select("subject"))


def _members(placed: ir.Table) -> ir.Table:
    """Records with the minutes of their chain: when it was first learned, and when its last day 0 was."""
    along = ibis.window(group_by=[placed.subject, placed.root, placed.reached], order_by=placed.steps)
    anchor = placed.anchor.fill_null(_NO_DAY)
    stages = placed.mutate(same=(anchor == anchor.lag().over(along)) & (placed.kind == placed.kind.lag().over(along)))
    stages = stages.mutate(begins=ibis.ifelse(stages.same.fill_null(False), -1, stages.steps))
    whole = ibis.window(group_by=[stages.subject, stages.root, stages.reached])
    stages = stages.mutate(turn=stages.begins.max().over(whole))
    whole = ibis.window(group_by=[stages.subject, stages.root, stages.reached])
    return stages.select(
        m_subject=stages.subject,
        m_id=stages.id,
        root=stages.root,
        reached=stages.reached,
        in_force=stages.reached & ~stages.followed,
        first_learned=ibis.ifelse(stages.steps == 0, stages.learned, ibis.null("int64")).max().over(whole),
        determined=ibis.ifelse(stages.steps == stages.turn, stages.learned, ibis.null("int64")).max().over(whole),
    )


def in_force(records: ir.Table, found: Corrections) -> ir.Table:
    """The records that count, with `root`, `first_learned`, `determined`: uncorrected ones and last ones of chains."""
    joined = records.left_join(found.members, [("subject", "m_subject"), ("id", "m_id")])
    counts = joined.filter(joined.in_force.fill_null(True) & ~joined.rescinded)
    return counts.mutate(
        root=ibis.coalesce(counts.root, counts.id),
        first_learned=ibis.coalesce(counts.first_learned, counts.learned),
        determined=ibis.coalesce(counts.determined, counts.learned),
    ).drop("m_subject", "m_id", "reached", "in_force")
