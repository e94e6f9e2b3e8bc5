"""The published JSON Schemas (draft 2020-12) of a rulebook's files, as the loader uses them.

`spec/*.schema.json` are these same objects, written out; a test keeps them equal.
"""

from typing import Any, Final

from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.venue import VENUE_TYPES

Schema = dict[str, Any]
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_ID: Final[Schema] = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,40}$"}
_SLUG: Final[Schema] = {"type": "string", "pattern": "^[a-z][a-z0-9-]{0,60}$"}
_INSTANT: Final[Schema] = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})$",
    "description": "RFC 3339 instant with its offset, for example 2022-06-28T00:00+08:00",
}
_TEXT: Final[Schema] = {
    "type": "object",
    "properties": {"zh": {"type": "string", "minLength": 1}, "en": {"type": "string", "minLength": 1}},
    "required": ["zh", "en"],
    "additionalProperties": {"type": "string", "minLength": 1},
    "description": "one text in every language of the pages",
}
_DAY: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 366}
_RELEASES: Final = ["discharged", "excluded", "completed", "certified"]
_EVENTS: Final = [*_RELEASES, "single_test", "replaced"]


def _object(properties: Schema, required: list[str], description: str = "") -> Schema:
    made: Schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {**made, "description": description} if description else made


_CONDITION: Final[Schema] = {
    "description": "values of the field that apply, or a number's bounds",
    "anyOf": [
        {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
        {
            "type": "object",
            "properties": {"min": {"type": "integer"}, "max": {"type": "integer"}},
            "minProperties": 1,
            "additionalProperties": False,
        },
    ],
}
_WHERE: Final[Schema] = {"type": "object", "additionalProperties": _CONDITION}
_SPACING: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 168, "description": "hours between samplings"}
_TESTS: Final[Schema] = {
    "description": "either the days on which a sample is due, or a count of samples",
    "oneOf": [
        _object({"days": {"type": "array", "items": _DAY, "minItems": 1, "uniqueItems": True}}, ["days"]),
        _object(
            {"count": {"type": "integer", "minimum": 1, "maximum": 3}, "min_spacing_h": _SPACING, "from_day": _DAY},
            ["count"],
        ),
    ],
}
_UNTIL: Final[Schema] = {
    "description": "how a phase without fixed days ends",
    "oneOf": [
        _object(
            {"event": {"enum": _EVENTS}, "review_days": {"type": "integer", "minimum": 1, "maximum": 90}},
            ["event"],
            "ends when the event is recorded; the review date is an alarm",
        ),
        _object({"tests": {"const": "met"}, "by_day": _DAY}, ["tests", "by_day"], "ends when the tests are negative"),
        _object(
            {"field": _ID, "review_days": {"type": "integer", "minimum": 1, "maximum": 90}},
            ["field"],
            "ends when the day named by a field of the evidence ends",
        ),
    ],
}
_LEVEL: Final[Schema] = {"enum": ["high", "medium", "low"]}
_PHASE: Final = _object(
    {
        "id": _ID,
        "name": _TEXT,
        "color": _ID,
        "days": {"type": "array", "items": _DAY, "minItems": 2, "maxItems": 2, "description": "first and last day"},
        "from": {"enum": ["anchor", "previous"], "description": "day 0: the anchor, or the end of the phase before"},
        "until": _UNTIL,
        "while_area": _LEVEL,
        "review_days": {"type": "integer", "minimum": 1, "maximum": 90},
        "tests": _TESTS,
        "missed_color": {**_ID, "description": "color held when the tests were missed; default: the phase's own"},
        "notices": {"type": "array", "items": _ID, "uniqueItems": True},
        "when": {**_WHERE, "minProperties": 1, "maxProperties": 1},
    },
    ["id", "name", "color"],
)
_PHASE["oneOf"] = [{"required": ["days"]}, {"required": ["until"]}, {"required": ["while_area"]}]

