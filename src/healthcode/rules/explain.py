"""The one explanation of an answer: rule, clause, evidence, phase, end, tests still due, office and phone to ask.

The resident's page, the officers' console, the receipt and the ledger show this text and no other (color.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from healthcode.domain.color import ABSENT, UNKNOWN
from healthcode.domain.division import division_get
from healthcode.domain.evidence import KIND_SPECS, Evidence
from healthcode.domain.time import Minute, day_of
from healthcode.domain.unit import NAMES
from healthcode.rules.model import EndKind, Phase, Rule, Ruleset, Text
from healthcode.rules.result import Evaluation, Ground
from healthcode.rules.schedule import Sampling
from healthcode.rules.succession import Rules, ruleset_at, ruleset_of
from healthcode.rules.words import LANGS, Lang, date_text, day_text, end_text, word

Offices = Mapping[str, Mapping[str, str]]
"""By county code: `zh`, `en` (the office's name) and `phone`."""


@dataclass(frozen=True, slots=True)
class GroundText:
    """One ground in words. `short` fits a card; `since`, `until` and `changes` are sentences without a full stop."""

    key: str
    rule: str
    title: str
    color: str
    color_word: str
    phase: str
    reason: str
    clause: str
    evidence: str
    since: str
    until: str
    changes: str
    tests: tuple[str, ...]
    way_out: str
    ask: str
    phone: str
    held: bool
    pending: bool
    short: str


@dataclass(frozen=True, slots=True)
class NoticeText:
    """One notice in words: what, on which basis, when it ends, what to do."""

    id: str
    text: str
    basis: str
    end: str
    way_out: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an answer is what it is, in one language. `color` is the answer's own, never another."""

    lang: str
    color: str
    color_word: str
    headline: str
    grounds: tuple[GroundText, ...]
    notices: tuple[NoticeText, ...]
    ruleset: str
    hotline: str


def explain(
    evaluation: Evaluation,
    rules: Rules,
    evidence: Sequence[Evidence],
    lang: Lang,
    *,
    offices: Offices | None = None,
) -> Explanation:
    """Put an answer into words. `evidence` is what was evaluated; `offices` says whom to ask, by county code."""
    records = {e.id: e for e in evidence}
    ruleset = ruleset_at(rules, evaluation.now)
    teller = _Teller(rules, evaluation.now, lang, offices or {})
    severity = ruleset.colors.severity
    grounds = sorted(evaluation.grounds, key=lambda g: (-severity(g.color), g.since, g.key))
    texts = tuple(teller.ground(g, records.get(g.record)) for g in grounds)
    name, phone = ruleset.hotline
    return Explanation(
        lang=lang,
        color=evaluation.color,
        color_word=color_word(evaluation.color, ruleset, lang),
        headline=_headline(evaluation, ruleset, texts, lang),
        grounds=texts,
        notices=tuple(teller.notice(n.id) for n in evaluation.notices),
        ruleset=f"{ruleset.title[lang]} {ruleset.version}",
        hotline=word("ask", lang, office=name[lang], phone=phone),
    )


def explanation_document(
    evaluation: Evaluation, rules: Rules, evidence: Sequence[Evidence], *, offices: Offices | None = None
) -> dict[str, Any]:
    """The explanation in every language as JSON, by language code."""
    return {lang: asdict(explain(evaluation, rules, evidence, lang, offices=offices)) for lang in LANGS}


def color_word(color: str, ruleset: Ruleset, lang: Lang) -> str:
    """The word of a color id, of `absent` and of `unknown`."""
    if color in (ABSENT, UNKNOWN):
        return word(f"{color}_word", lang)
    return ruleset.colors.get(color).word[lang]


def _headline(evaluation: Evaluation, ruleset: Ruleset, grounds: Sequence[GroundText], lang: Lang) -> str:
    color = evaluation.color
    if color in (ABSENT, UNKNOWN):
        return word(color, lang)
    told = color_word(color, ruleset, lang)
    titles = [g.title for g in grounds if g.color == color] or [g.title for g in grounds]
    unclear = word("also_unclear", lang) if evaluation.unclear else ""
    if not titles:
        return word("none", lang) + unclear
    joined = ("、" if lang == "zh" else ", ").join(dict.fromkeys(titles))
    key = "notice_only" if color == ruleset.colors.default.id else "because"
    sentence = word(key, lang, color=told, titles=joined)
    return sentence + (" " if unclear and lang == "en" else "") + unclear


class _Teller:
    """Tells grounds and notices in one language: each ground under the ruleset whose numbers apply to it."""

    def __init__(self, rules: Rules, now: Minute, lang: Lang, offices: Offices) -> None:
        self._rules = rules
        self._now = now
        self._ruleset = ruleset_at(rules, now)
        self._lang: Lang = lang
        self._offices = offices

    def notice(self, notice_id: str) -> NoticeText:
        notice = self._ruleset.notices[notice_id]
        lang = self._lang
        return NoticeText(notice.id, notice.text[lang], notice.basis[lang], notice.end[lang], notice.way_out[lang])

    def ground(self, ground: Ground, record: Evidence | None) -> GroundText:
        ruleset = ruleset_of(self._rules, ground.ruleset, self._now)
        rule = ruleset.rule(ground.rule)
        phase = next(p for p in rule.phases if p.id == ground.phase)
        until = self._until(ground, phase)
        lang = self._lang
        told = color_word(ground.color, self._ruleset, lang)
        office, phone = self._office(ground.county)
        changes = self._changes(ground)
        end = "，" if lang == "zh" else "; "
        return GroundText(
            key=ground.key,
            rule=ground.rule,
            title=rule.title[lang],
            color=ground.color,
            color_word=told,
            phase=phase.name[lang],
            reason=rule.reason[lang],
            clause=self._clause(rule, ruleset),
            evidence=self._evidence(record),
            since=date_text(day_of(ground.since), lang),
            until=until,
            changes=changes,
            tests=tuple(self._test(s, rule) for s in ground.tests_due),
            way_out=rule.way_out[lang],
            ask=word("ask", lang, office=office, phone=phone),
            phone=phone,
            held=ground.held,
            pending=ground.pending,
            short=f"{rule.title[lang]}{end}{changes or until}",
        )

    def _text(self, text: Text) -> str:
        return text[self._lang]

    def _clause(self, rule: Rule, ruleset: Ruleset) -> str:
        reference = ruleset.references[rule.clause.source]
        joint = "；" if self._lang == "zh" else "; "
        return f"{self._text(rule.clause.text)}{joint}{self._text(reference.title)}"

    def _evidence(self, record: Evidence | None) -> str:
        if record is None:
            return ""
        spec, lang = KIND_SPECS[record.kind], self._lang
        kind = spec.name_zh if lang == "zh" else spec.name_en
        source = record.source
        if not source and record.unit:
            source = NAMES[record.unit][0 if lang == "zh" else 1]
        learned = date_text(day_of(record.learned), lang)
        sentence = word("evidence", lang, kind=kind, source=source or word("unnamed_source", lang), learned=learned)
        if record.anchor is None or not spec.anchored:
            return sentence
        what = spec.anchor_zh if lang == "zh" else spec.anchor_en
        joint = "；" if lang == "zh" else "; "
        return sentence + joint + word("anchor", lang, what=what, day=date_text(record.anchor, lang))

    def _until(self, ground: Ground, phase: Phase) -> str:
        """How the whole ground ends, as far as it is known today."""
        lang = self._lang
        if ground.pending:
            return word("pending", lang)
        if ground.held:
            return word("held", lang)
        if ground.until is not None:
            return word("until", lang, end=end_text(ground.until, lang))
        if phase.end is EndKind.tests:
            return word("tests_end", lang)
        if ground.planned_end is not None:
            return word("planned", lang, end=end_text(ground.planned_end, lang))
        return word("event", lang, review=self._review(ground))

    def _review(self, ground: Ground) -> str:
        moment = ground.review if ground.review is not None else ground.next_change
        return day_text(day_of(moment if moment is not None else ground.since), self._lang)

    def _changes(self, ground: Ground) -> str:
        """The next change of this ground's color, if time or tests bring one before its end."""
        following = next((s for s in ground.spans if s.minute == ground.next_change), None)
        if following is None or following.phase < 0:
            return ""
        rule = ruleset_of(self._rules, following.ruleset, self._now).rule(ground.rule)
        if not following.held:
            return self._turn("turns", following.minute, rule.phases[following.phase], ground)
        later = rule.phases[following.phase + 1 : following.phase + 2]
        if not later or later[0].when is not None or rule.phases[following.phase].end is not EndKind.days:
            return ""
        return self._turn("turns_if", following.minute, later[0], ground)

    def _turn(self, key: str, minute: Minute, phase: Phase, ground: Ground) -> str:
        if phase.color == ground.color:
            return ""
        told = color_word(phase.color, self._ruleset, self._lang)
        return word(key, self._lang, at=end_text(minute, self._lang), color=told)

    def _test(self, sampling: Sampling, rule: Rule) -> str:
        lang = self._lang
        phase = next(p for p in rule.phases if p.id == sampling.phase)
        if sampling.day is not None:
            return word(f"test_{sampling.status}", lang, day=day_text(sampling.day, lang))
        spacing = (
            rule.catch_up.spacing if sampling.status == "make_up" or not phase.schedule else phase.schedule.spacing
        )
        key = "test_make_up" if sampling.status == "make_up" else "count_due"
        return word(key, lang, number=sampling.number, hours=spacing // 60)

    def _office(self, county: str) -> tuple[str, str]:
        """Whom to ask: the owning county's office, otherwise the public hotline."""
        zh = self._lang == "zh"
        office = self._offices.get(county)
        if office:
            return office["zh" if zh else "en"], office["phone"]
        name, phone = self._ruleset.hotline
        try:
            division = division_get(county)
        except KeyError:
            return self._text(name), phone
        place = division.name_zh if zh else division.name_en
        return (f"{place}（{name['zh']}转）" if zh else f"{place} (through the {name['en']})"), phone
