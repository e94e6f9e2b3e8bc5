"""The published JSON Schemas of one subject's evidence (in) and of an evaluation (out)."""

from typing import Any, Final

from healthcode.domain.area import AreaLevel
from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.unit import UnitKind

_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_INSTANT: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$",
    "description": "an RFC 3339 instant with its offset, for example 2022-10-13T08:00+08:00",
}
_DATE: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}$",
    "description": "a calendar date of the region, for example 2022-10-13",
}
_MAYBE_INSTANT: Final[dict[str, Any]] = {"oneOf": [_INSTANT, {"type": "null"}]}
_TEXTS: Final[dict[str, Any]] = {"type": "array", "items": {"type": "string"}}

RECORD: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 100},
        "kind": {"enum": [k.value for k in EvidenceKind]},
        "fields": {"type": "object"},
        "anchor": {"oneOf": [_DATE, {"type": "null"}]},
        "occurred": _INSTANT,
        "learned": _INSTANT,
        "supersedes": {"type": ["string", "null"]},
        "rescinded": {"type": "boolean"},
        "unit": {"enum": [*[u.value for u in UnitKind], None]},
        "source": {"type": "string"},
        "county": {"type": "string"},
        "document": {"type": "string"},
        "batch": {"type": "string"},
    },
    "required": ["kind"],
    "additionalProperties": False,
}
AREA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "level": {"enum": [level.value for level in AreaLevel]},
        "from": _INSTANT,
        "until": _MAYBE_INSTANT,
        "divisions": _TEXTS,
        "addresses": _TEXTS,
        "basis": {"type": "string"},
        "office": {"type": "string"},
        "names": {"type": "object", "properties": {"zh": {"type": "string"}, "en": {"type": "string"}}},
    },
    "required": ["id", "level", "from"],
    "additionalProperties": False,
}
EVIDENCE: Final[dict[str, Any]] = {
    "$schema": _DRAFT,
    "$id": "https://healthcode.example/spec/evidence.schema.json",
    "title": "What is known about one subject",
    "type": "object",
    "properties": {
        "evidence": {"type": "array", "items": RECORD},
        "areas": {"type": "array", "items": AREA},
        "holds_code": {"type": "boolean"},
        "offices": {
            "type": "object",
            "description": "whom to ask, by county code",
            "additionalProperties": {
                "type": "object",
                "properties": {"zh": {"type": "string"}, "en": {"type": "string"}, "phone": {"type": "string"}},
                "required": ["zh", "en", "phone"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["evidence"],
    "additionalProperties": False,
}

_KEY: Final[dict[str, Any]] = {
    "type": "string",
    "description": "`id@version` of the ruleset whose numbers apply, where a history of rulesets was evaluated",
}
_SPAN: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "at": _INSTANT,
        "phase": {"type": ["string", "null"], "description": "null: the ground is closed"},
        "color": {"type": ["string", "null"]},
        "held": {"type": "boolean"},
        "ruleset": _KEY,
    },
    "required": ["at", "phase", "color", "held"],
    "additionalProperties": False,
}
_GROUND: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "key": {"type": "string"},
        "rule": {"type": "string"},
        "evidence": {"type": "string"},
        "record": {"type": "string"},
        "phase": {"type": "string"},
        "color": {"type": "string"},
        "held": {"type": "boolean"},
        "pending": {"type": "boolean"},
        "since": _INSTANT,
        "phase_since": _INSTANT,
        "next_change": _MAYBE_INSTANT,
        "until": _MAYBE_INSTANT,
        "planned_end": _MAYBE_INSTANT,
        "review": _MAYBE_INSTANT,
        "county": {"type": "string"},
        "course": {"type": "array", "items": _SPAN},
        "tests_due": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "phase": {"type": "string"},
                    "day": {"oneOf": [_DATE, {"type": "null"}]},
                    "status": {"enum": ["pending", "overdue", "due", "upcoming", "make_up"]},
                    "number": {"type": "integer", "minimum": 1},
                },
                "required": ["phase", "day", "status", "number"],
                "additionalProperties": False,
            },
        },
        "notices": _TEXTS,
        "ruleset": _KEY,
    },
    "additionalProperties": False,
}
_GROUND["required"] = [name for name in _GROUND["properties"] if name != "ruleset"]
_STEP: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"at": _INSTANT, "color": {"type": "string"}, "notices": _TEXTS},
    "required": ["at", "color", "notices"],
    "additionalProperties": False,
}

EVALUATION: Final[dict[str, Any]] = {
    "$schema": _DRAFT,
    "$id": "https://healthcode.example/spec/evaluation.schema.json",
    "title": "The answer for one subject at one instant",
    "type": "object",
    "properties": {
        "ruleset": {"type": "string"},
        "version": {"type": "string"},
        "now": _INSTANT,
        "color": {"type": "string", "description": "a configured color, `absent` or `unknown`"},
        "grounds": {"type": "array", "items": _GROUND},
        "notices": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "until": _MAYBE_INSTANT, "grounds": _TEXTS},
                "required": ["id", "until", "grounds"],
                "additionalProperties": False,
            },
        },
        "timeline": {"type": "array", "items": _STEP},
        "next_review": _MAYBE_INSTANT,
        "unclear": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"evidence": {"type": "string"}, "reason": {"type": "string"}},
                "required": ["evidence", "reason"],
                "additionalProperties": False,
            },
        },
        "last_negative": _MAYBE_INSTANT,
        "doses": {"type": "integer", "minimum": 0},
        "explanation": {"type": "object", "description": "the one explanation, by language"},
    },
    "additionalProperties": False,
}
EVALUATION["required"] = [name for name in EVALUATION["properties"] if name != "explanation"]
