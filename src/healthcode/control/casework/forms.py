"""The confirmation form: built from the closed list of kinds, so that no field can be forgotten or invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import QueryDict

from healthcode.control.casework.words import CHOICES, FIELDS, word
from healthcode.control.evidence.selectors import kind_title
from healthcode.domain.evidence import KIND_SPECS, EvidenceKind
from healthcode.domain.time import Day, day_from_date

PREFIX = "f_"
KINDS = tuple(kind for kind, spec in KIND_SPECS.items() if spec.reviewed and spec.anchored)
"""The kinds that an officer may confirm."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One field to fill in: its name in the form, label, control and choices."""

    name: str
    label: str
    control: str
    required: bool
    choices: tuple[tuple[str, str], ...] = ()
    value: str = ""


def kind_choices() -> list[tuple[str, str]]:
    """(value, name) of every kind that may be confirmed."""
    return [(kind.value, kind_title(kind.value)) for kind in KINDS]


def kind_chosen(text: str, otherwise: str) -> EvidenceKind:
    """The kind asked for, or the one that the lead suspects."""
    return next((kind for kind in KINDS if kind.value == text), EvidenceKind(otherwise))


def kind_entries(kind: EvidenceKind) -> list[Entry]:
    """The fields of a kind, in its own order."""
    controls = {"choice": "select", "choices": "checks", "day": "date", "count": "number", "flag": "checks"}
    return [
        Entry(
            PREFIX + name,
            word(FIELDS, name),
            controls.get(rule.type, "text"),
            rule.required,
            tuple((choice, word(CHOICES, choice)) for choice in rule.choices),
            str(rule.default or ""),
        )
        for name, rule in KIND_SPECS[kind].fields.items()
    ]


def kind_fields(kind: EvidenceKind, posted: QueryDict) -> dict[str, Any]:
    """The fields as filled in; `evidence_check` judges them."""
    values: dict[str, Any] = {}
    for name, rule in KIND_SPECS[kind].fields.items():
        given = posted.getlist(PREFIX + name)
        if rule.type == "choices":
            values[name] = tuple(given)
        elif given and given[0].strip():
            values[name] = given[0].strip()
    return values


def field_words(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Recorded fields as (label, value), for showing."""
    shown = []
    for name, value in fields.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        shown.append((word(FIELDS, name), "、".join(word(CHOICES, str(v)) for v in values)))
    return shown


def day_posted(text: str) -> Day | None:
    """A calendar day as browsers send it, or None."""
    try:
        return day_from_date(date.fromisoformat(text))
    except ValueError:
        return None
