"""Rules in plain words, from the parsed rules themselves: what opens a ground, its days, its tests, what ends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from healthcode.control.language import language, say
from healthcode.domain.evidence import KIND_SPECS
from healthcode.rules.explain import color_word
from healthcode.rules.model import EndKind, Event, Phase, Rule, Ruleset, Schedule
from healthcode.rules.words import Lang

_EVENTS: Mapping[Event, tuple[str, str]] = {
    Event.discharged: ("出院（舱）", "discharge"),
    Event.excluded: ("排除", "an exclusion"),
    Event.completed: ("措施完成", "completion of the measure"),
    Event.certified: ("出具证明", "a certificate"),
    Event.single_test: ("单采结果", "the single test"),
    Event.replaced: ("本地区的后续通报", "a later word of the same region"),
}


@dataclass(frozen=True, slots=True)
class PlainPhase:
    """One phase: its color, how long, which tests."""

    name: str
    color: str
    word: str
    shape: str
    lasts: str
    tests: str


@dataclass(frozen=True, slots=True)
class PlainRule:
    """One rule as anybody may read it."""

    id: str
    title: str
    opens: str
    phases: tuple[PlainPhase, ...]
    ends: str
    way_out: str
    clause: str
    source: str
    mark: str


def ruleset_plain(ruleset: Ruleset) -> list[PlainRule]:
    """Every rule of a set in the language of the request, in the order of the set."""
    return [_rule(ruleset, rule) for rule in ruleset.rules]


def ruleset_differences(former: Ruleset, later: Ruleset) -> list[tuple[str, str]]:
    """What changed from one set to the next: (rule's title, sentence), nothing where the words are the same."""
    old, new = ({rule.id: rule for rule in ruleset_plain(r)} for r in (former, later))
    told = [(rule.title, say("新增。", "New.")) for key, rule in new.items() if key not in old]
    told += [(rule.title, say("取消。", "Dropped.")) for key, rule in old.items() if key not in new]
    for key in [key for key in new if key in old]:
        told += [(new[key].title, sentence) for sentence in _changes(old[key], new[key])]
    return told


def _changes(old: PlainRule, new: PlainRule) -> list[str]:
    before, after = (" → ".join(_phase_words(phase) for phase in rule.phases) for rule in (old, new))
    pairs = [(before, after), (old.opens, new.opens), (old.ends, new.ends)]
    return [say(f"原：{a}；现：{b}", f"was: {a}; now: {b}") for a, b in pairs if a != b]


def _phase_words(phase: PlainPhase) -> str:
    parts = [f"{phase.word}（{phase.lasts}）" if language() == "zh" else f"{phase.word} ({phase.lasts})", phase.tests]
    return say("，", ", ").join(part for part in parts if part)


def _rule(ruleset: Ruleset, rule: Rule) -> PlainRule:
    lang = _lang()
    reference = ruleset.references[rule.clause.source]
    return PlainRule(
        id=rule.id,
        title=rule.title[lang],
        opens=_opens(rule),
        phases=tuple(_phase(ruleset, phase) for phase in rule.phases),
        ends=_ends(rule),
        way_out=rule.way_out[lang],
        clause=rule.clause.text[lang],
        source=reference.title[lang],
        mark=reference.mark,
    )


def _opens(rule: Rule) -> str:
    spec = KIND_SPECS[rule.evidence]
    kind = say(spec.name_zh, spec.name_en)
    day = {
        "learned": say("登记之日", "the day it is recorded"),
        "occurred": say("发生之日", "the day it happened"),
        "anchor": say(spec.anchor_zh, spec.anchor_en) or say("登记的起始日", "its recorded day 0"),
    }[rule.anchor]
    return say(f"登记“{kind}”即开始；第0天为{day}。", f"Opens with: {kind}. Day 0 is {day}.")


def _phase(ruleset: Ruleset, phase: Phase) -> PlainPhase:
    color = ruleset.colors.get(phase.color)
    return PlainPhase(
        name=phase.name[_lang()],
        color=phase.color,
        word=color_word(phase.color, ruleset, _lang()),
        shape=color.shape.replace("_", "-"),
        lasts=_lasts(phase),
        tests=_tests(phase.schedule),
    )


def _lasts(phase: Phase) -> str:
    if phase.end is EndKind.days:
        from_ = say("上一阶段结束后", "after the former phase, ") if phase.from_previous else ""
        return say(f"{from_}第{phase.first}至{phase.last}天", f"{from_}days {phase.first} to {phase.last}")
    if phase.end is EndKind.tests:
        return say(f"至规定检测完成，限第{phase.last}天", f"until the tests are done, by day {phase.last}")
    if phase.end is EndKind.area:
        return say("随所在风险区等级", "as long as the area has this level")
    if phase.end is EndKind.field:
        return say("至原登记的截止日", "until the recorded end")
    event = say(*_EVENTS[phase.event]) if phase.event else say("登记的事项", "a recorded event")
    return say(f"至{event}", f"until {event}")


def _tests(schedule: Schedule | None) -> str:
    if schedule is None:
        return ""
    if schedule.days:
        each = "各" if len(schedule.days) > 1 else ""
        days = say("、", ", ").join(str(day) for day in schedule.days)
        return say(f"第{days}天{each}检测一次", f"one test on day {days}")
    hours = schedule.spacing // 60
    return say(
        f"检测{schedule.count}次，每次间隔{hours}小时以上", f"{schedule.count} tests, at least {hours} hours apart"
    )


def _ends(rule: Rule) -> str:
    events = [say(*_EVENTS[event]) for event in sorted(rule.closed_by)]
    early = say("、", ", ").join(events)
    told = say("到期且检测完成后自动结束", "Ends by itself when its days and tests are complete")
    if not early:
        return say(f"{told}。", f"{told}.")
    return say(f"{told}；遇{early}提前结束。", f"{told}, earlier by {early}.")


def _lang() -> Lang:
    return "zh" if language() == "zh" else "en"
