"""The small types of evidence fields, and how a value is brought into its one canonical form."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from healthcode.domain.division import PROVINCES
from healthcode.domain.time import date_of, day_from_date

FieldType = Literal["text", "texts", "choice", "choices", "count", "flag", "day", "region"]
MAX_TEXT: Final = 500
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2200


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind: its type, the words allowed, whether it must be there, and what stands for a blank."""

    type: FieldType
    choices: tuple[str, ...] = ()
    required: bool = False
    default: object = None
    minimum: int = 0
    maximum: int = 2**31 - 1


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """A fault in one field: stable `code`, and a message that says what to write."""

    field: str
    code: str
    message: str


_Checked = tuple[object, str | None]


def _text(_rule: Field, value: object) -> _Checked:
    if not isinstance(value, str):
        return None, "write text"
    text = value.strip()
    if len(text) > MAX_TEXT:
        return None, f"at most {MAX_TEXT} characters"
    return (text or None), None


def _texts(_rule: Field, value: object) -> _Checked:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(i, str) and i.strip() for i in items):
        return None, "write a list of texts"
    if len(items) > 100 or any(len(i) > MAX_TEXT for i in items):
        return None, f"at most 100 texts of {MAX_TEXT} characters"
    return tuple(dict.fromkeys(i.strip() for i in items)) or None, None


def _choice(rule: Field, value: object) -> _Checked:
    if value in rule.choices and isinstance(value, str):
        return value, None
    return None, "write one of: " + ", ".join(rule.choices)


def _choices(rule: Field, value: object) -> _Checked:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(i, str) and i in rule.choices for i in items):
        return None, "write a list of: " + ", ".join(rule.choices)
    return tuple(c for c in rule.choices if c in items) or None, None


def _count(rule: Field, value: object) -> _Checked:
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value.strip(), re.ASCII):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not rule.minimum <= value <= rule.maximum:
        return None, f"write a whole number from {rule.minimum} to {rule.maximum}"
    return value, None


def _flag(_rule: Field, value: object) -> _Checked:
    return (value, None) if isinstance(value, bool) else (None, "write true or false")


def _day(_rule: Field, value: object) -> _Checked:
    text = value.isoformat()[:10] if isinstance(value, date) else value.strip() if isinstance(value, str) else None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 100_000:
        text = date_of(value).isoformat()
    try:
        field_day(text or "")
    except ValueError:
        return None, f"write a date as YYYY-MM-DD, from {_FIRST_YEAR} to {_LAST_YEAR}"
    return text, None


def _region(_rule: Field, value: object) -> _Checked:
    if isinstance(value, str) and re.fullmatch(r"\d{2}(0000)?", value, re.ASCII) and value[:2] in PROVINCES:
        return value[:2] + "0000", None
    return None, "write the other region's division code, for example 110000"


_CHECKERS: Final[dict[FieldType, Callable[[Field, object], _Checked]]] = {
    "text": _text,
    "texts": _texts,
    "choice": _choice,
    "choices": _choices,
    "count": _count,
    "flag": _flag,
    "day": _day,
    "region": _region,
}


def field_check(name: str, rule: Field, value: object) -> tuple[object, FieldProblem | None]:
    """The canonical value (None where blank and optional), or the problem with it."""
    if value is None or value == "":
        if rule.default is not None:
            return rule.default, None
        problem = FieldProblem(name, "field_required", "must not be empty") if rule.required else None
        return None, problem
    checked, fault = _CHECKERS[rule.type](rule, value)
    if fault is None and checked is None and rule.required:
        return None, FieldProblem(name, "field_required", "must not be empty")
    return checked, FieldProblem(name, "field_invalid", fault) if fault else None


def field_day(value: object) -> int | None:
    """The day number behind a canonical `day` field, None for a blank; raises ValueError for anything else."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("a day field holds a date as text")
    found = date.fromisoformat(value)
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ValueError(f"the year lies outside {_FIRST_YEAR} to {_LAST_YEAR}")
    return day_from_date(found)
