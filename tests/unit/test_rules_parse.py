"""A fault in a rulebook is told with file, line, field and what to write instead."""

from pathlib import Path

import pytest

from healthcode.adapters.rulebook_files import rulebook_folder, ruleset_files, ruleset_folders, ruleset_load
from healthcode.rules.cases import ruleset_case_problems
from healthcode.rules.evaluate import evaluate, record_steps
from healthcode.rules.parse import parse_ruleset
from healthcode.rules.problem import Problem, RulesetError
from tests.rulebook import at, fact, ninth

FOLDER = ruleset_folders(rulebook_folder())["ninth-edition"]
FILES = dict(ruleset_files(FOLDER))
RULE = "close_contact.yaml"


def problems(name: str, old: str, new: str) -> list[Problem]:
    """What is told when one word of one file is wrong."""
    text = FILES[name].decode()
    assert old in text
    with pytest.raises(RulesetError) as caught:
        parse_ruleset(FILES | {name: text.replace(old, new, 1).encode()})
    return caught.value.problems


def told(name: str, old: str, new: str) -> str:
    (problem,) = problems(name, old, new)
    assert problem.file == name
    return str(problem)


def test_the_ninth_edition_answers_every_case_beside_its_rules() -> None:
    """Every row of the table of facts has a rule, every phase a case."""
    assert ruleset_case_problems(ninth()) == []
    assert len(ninth().rules) == 16


@pytest.mark.parametrize("name", ["eighth-practice", "twenty-measures", "ten-measures"])
def test_every_other_ruleset_answers_its_cases(name: str) -> None:
    """Four in ten months is the test of Art. 15."""
    assert ruleset_case_problems(ruleset_load(name)) == []


def test_an_abolished_rule_may_not_stand_in_the_ruleset() -> None:
    """It would both end and go on."""
    old, new = "area_levels:", "abolished: {close_contact: {mode: end, source: ninth}}\narea_levels:"
    assert "take it out of `abolished`" in told("ruleset.yaml", old, new)


def test_an_area_is_downgraded_downwards_and_by_a_named_source() -> None:
    """Days without a case are numbers of the ruleset like any other."""
    assert "downgrades go down" in told("ruleset.yaml", "level: medium, to: low", "level: medium, to: high")
    assert "one of: ninth" in told("ruleset.yaml", "clear_days: 7, source: ninth", "clear_days: 7, source: rumour")


def test_every_row_stands_in_a_file_that_the_head_lists() -> None:
    """No rule lies beside the ruleset unseen."""
    assert {f"{r.id}.yaml" for r in ninth().rules} == {
        n for n in FILES if not n.endswith(".cases.yaml") and n not in ("ruleset.yaml", "colors.yaml", "policies.yaml")
    }


def test_a_misspelt_field_names_line_and_the_right_word() -> None:
    """The officer who writes a rule is no programmer."""
    (problem,) = [p for p in problems(RULE, "    color: red", "    colour: red") if "did you mean" in p.hint]
    assert problem.line == FILES[RULE].decode().splitlines().index("    color: red") + 1
    assert "did you mean 'color'?" in problem.hint


def test_a_missing_field_says_which_line_to_add() -> None:
    """The hint can be copied."""
    assert any("add `title:`" in p.hint for p in problems(RULE, "\ntitle:", "\ntitel:"))


def test_a_color_that_is_not_configured_is_refused() -> None:
    """Colors are those of colors.yaml."""
    assert "one of: green, yellow, red" in told(RULE, "color: yellow", "color: orange")


def test_a_gap_between_phases_is_refused() -> None:
    """A day without a phase would be a day without a color."""
    assert "begin with day 8" in told(RULE, "days: [8, 10]", "days: [9, 10]")


def test_a_test_day_outside_its_phase_is_refused() -> None:
    """It could never be due."""
    assert "days 8 to 10" in told(RULE, "tests: {days: [10]}", "tests: {days: [11]}")


def test_a_number_without_a_source_is_refused() -> None:
    """Sourced, or marked as a configurable default."""
    assert "`default` if nobody says" in told(RULE, "  home.days: ninth\n", "")
    assert "one of: ninth, regulation" in told(RULE, "home.days: ninth", "home.days: hearsay")


