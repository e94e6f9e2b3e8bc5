"""From data that keeps its schema to the model: pure construction. Faults of meaning become problems."""

from collections.abc import Mapping
from typing import Any, Final

from healthcode.domain.adjustment import DEFAULT_LIMITS, PolicyLimits
from healthcode.domain.area import AreaLevel
from healthcode.domain.color import ColorDefinition, ColorError, ColorScheme
from healthcode.domain.evidence import KIND_SPECS, EvidenceKind
from healthcode.domain.policy import CheckPolicy
from healthcode.domain.time import minute_parse
from healthcode.rules.model import (
    Case,
    CatchUp,
    Clause,
    Condition,
    Downgrade,
    EndKind,
    Event,
    NoticeRule,
    Phase,
    Reference,
    Rule,
    Schedule,
    Transition,
)
from healthcode.rules.problem import Problem
from healthcode.rules.source import Path, Source

Data = dict[str, Any]
REVIEW_DAYS: Final = 7
"""Days until an open-ended phase is looked at again, where the rule names none (color.md)."""


def colors_build(source: Source, problems: list[Problem]) -> ColorScheme | None:
    """The scheme of `colors.yaml`."""
    data: Data = _data(source)
    try:
        return ColorScheme(
            ColorDefinition(
                c["id"], c["state"], c["severity"], c["word"], c["shape"], c["sound"], tuple(c["vibration"]), c["hue"]
            )
            for c in data["colors"]
        )
    except ColorError as error:
        problems.append(source.problem(("colors",), str(error)))
        return None


def _data(source: Source) -> Data:
    if not isinstance(source.value, dict):
        raise TypeError("only files that keep their schema are built")
    return source.value


def policies_build(
    source: Source, colors: ColorScheme, problems: list[Problem]
) -> tuple[CheckPolicy, tuple[CheckPolicy, ...]]:
    """The default policy and the dated adjustments of `policies.yaml`."""
    data = _data(source)
    first: Data = data["default"]
    default = CheckPolicy(id=first["id"], colors=frozenset(first["colors"]), basis=first["basis"], texts=first["texts"])
    adjustments = tuple(_policy(source, i, p, problems) for i, p in enumerate(data["adjustments"]))
    for where, policy in [(("default",), default), *((("adjustments", i), p) for i, p in enumerate(adjustments))]:
        unknown = sorted(policy.colors - {c.id for c in colors.definitions})
        problems += [source.problem((*where, "colors"), f"{c!r} is no configured color") for c in unknown]
        if colors.default.id not in policy.colors:
            hint = f"let {colors.default.id!r} pass"
            problems.append(source.problem((*where, "colors"), "this would refuse the least severe color", hint))
    return default, adjustments


def limits_build(source: Source) -> PolicyLimits:
    """What cities and counties may ask of the gates of their areas: `limits` of `policies.yaml`, or the defaults."""
    data: Data = _data(source).get("limits", {})
    return PolicyLimits(
        test_age_h=tuple(data.get("test_age_h", DEFAULT_LIMITS.test_age_h)),
        test_age_days=tuple(data.get("test_age_days", DEFAULT_LIMITS.test_age_days)),
        venue_types=frozenset(data.get("venue_types", DEFAULT_LIMITS.venue_types)),
        longest_days=data.get("longest_days", DEFAULT_LIMITS.longest_days),
    )


def _policy(source: Source, index: int, data: Data, problems: list[Problem]) -> CheckPolicy:
    from_, until = minute_parse(data["from"]), minute_parse(data["until"])
    if until <= from_:
        problems.append(
            source.problem(("adjustments", index, "until"), "ends before it begins", "write a later instant")
        )
    return CheckPolicy(
        id=data["id"],
        venue_types=frozenset(data["venue_types"]),
        areas=tuple(data["areas"]),
        from_=from_,
        until=until,
        colors=frozenset(data["colors"]),
        test_age_h=data.get("test_age_h"),
        test_age_days=data.get("test_age_days"),
        basis=data["basis"],
        authority=data["authority"],
        texts=data["texts"],
    )


def notices_build(data: Data) -> dict[str, NoticeRule]:
    """The declared notices of `ruleset.yaml`."""
    return {
        key: NoticeRule(key, n["bit"], n["text"], n["basis"], n["end"], n["way_out"])
        for key, n in data["notices"].items()
    }


def abolished_build(data: Data) -> dict[str, Transition]:
    """What becomes of open grounds whose rule is gone."""
    return {key: Transition(a["mode"]) for key, a in data.get("abolished", {}).items()}


def area_levels_build(data: Data) -> tuple[Downgrade, ...]:
    """When areas are downgraded."""
    return tuple(
        Downgrade(
            AreaLevel(d["level"]),
            None if d["to"] == "lifted" else AreaLevel(d["to"]),
            d["clear_days"],
            d.get("clear_days_outright", d["clear_days"]),
            d["source"],
        )
        for d in data.get("area_levels", [])
    )


def references_build(data: Data) -> dict[str, Reference]:
    """The references of `ruleset.yaml`."""
    return {key: Reference(key, r["title"], r["mark"]) for key, r in data["references"].items()}


