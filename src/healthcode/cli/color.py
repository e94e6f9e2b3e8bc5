"""`healthcode color`: evaluate evidence under a ruleset without a database; the rest works on the store."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from healthcode.adapters.rulebook_files import RulebookError, ruleset_load
from healthcode.cli.color_run import color_run
from healthcode.cli.color_store import color_audit, color_explain, color_replay
from healthcode.cli.rehearse import rehearse
from healthcode.domain.time import Minute, minute_parse
from healthcode.rules.document import DocumentFault, Subject, evaluation_to_json, subject_from_json
from healthcode.rules.evaluate import evaluate as evaluate_subject
from healthcode.rules.explain import explanation_document
from healthcode.rules.model import Ruleset
from healthcode.rules.problem import RulesetError

app = typer.Typer(help="Evaluate evidence under a ruleset; explain, replay and audit decisions.", no_args_is_help=True)
app.command("explain")(color_explain)
app.command("replay")(color_replay)
app.command("audit")(color_audit)
app.command("rehearse")(rehearse)
app.command("run")(color_run)


@app.callback()
def color() -> None:
    """The color follows from recorded evidence and a published rule; nothing here can set one."""


def _fail(message: str, code: int = 1) -> typer.Exit:
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, style="red", markup=False)
    return typer.Exit(code)


def _instant(text: str) -> Minute:
    try:
        return minute_parse(text)
    except ValueError:
        raise _fail(f"--now {text!r} is no instant with an offset; write 2022-10-13T08:00+08:00", 2) from None


def _ruleset(name: str, rulebook: Path | None) -> Ruleset:
    try:
        return ruleset_load(name, rulebook)
    except (RulebookError, RulesetError) as error:
        raise _fail(str(error)) from None


def _subject(file: Path) -> Subject:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return subject_from_json(json.loads(content.decode("utf-8-sig")))
    except OSError as error:
        raise _fail(f"{file} cannot be read: {error.strerror}") from None
    except DocumentFault as error:
        lines = [f"{path or 'document'}: {message}" for path, message in error.problems]
        raise _fail("\n".join(lines)) from None
    except (ValueError, RecursionError) as error:
        raise _fail(f"{file} is no UTF-8 JSON: {error}; see spec/evidence.schema.json") from None


@app.command()
def evaluate(
    ruleset: Annotated[str, typer.Option("--ruleset", help="Id of the ruleset, for example ninth-edition.")],
    now: Annotated[str, typer.Option("--now", help="Instant of the answer, RFC 3339 with its offset.")],
    file: Annotated[Path, typer.Argument(help="JSON of one subject's evidence; - reads standard input.")] = Path("-"),
    rulebook: Annotated[
        Path | None, typer.Option("--rulebook", help="Folder of the rulebook. Default: the one in use.")
    ] = None,
) -> None:
    """Print the decision with its timeline and explanation as JSON (spec/evaluation.schema.json).

    Exit code 0: answered; 1: the input or the ruleset is at fault; 2: the command is.
    """
    instant = _instant(now)
    rules = _ruleset(ruleset, rulebook)
    subject = _subject(file)
    answer = evaluate_subject(subject.evidence, subject.areas, rules, instant, holds_code=subject.holds_code)
    document: dict[str, Any] = evaluation_to_json(answer, rules)
    document["explanation"] = explanation_document(answer, rules, subject.evidence, offices=subject.offices)
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