def test_a_text_without_english_is_refused() -> None:
    """All texts in all languages."""
    assert "'en' is missing" in told(
        RULE, "name: {zh: 居家健康监测, en: Health monitoring at home}", "name: {zh: 居家}"
    )


def test_a_phase_with_two_ends_is_refused() -> None:
    """Exactly one of days, until, while_area."""
    assert "exactly one of" in told(RULE, "    days: [8, 10]", "    days: [8, 10]\n    until: {event: discharged}")


def test_an_evidence_kind_outside_the_closed_list_is_refused() -> None:
    """A debt is no evidence."""
    assert "did you mean" in problems(RULE, "evidence: close_contact", "evidence: close_contacts")[0].hint


def test_a_rule_that_opens_on_a_negative_test_is_refused() -> None:
    """A test opens a ground only when positive."""
    name = "positive_single.yaml"
    assert "result: [positive]" in told(name, "result: [positive]", "result: [negative]")


def test_a_ruleset_for_a_later_engine_is_refused() -> None:
    """The language grows; an old release must not guess."""
    assert "this release speaks 1.2" in told("ruleset.yaml", 'engine: "1.1"', 'engine: "1.3"')


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rule: [",
        b"\xff\xfe\x00",
        b"a: &x [1]\nb: *x\n",
        b"a: 1\na: 2\n",
        b"a: !!python/name:os.system x\n",
        b"[" * 100_000,
        b"- " * 50_000 + b"a",
        b"a: &a [*a]",
        b"- 1",
    ],
)
def test_a_file_that_is_no_plain_data_is_refused(content: bytes) -> None:
    """No tags, aliases, doubled keys, other encodings."""
    with pytest.raises(RulesetError):
        parse_ruleset(FILES | {RULE: content})


def test_a_missing_file_is_named() -> None:
    """Also the cases, which are part of the rule."""
    for name in ("colors.yaml", "symptom.yaml", "symptom.cases.yaml"):
        with pytest.raises(RulesetError) as caught:
            parse_ruleset({n: c for n, c in FILES.items() if n != name})
        assert name in str(caught.value)


def test_a_case_that_is_answered_otherwise_is_told() -> None:
    """A changed number without changed cases does not pass."""
    wrong = FILES | {RULE: FILES[RULE].replace(b"days: [0, 7]", b"days: [0, 6]").replace(b"[8, 10]", b"[7, 10]")}
    wrong[RULE] = wrong[RULE].replace(b"[1, 2, 3, 5, 7]", b"[1, 2, 3, 5, 6]")
    told = ruleset_case_problems(parse_ruleset(wrong))
    assert {p.file for p in told} == {"close_contact.cases.yaml"}
    assert any("expected '2022-10-09T00:00+08:00'" in p.message for p in told)


def test_files_may_stand_in_one_folder() -> None:
    """As a region's folder gives them."""
    inside = {f"ninth-edition/{name}": content for name, content in FILES.items()}
    assert parse_ruleset(inside).digest == ninth().digest
    assert Path(FOLDER).name == "ninth-edition"


def test_a_policy_that_refuses_green_or_asks_for_more_papers_is_refused() -> None:
    """Art. 4, 9: no second code, no extra paper."""
    assert "let 'green' pass" in told("policies.yaml", "colors: [green]", "colors: [yellow]")
    assert "no field here" in told("policies.yaml", "  colors: [green]", "  colors: [green]\n  second_code: yes")


def test_a_fourth_color_needs_no_code() -> None:
    """Art. 14: in special circumstances there are more colors."""
    orange = FILES["colors.yaml"].replace(b"id: yellow", b"id: orange").replace(b"state: 3", b"state: 5")
    orange = orange.replace(b"severity: 10", b"severity: 15").split(b"  - id: orange")[1].split(b"  - id: red")[0]
    files = FILES | {"colors.yaml": FILES["colors.yaml"] + b"  - id: orange" + orange}
    files["symptom.yaml"] = FILES["symptom.yaml"].replace(b"color: yellow", b"color: orange")
    ruleset = parse_ruleset(files)
    answer = evaluate([fact("symptom", "s", symptoms=["fever"])], [], ruleset, at(2), holds_code=True)
    assert (answer.color, record_steps(answer, ruleset)[0][1]) == ("orange", 5)