RULE: Final[Schema] = {
    "$schema": _DRAFT,
    "$id": "https://healthcode.example/spec/rule.schema.json",
    "title": "One rule of a ruleset",
    **_object(
        {
            "rule": _ID,
            "evidence": {"enum": [k.value for k in EvidenceKind]},
            "category": {"enum": ["care", "exposure", "area", "outside", "test"]},
            "anchor": {"enum": ["anchor", "learned", "occurred"], "description": "what day 0 is"},
            "where": _WHERE,
            "title": _TEXT,
            "reason": _TEXT,
            "way_out": _TEXT,
            "clause": _object(
                {"source": _ID, "zh": {"type": "string"}, "en": {"type": "string"}}, ["source", "zh", "en"]
            ),
            "phases": {"type": "array", "items": _PHASE, "minItems": 1, "maxItems": 8},
            "closed_by": {"type": "array", "items": {"enum": _RELEASES}, "uniqueItems": True},
            "catch_up": _object(
                {"count": {"type": "integer", "minimum": 1, "maximum": 3}, "min_spacing_h": _SPACING}, ["count"]
            ),
            "hold_notice": {**_ID, "description": "notice while a missed test holds the color"},
            "transition": _object(
                {"mode": {"enum": ["continue", "recompute", "end"]}, "may_worsen": {"type": "boolean"}}, ["mode"]
            ),
            "sources": {
                "type": "object",
                "additionalProperties": _ID,
                "description": "for each number or color (`central.days`, `catch_up`) the id of a reference",
            },
        },
        ["rule", "evidence", "category", "title", "reason", "way_out", "clause", "phases", "transition", "sources"],
    ),
}

_DOWNGRADE: Final = _object(
    {
        "level": _LEVEL,
        "to": {"enum": [*_LEVEL["enum"], "lifted"], "description": "`lifted` (since 1.2): no risk area any more"},
        "clear_days": {"type": "integer", "minimum": 1, "maximum": 60, "description": "days without a case"},
        "clear_days_outright": {
            "type": "integer",
            "minimum": 1,
            "maximum": 60,
            "description": "the same where the area never had a higher level",
        },
        "source": _ID,
    },
    ["level", "to", "clear_days", "source"],
)
RULESET: Final[Schema] = {
    "$schema": _DRAFT,
    "$id": "https://healthcode.example/spec/ruleset.schema.json",
    "title": "The head of a ruleset",
    **_object(
        {
            "ruleset": _SLUG,
            "version": {"type": "string", "pattern": r"^\d+(\.\d+){0,2}$"},
            "engine": {"type": "string", "pattern": r"^\d+\.\d+$"},
            "region": {"type": "string", "pattern": r"^\d{2}0000$"},
            "title": _TEXT,
            "from": _INSTANT,
            "until": {"oneOf": [_INSTANT, {"type": "null"}]},
            "references": {
                "type": "object",
                "propertyNames": _ID,
                "additionalProperties": _object(
                    {"title": _TEXT, "mark": {"enum": ["sourced", "general", "default"]}}, ["title", "mark"]
                ),
                "minProperties": 1,
            },
            "rules": {"type": "array", "items": _ID, "minItems": 1, "uniqueItems": True},
            "abolished": {
                "type": "object",
                "propertyNames": _ID,
                "additionalProperties": _object(
                    {"mode": {"enum": ["continue", "end"]}, "source": _ID},
                    ["mode", "source"],
                    "rules of the ruleset before that are gone, and what becomes of their open grounds",
                ),
            },
            "area_levels": {"type": "array", "items": _DOWNGRADE, "description": "when an area is downgraded"},
            "hold_notice": _ID,
            "hotline": _object({"name": _TEXT, "phone": {"type": "string", "minLength": 3}}, ["name", "phone"]),
            "notices": {
                "type": "object",
                "propertyNames": _ID,
                "additionalProperties": _object(
                    {
                        "bit": {"type": "integer", "minimum": 0, "maximum": 15},
                        "text": _TEXT,
                        "basis": _TEXT,
                        "end": _TEXT,
                        "way_out": _TEXT,
                    },
                    ["bit", "text", "basis", "end", "way_out"],
                    "a declared overlay that changes no color (Art. 4)",
                ),
            },
        },
        ["ruleset", "version", "engine", "region", "title", "from", "references", "rules", "hold_notice", "hotline"],
    ),
}
RULESET["required"].append("notices")

