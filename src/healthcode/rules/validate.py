"""Schema faults told in plain words: which file, line and field, and what to write instead."""

import difflib
import json
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from healthcode.rules.problem import Problem
from healthcode.rules.schema import Schema
from healthcode.rules.source import Path, Source


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The faults a writer can act on: inside `oneOf`/`anyOf`, those of the alternative that fits best."""
    if error.validator not in ("oneOf", "anyOf") or not error.context:
        yield error
        return
    branches: dict[int, list[ValidationError]] = {}
    for child in error.context:
        branches.setdefault(int(child.schema_path[0]), []).append(child)
    best = min(branches.values(), key=len)
    same = [b for b in branches.values() if len(b) == len(best)]
    if len(same) > 1 and not any(e.validator == "additionalProperties" for b in same for e in b):
        yield error
        return
    for child in min(same, key=lambda b: sum(e.validator == "additionalProperties" for e in b)):
        yield from _leaves(child)


def _parts(error: ValidationError) -> tuple[str, Any, dict[str, Any]]:
    """Keyword, its value and the schema around it; jsonschema types them loosely."""
    schema = error.schema if isinstance(error.schema, dict) else {}
    return str(error.validator), cast("Any", error.validator_value), schema


def _extra(error: ValidationError) -> tuple[str, str, str | None]:
    known = list(_parts(error)[2].get("properties", {}))
    extra = [k for k in cast("dict[str, object]", error.instance) if k not in known]
    close = difflib.get_close_matches(extra[0], known, n=1) if extra else []
    hint = f"did you mean {close[0]!r}?" if close else "remove it; known here: " + ", ".join(known)
    return f"{extra[0]!r} is no field here" if extra else "unknown field", hint, extra[0] if extra else None


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _required(value: Any, error: ValidationError, _schema: dict[str, Any]) -> tuple[str, str]:
    missing = [name for name in value if name not in cast("dict[str, object]", error.instance)]
    name = missing[0] if missing else "a field"
    return f"{name!r} is missing", f"add `{name}:` here"


def _enum(value: Any, error: ValidationError, _schema: dict[str, Any]) -> tuple[str, str]:
    allowed = [str(v) for v in value]
    close = difflib.get_close_matches(str(error.instance), allowed, n=1)
    hint = (f"did you mean {close[0]!r}? " if close else "") + "one of: " + ", ".join(allowed[:20])
    return f"{_short(error.instance)} is not allowed", hint


def _bounds(value: Any, error: ValidationError, _schema: dict[str, Any]) -> tuple[str, str]:
    word = "at least" if str(error.validator).startswith("min") else "at most"
    unit = " entries" if str(error.validator).endswith("Items") else ""
    return f"{_short(error.instance)} is out of range", f"write {word} {value}{unit}"


def _pattern(value: Any, error: ValidationError, schema: dict[str, Any]) -> tuple[str, str]:
    hint = str(schema.get("description") or f"it must match {value}")
    return f"{_short(error.instance)} has the wrong form", hint


def _forms(value: Any, error: ValidationError, _schema: dict[str, Any]) -> tuple[str, str]:
    forms = [", ".join(f.get("required", [])) or str(f.get("type", "")) for f in value]
    hint = "write exactly one of: " + " | ".join(f for f in forms if f)
    return f"{_short(error.instance)} fits none (or several) of the forms", hint


def _type(value: Any, error: ValidationError, _schema: dict[str, Any]) -> tuple[str, str]:
    return f"{_short(error.instance)} has the wrong type", f"write {value}"


_TELLERS: Final[dict[str, Callable[[Any, ValidationError, dict[str, Any]], tuple[str, str]]]] = {
    "required": _required,
    "enum": _enum,
    "const": _type,
    "type": _type,
    "pattern": _pattern,
    "minimum": _bounds,
    "maximum": _bounds,
    "minItems": _bounds,
    "maxItems": _bounds,
    "oneOf": _forms,
    "anyOf": _forms,
}


def _told(error: ValidationError) -> tuple[str, str]:
    """Message and hint of one fault."""
    rule, value, schema = _parts(error)
    teller = _TELLERS.get(rule)
    return teller(value, error, schema) if teller else (error.message[:200], str(schema.get("description", "")))


def schema_problems(source: Source, schema: Schema) -> list[Problem]:
    """Every fault of a file against its schema, each told once."""
    problems: list[Problem] = []
    for top in Draft202012Validator(schema).iter_errors(source.value):
        for error in _leaves(top):
            path: Path = tuple(error.absolute_path) or tuple(top.absolute_path)
            if error.validator == "additionalProperties" and isinstance(error.instance, dict):
                message, hint, key = _extra(error)
                problems.append(source.problem((*path, key) if key else path, message, hint))
                continue
            message, hint = _told(error)
            problems.append(source.problem(path, message, hint))
    return list(dict.fromkeys(problems))