class RuleBuilder:
    """Builds one rule from its file, collecting faults that a schema cannot see."""

    def __init__(self, source: Source, colors: ColorScheme, hold_notice: str, problems: list[Problem]) -> None:
        self._source = source
        self._data = _data(source)
        self._colors = colors
        self._hold_notice = hold_notice
        self._problems = problems
        self._kind = EvidenceKind(self._data["evidence"])

    def build(self) -> Rule:
        """The rule; look at `problems` before using it."""
        data = self._data
        phases = tuple(self._phase(("phases", i), p) for i, p in enumerate(data["phases"]))
        catch_up: Data = data.get("catch_up", {})
        transition: Data = data["transition"]
        clause: Data = data["clause"]
        return Rule(
            id=data["rule"],
            evidence=self._kind,
            category=data["category"],
            anchor=data.get("anchor", "anchor"),
            where=tuple(self._condition(("where", f), f, w) for f, w in data.get("where", {}).items()),
            phases=phases,
            closed_by=frozenset(Event(e) for e in data.get("closed_by", [])),
            catch_up=CatchUp(catch_up.get("count", 2), catch_up.get("min_spacing_h", 24) * 60),
            transition=Transition(transition["mode"], transition.get("may_worsen", False)),
            title=data["title"],
            reason=data["reason"],
            way_out=data["way_out"],
            clause=Clause(clause["source"], {k: v for k, v in clause.items() if k != "source"}),
            sources=data["sources"],
            hold_notice=data.get("hold_notice", self._hold_notice),
            follows_area=any(p.end is EndKind.area for p in phases),
        )

    def _fault(self, path: Path, message: str, hint: str = "") -> None:
        self._problems.append(self._source.problem(path, message, hint))

    def _condition(self, path: Path, name: str, data: Any) -> Condition:
        fields = KIND_SPECS[self._kind].fields
        if name not in fields:
            self._fault(path, f"{self._kind.value} has no field {name!r}", "one of: " + ", ".join(fields))
        elif isinstance(data, list) and fields[name].type != "choice":
            self._fault(path, f"{name!r} is no field with fixed words", "use min and max for a number")
        elif isinstance(data, list):
            for value in data:
                if value not in fields[name].choices:
                    self._fault(path, f"{value!r} is no value of {name}", "one of: " + ", ".join(fields[name].choices))
        if isinstance(data, list):
            return Condition(name, frozenset(data))
        return Condition(name, frozenset(), data.get("min"), data.get("max"))

    def _severity(self, path: Path, color: str) -> int:
        if color not in self._colors:
            known = ", ".join(c.id for c in self._colors.definitions)
            self._fault(path, f"{color!r} is no configured color", f"one of: {known}")
            return 0
        return self._colors.severity(color)

    def _phase(self, path: Path, data: Data) -> Phase:
        color: str = data["color"]
        severity = self._severity((*path, "color"), color)
        held: str = data.get("missed_color", color)
        hold_severity = self._severity((*path, "missed_color"), held) if held != color else severity
        when = next((self._condition((*path, "when"), f, w) for f, w in data.get("when", {}).items()), None)
        until: Data = data.get("until", {})
        end = self._end(data, until)
        first, last = self._days(path, data, until)
        return Phase(
            id=data["id"],
            name=data["name"],
            color=color,
            severity=severity,
            end=end,
            first=first,
            last=last,
            from_previous=data.get("from") == "previous",
            event=Event(until["event"]) if "event" in until else None,
            end_field=self._end_field(path, until),
            level=data.get("while_area", ""),
            review_days=int(until.get("review_days") or data.get("review_days") or REVIEW_DAYS),
            schedule=self._schedule(data.get("tests")),
            hold_color=held,
            hold_severity=hold_severity,
            notices=tuple(data.get("notices", [])),
            when=when,
        )

    def _end(self, data: Data, until: Data) -> EndKind:
        if "days" in data:
            return EndKind.days
        if "while_area" in data:
            return EndKind.area
        return EndKind.event if "event" in until else EndKind.tests if "tests" in until else EndKind.field

    def _days(self, path: Path, data: Data, until: Data) -> tuple[int, int]:
        if "days" in data:
            first, last = data["days"]
            if last < first:
                self._fault((*path, "days"), "the last day comes before the first", f"write [{last}, {first}]")
            return first, last
        return 0, until.get("by_day", 0)

    def _end_field(self, path: Path, until: Data) -> str:
        name: str = until.get("field", "")
        fields = KIND_SPECS[self._kind].fields
        if name and (name not in fields or fields[name].type != "day"):
            days = ", ".join(f for f, rule in fields.items() if rule.type == "day") or "none"
            self._fault((*path, "until", "field"), f"{name!r} is no day field of {self._kind.value}", f"one of: {days}")
        return name

    def _schedule(self, data: Data | None) -> Schedule | None:
        if data is None:
            return None
        if "days" in data:
            return Schedule(days=tuple(sorted(data["days"])))
        return Schedule(
            count=data["count"], spacing=data.get("min_spacing_h", 0) * 60, from_day=data.get("from_day", 0)
        )


def cases_build(source: Source) -> list[Case]:
    """The test cases of a `*.cases.yaml`."""
    data = _data(source)
    cases: list[Mapping[str, Any]] = data["cases"]
    return [
        Case(
            rule=data["rule"],
            name=c["name"],
            file=source.file,
            line=source.line(("cases", i)),
            evidence=tuple(c["evidence"]),
            areas=tuple(c.get("areas", [])),
            holds_code=c.get("holds_code", True),
            expect=tuple(c["expect"]),
        )
        for i, c in enumerate(cases)
    ]