COLORS: Final[Schema] = {
    "$schema": _DRAFT,
    "$id": "https://healthcode.example/spec/colors.schema.json",
    "title": "Colors in force (Art. 14)",
    **_object(
        {
            "colors": {
                "type": "array",
                "minItems": 1,
                "maxItems": 14,
                "items": _object(
                    {
                        "id": _ID,
                        "state": {"type": "integer", "minimum": 2, "maximum": 15},
                        "severity": {"type": "integer", "minimum": 0, "maximum": 100},
                        "word": _TEXT,
                        "shape": {"enum": ["circle_check", "triangle_bar", "octagon_cross", "diamond", "square"]},
                        "sound": {"type": "string", "minLength": 1},
                        "vibration": {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 2000}},
                        "hue": {
                            "type": "object",
                            "additionalProperties": {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
                            "required": ["solid", "soft", "text"],
                        },
                    },
                    ["id", "state", "severity", "word", "shape", "sound", "vibration", "hue"],
                ),
            }
        },
        ["colors"],
    ),
}

_POLICY: Final = _object(
    {
        "id": _SLUG,
        "venue_types": {"type": "array", "items": {"enum": list(VENUE_TYPES)}, "minItems": 1, "uniqueItems": True},
        "areas": {"type": "array", "items": {"type": "string", "pattern": r"^\d{6}$"}, "minItems": 1},
        "from": _INSTANT,
        "until": _INSTANT,
        "colors": {"type": "array", "items": _ID, "minItems": 1, "uniqueItems": True},
        "test_age_h": {"type": "integer", "minimum": 24, "maximum": 336},
        "test_age_days": {"type": "integer", "minimum": 1, "maximum": 14},
        "basis": {"type": "string", "minLength": 1},
        "authority": {"type": "string", "pattern": r"^\d{6}$"},
        "texts": _TEXT,
    },
    ["id", "venue_types", "areas", "from", "until", "colors", "basis", "authority", "texts"],
)
POLICIES: Final[Schema] = {
    "$schema": _DRAFT,
    "$id": "https://healthcode.example/spec/policies.schema.json",
    "title": "Check policies (Art. 9, 12): the default, and dated adjustments that lapse by themselves",
    **_object(
        {
            "default": _object(
                {
                    "id": _SLUG,
                    "colors": {"type": "array", "items": _ID, "minItems": 1},
                    "basis": {"type": "string"},
                    "texts": _TEXT,
                },
                ["id", "colors", "basis", "texts"],
            ),
            "adjustments": {"type": "array", "items": _POLICY},
            "limits": _object(
                {
                    "test_age_h": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 168}},
                    "test_age_days": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 14}},
                    "venue_types": {"type": "array", "items": _ID},
                    "longest_days": {"type": "integer", "minimum": 1, "maximum": 90},
                },
                [],
            ),
        },
        ["default", "adjustments"],
    ),
}

_EXPECT: Final = _object(
    {
        "at": _INSTANT,
        "color": {"type": "string"},
        "phase": {"type": ["string", "null"], "description": "phase of the first open ground of the rule, null: none"},
        "held": {"type": "boolean"},
        "pending": {"type": "boolean"},
        "notices": {"type": "array", "items": _ID},
        "next": {"oneOf": [_INSTANT, {"type": "null"}], "description": "when the color or the notices change next"},
    },
    ["at", "color"],
)
CASES: Final[Schema] = {
    "$schema": _DRAFT,
    "$id": "https://healthcode.example/spec/cases.schema.json",
    "title": "Test cases beside a rule",
    **_object(
        {
            "rule": _ID,
            "cases": {
                "type": "array",
                "minItems": 1,
                "items": _object(
                    {
                        "name": {"type": "string", "minLength": 5},
                        "evidence": {"type": "array", "items": {"type": "object"}},
                        "areas": {"type": "array", "items": {"type": "object"}},
                        "holds_code": {"type": "boolean"},
                        "expect": {"type": "array", "items": _EXPECT, "minItems": 1},
                    },
                    ["name", "evidence", "expect"],
                ),
            },
        },
        ["rule", "cases"],
    ),
}

PUBLISHED: Final[dict[str, Schema]] = {
    "rule.schema.json": RULE,
    "ruleset.schema.json": RULESET,
    "colors.schema.json": COLORS,
    "policies.schema.json": POLICIES,
    "cases.schema.json": CASES,
}
