"""What becomes of open grounds when one ruleset takes over from another (color.md, Transition)."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from healthcode.adapters.rulebook_files import RulebookError, rulebook_folder, ruleset_in_force, rulesets_all
from healthcode.domain.area import Area, AreaLevel
from healthcode.domain.evidence import Evidence, EvidenceKind
from healthcode.domain.time import day_of, minute_parse
from healthcode.rules.document import evaluation_from_json, evaluation_to_json
from healthcode.rules.evaluate import evaluate
from healthcode.rules.explain import explain
from healthcode.rules.model import Rule, Ruleset, Transition
from healthcode.rules.result import Evaluation, Ground
from healthcode.rules.succession import HistoryError, RulesetHistory
from tests.rulebook import ninth, succession


def when(text: str) -> int:
    """A minute of 2022: `11-05T20:00`."""
    return minute_parse(f"2022-{text}+08:00")


def exposed(kind: str, anchor: str, learned: str, **fields: object) -> Evidence:
    """Evidence with a day 0 of 2022."""
    day = day_of(when(f"{anchor}T12:00"))
    return Evidence("zhao", EvidenceKind(kind), fields, day, when(f"{anchor}T00:00"), when(learned))


def negative(day: str) -> Evidence:
    """A negative sampled at nine and known at noon."""
    fields = {"result": "negative", "pool_size": 1}
    return Evidence(f"swab-{day}", EvidenceKind.test, fields, None, when(f"{day}T09:00"), when(f"{day}T12:00"))


def ask(evidence: list[Evidence], now: str, *areas: Area, rules: RulesetHistory | None = None) -> Evaluation:
    """The answer under the four rulesets, one after the other."""
    return evaluate(evidence, areas, rules or succession(), when(now), holds_code=True)


def only(evaluation: Evaluation) -> Ground:
    (ground,) = evaluation.grounds
    return ground


CONTACT = exposed("close_contact", "11-05", "11-05T20:00")
SWABS = [negative(f"11-{day:02d}") for day in (6, 7, 8, 10)]


def with_transition(ruleset: Ruleset, rule_id: str, transition: Transition) -> Ruleset:
    """A ruleset whose one rule hands over differently."""

    def changed(rule: Rule) -> Rule:
        return replace(rule, transition=transition) if rule.id == rule_id else rule

    kinds = {kind: tuple(changed(r) for r in rules) for kind, rules in ruleset.by_kind.items()}
    return replace(ruleset, rules=tuple(changed(r) for r in ruleset.rules), by_kind=kinds)


def handing_over(transition: Transition, *, swapped: bool = False) -> RulesetHistory:
    """Ninth edition and twenty measures (or the other way round), with one transition of close contacts."""
    old, new = succession().rulesets[1:3]
    if swapped:
        old, new = replace(new, from_=old.from_, until=old.until), replace(old, from_=new.from_, until=new.until)
    return RulesetHistory.of([old, with_transition(new, "close_contact", transition), succession().rulesets[3]])


def test_exactly_one_ruleset_is_in_force_at_any_instant() -> None:
    """From one midnight to the next."""
    ids = [
        succession().at(when(t)).id for t in ("06-27T23:59", "06-28T00:00", "11-10T23:59", "11-11T00:00", "12-07T00:00")
    ]
    assert ids == ["eighth-practice", "ninth-edition", "ninth-edition", "twenty-measures", "ten-measures"]


def test_seven_and_three_becomes_five_and_three_at_the_switch() -> None:
    """Recompute: day 5 is over when the twenty measures take over on day 6, and the timeline said so on day 1."""
    before, after = ask([CONTACT, *SWABS], "11-10T23:59"), ask([CONTACT, *SWABS], "11-11T00:00")
    assert (before.color, before.timeline[0].minute) == ("red", when("11-11T00:00"))
    assert (after.color, only(after).phase, only(after).ruleset) == ("yellow", "home", "twenty-measures@1.0")
    assert ask([CONTACT], "11-06T08:00").timeline[0].minute == when("11-11T00:00")


def test_test_days_already_past_are_waived_by_recompute() -> None:
    """Nobody is held for a day that the new plan counts and the old one did not."""
    assert ask([CONTACT], "11-11T00:00").color == "yellow"
    assert {s.day for s in only(ask([CONTACT], "11-11T00:00")).tests_due} == {
        day_of(when(f"11-{d}T12:00")) for d in (11, 13)
    }


def test_a_period_over_by_the_new_numbers_ends_with_the_switch() -> None:
    """Day 9 of seven and three is past the eighth day of five and three."""
    contact = exposed("close_contact", "11-02", "11-02T20:00")
    assert ask([contact], "11-10T23:59").color == "red"
    assert ask([contact], "11-11T00:00").color == "green"


def test_evidence_recorded_after_a_switch_uses_the_new_set_whatever_its_anchor() -> None:
    """Day 0 in October, determined in November."""
    contact = exposed("close_contact", "11-09", "11-12T08:00")
    assert only(ask([contact], "11-12T08:00")).ruleset == "twenty-measures@1.0"
    assert ask([exposed("secondary_contact", "11-10", "11-11T08:00")], "11-11T08:00").color == "green"


def test_continue_lets_open_grounds_run_out_under_their_old_numbers() -> None:
    """Central isolation until day 7, as it began."""
    rules = handing_over(Transition("continue"))
    answer = ask([CONTACT, *SWABS, negative("11-12")], "11-11T00:00", rules=rules)
    assert (answer.color, only(answer).ruleset) == ("red", "ninth-edition@1.1")
    assert answer.timeline[0].minute == when("11-13T00:00")


def test_end_closes_open_grounds_at_the_switch() -> None:
    """Ten measures: every exposure ground ends, an infection does not."""
    late = exposed("close_contact", "12-05", "12-05T20:00")
    ill = exposed("infection", "12-05", "12-05T20:00", category="confirmed")
    assert ask([late], "12-06T23:59").color == "red"
    assert ask([late], "12-07T00:00").color == "green"
    assert ask([replace(ill, id="ill"), late], "12-07T00:00").color == "red"


def test_an_abolished_rule_ends_as_the_new_ruleset_says() -> None:
    """Secondary contacts are no longer determined, and those determined are free."""
    secondary = exposed("secondary_contact", "11-08", "11-08T20:00", linked_tests="negative")
    assert (ask([secondary], "11-10T23:59").color, ask([secondary], "11-11T00:00").color) == ("yellow", "green")


def test_nobody_worsens_when_a_longer_plan_takes_over() -> None:
    """Red until day 7 would be worse than yellow on day 6: the old numbers hold, unless the clause says otherwise."""
    milder, worse = Transition("recompute"), Transition("recompute", may_worsen=True)
    swabs = [*SWABS, negative("11-11"), negative("11-12"), negative("11-13")]
    kept = ask([CONTACT, *swabs], "11-11T12:00", rules=handing_over(milder, swapped=True))
    worsened = ask([CONTACT, *swabs], "11-11T12:00", rules=handing_over(worse, swapped=True))
    assert (kept.color, worsened.color) == ("yellow", "red")
    later = ask([CONTACT, *swabs], "11-13T12:00", rules=handing_over(milder, swapped=True))
    assert only(later).until == when("11-14T00:00")


def test_residents_of_an_area_follow_the_ruleset_of_the_day() -> None:
    """A medium-risk area colored its residents until the class was abolished."""
    stay = exposed("area_stay", "11-01", "11-01T08:00", area="A1", relation="resident")
    medium = Area("A1", AreaLevel.medium, when("11-01T00:00"))
    assert ask([stay], "11-10T23:59", medium).color == "yellow"
    assert ask([stay], "11-11T00:00", medium).color == "green"


def test_the_explanation_names_the_rules_that_apply() -> None:
    """Continued grounds keep their clause; JSON gives back the same answer."""
    rules = handing_over(Transition("continue"))
    answer = ask([CONTACT, *SWABS], "11-11T00:00", rules=rules)
    assert "第九版" in explain(answer, rules, [CONTACT], "zh").grounds[0].clause
    assert evaluation_from_json(evaluation_to_json(answer, rules), rules) == answer


def test_rulesets_that_leave_a_gap_or_forget_a_rule_cannot_follow_one_another() -> None:
    """Each fault says what to write."""
    first, second = succession().rulesets[1:3]
    with pytest.raises(HistoryError, match="write `until: 2022-11-12"):
        RulesetHistory.of([first, replace(second, from_=when("11-12T00:00"))])
    with pytest.raises(HistoryError, match="name secondary_contact under `abolished`"):
        RulesetHistory.of([first, replace(second, abolished={})])


def test_the_region_file_names_the_ruleset_that_services_load(tmp_path: Path) -> None:
    """Without it the clock decides."""
    book = shutil.copytree(rulebook_folder(), tmp_path / "rulebook")
    assert ruleset_in_force(book, when("12-31T00:00")).id == "ninth-edition"
    (book / "shanxi" / "region.yaml").unlink()
    assert ruleset_in_force(book, when("12-31T00:00")).id == "ten-measures"
    with pytest.raises(RulebookError, match="in force now"):
        ruleset_in_force(book, minute_parse("2020-01-01T00:00+08:00"))
    assert [r.id for r in rulesets_all(book)][1] == ninth().id
