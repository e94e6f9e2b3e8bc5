"""Whether each pending leaf commits to its event, and each decision, as it is stored, is committed to by a leaf."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, Final

from healthcode.control.audit.findings import Finding
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import milliseconds
from healthcode.control.audit.trail import Leaf
from healthcode.control.evidence.replay import Decided, canonical_json, content_digest, decision_digest
from healthcode.ledger.leaf import LeafError, leaf_verify

_DECISION: Final = EventName.DECISION_MADE.value


def leaf_findings(leaf: Leaf) -> Iterator[Finding]:
    """What is wrong with one leaf by itself: it is missing, committed to something else, or not of its event."""
    name = f"event {leaf.event}"
    if leaf.at is None or leaf.salt is None or leaf.content is None or leaf.commitment is None:
        yield Finding("leaf_missing", name, leaf.subject, leaf.name)
        return
    try:
        leaf_verify(leaf.commitment, leaf.name, milliseconds(leaf.at), leaf.salt, leaf.content)
    except LeafError:
        yield Finding("leaf_broken", name, leaf.subject, leaf.name)
    if not _of_its_event(leaf):
        yield Finding("leaf_event", name, leaf.subject, leaf.name)


def _of_its_event(leaf: Leaf) -> bool:
    content = _content(leaf)
    about: dict[str, Any] = {"subject": leaf.subject, "reference": leaf.reference}
    if leaf.name != _DECISION:
        return canonical_json(content) == canonical_json({**about, **leaf.detail})
    if "members" in content:
        about["decisions"] = leaf.detail.get("decisions")
        content["decisions"] = len(content["members"])
    else:
        about |= {key: leaf.detail.get(key) for key in ("color", "version", "ruleset")}
    return all(content.get(key) == value for key, value in about.items())


def committed_findings(decisions: Sequence[Decided], leaves: Sequence[Leaf]) -> Iterator[Finding]:
    """Decisions and leaves of the same instant: each decision in a leaf, each leaf's decision stored."""
    stored = {decision_digest(decided): decided for decided in decisions}
    committed = dict(chain.from_iterable(_members(leaf) for leaf in leaves if leaf.name == _DECISION))
    for digest, decided in stored.items():
        if digest not in committed:
            name = f"decision {decided.id} version {decided.version}"
            yield Finding("decision_not_committed", name, decided.number)
    for digest, leaf in committed.items():
        if digest not in stored:
            yield Finding("leaf_without_decision", f"event {leaf.event}", leaf.subject, leaf.reference)


def _members(leaf: Leaf) -> Iterator[tuple[str, Leaf]]:
    """The digest of each decision that a leaf binds."""
    content = _content(leaf)
    if isinstance(content.get("members"), list):
        yield from ((str(member), leaf) for member in content["members"])
    elif content:
        bound = {key: value for key, value in content.items() if key not in ("subject", "reference")}
        yield content_digest(bound), leaf


def _content(leaf: Leaf) -> dict[str, Any]:
    """The content as JSON; empty where it is none."""
    try:
        value = json.loads(leaf.content or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
