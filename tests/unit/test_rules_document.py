"""JSON in and out, the published schemas, and the commands that read them."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from healthcode.cli import color, rules
from healthcode.rules.document import (
    DocumentFault,
    evaluation_from_json,
    evaluation_to_json,
    evidence_from_json,
    evidence_to_json,
    subject_from_json,
)
from healthcode.rules.document_schema import EVALUATION
from tests.rulebook import ask, at, fact, ninth, swab

SPEC = Path(__file__).resolve().parents[2] / "spec"
RUN = CliRunner()
MORNING = "2022-10-01T09:00+08:00"
EVIDENCE = [fact("close_contact", "zhao"), swab(2), fact("infection", "i", category="confirmed", learned=at(4))]
INPUT = {"evidence": [evidence_to_json(e) for e in EVIDENCE], "holds_code": True}


def test_the_schemas_in_spec_are_those_that_the_loader_uses() -> None:
    """`healthcode rules schemas spec` writes them."""
    written = {name: (SPEC / name).read_text(encoding="utf-8") for name in rules.schema_files()}
    assert written == rules.schema_files()
    for text in written.values():
        Draft202012Validator.check_schema(json.loads(text))


def test_evidence_read_again_is_the_same() -> None:
    """Nothing is lost between control and a file."""
    assert list(subject_from_json(INPUT).evidence) == EVIDENCE


def test_a_stored_answer_read_again_is_the_same() -> None:
    """Decisions replay."""
    answer = ask(EVIDENCE, at(20))
    document = json.loads(json.dumps(evaluation_to_json(answer, ninth())))
    Draft202012Validator(EVALUATION).validate(document)
    assert evaluation_from_json(document, ninth()) == answer


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"kind": "debt"}, "evidence[0].kind"),
        ({"kind": "test"}, "evidence[0]"),
        (
            {"kind": "test", "occurred": "2022-10-01T09:00+08:00", "fields": {"result": "fine"}},
            "evidence[0].fields.result",
        ),
        ({"kind": "close_contact", "occurred": MORNING}, "evidence[0].anchor"),
        ({"kind": "close_contact", "anchor": "2022-13-01"}, "evidence[0].anchor"),
        ({"kind": "close_contact", "anchor": "2022-10-02", "learned": "2022-10-01T09:00+08:00"}, "evidence[0].anchor"),
        ({"kind": "test", "occurred": "2022-10-01T99:00+08:00"}, "evidence[0].occurred"),
    ],
)
def test_a_record_at_fault_names_its_place(record: dict[str, object], place: str) -> None:
    """Also where only one field is wrong."""
    with pytest.raises(DocumentFault) as caught:
        evidence_from_json(record)
    assert place in {path for path, _ in caught.value.problems}


def test_color_evaluate_reads_evidence_and_prints_the_decision() -> None:
    """JSON in, JSON out, no database."""
    command = ["evaluate", "--ruleset", "ninth-edition", "--now", "2022-10-03T08:00+08:00", "-"]
    result = RUN.invoke(color.app, command, input=json.dumps(INPUT))
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    Draft202012Validator(EVALUATION).validate(answer)
    assert (answer["color"], answer["explanation"]["zh"]["color_word"]) == ("red", "红码")


@pytest.mark.parametrize(
    ("arguments", "given", "code"),
    [
        (["--ruleset", "tenth-edition", "--now", "2022-10-03T08:00+08:00"], "{}", 1),
        (["--ruleset", "ninth-edition", "--now", "yesterday"], "{}", 2),
        (["--ruleset", "ninth-edition", "--now", "2022-10-03T08:00+08:00"], "{", 1),
        (["--ruleset", "ninth-edition", "--now", "2022-10-03T08:00+08:00"], "[]", 1),
        (["--ruleset", "ninth-edition", "--now", "2022-10-03T08:00+08:00"], '{"evidence": [{"kind": "debt"}]}', 1),
    ],
)
def test_color_evaluate_says_what_is_wrong(arguments: list[str], given: str, code: int) -> None:
    """A sentence, never a traceback."""
    result = RUN.invoke(color.app, ["evaluate", *arguments], input=given)
    assert (result.exit_code, result.stdout) == (code, "")
    assert len(result.stderr) > 20
    assert "Traceback" not in result.stderr


def test_rules_check_finds_the_rulebook_in_order(tmp_path: Path) -> None:
    """And says where one is missing."""
    good, none = RUN.invoke(rules.app, ["check"]), RUN.invoke(rules.app, ["check", str(tmp_path)])
    assert (good.exit_code, none.exit_code) == (0, 2)
    assert "16 rules" in good.stdout


def test_rules_check_points_at_the_line(tmp_path: Path) -> None:
    """File, line, field, and what to write."""
    for file in Path(rules.rulebook_folder(), "shanxi", "ninth-edition").glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        (tmp_path / file.name).write_text(text.replace("severity: 20", "severity: many"), encoding="utf-8")
    result = RUN.invoke(rules.app, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert "colors.yaml:21: colors[2].severity" in result.stderr
