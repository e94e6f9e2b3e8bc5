"""`healthcode rules`: check rulesets and run their test cases."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from healthcode.adapters.rulebook_files import RulebookError, rulebook_folder, ruleset_files, ruleset_folders
from healthcode.rules.cases import ruleset_case_problems
from healthcode.rules.document_schema import EVALUATION, EVIDENCE
from healthcode.rules.parse import parse_ruleset
from healthcode.rules.problem import Problem, RulesetError
from healthcode.rules.schema import PUBLISHED

app = typer.Typer(help="Check rulesets and run their test cases.", no_args_is_help=True)


@app.callback()
def rules() -> None:
    """Rules are data: a rulebook folder with rules, colors, check policies and their test cases."""


def _checked(folder: Path) -> tuple[str, list[Problem]]:
    try:
        ruleset = parse_ruleset(ruleset_files(folder))
    except RulesetError as error:
        return "", error.problems
    told = f"{ruleset.id} {ruleset.version}: {len(ruleset.rules)} rules, {len(ruleset.cases)} cases"
    return told, ruleset_case_problems(ruleset)


@app.command()
def check(
    path: Annotated[
        Path | None, typer.Argument(help="A ruleset, a region or a whole rulebook. Default: the rulebook in use.")
    ] = None,
) -> None:
    """Prove that rulesets keep the schema, name sources for their numbers and answer every test case.

    Exit code 0: all in order; 1: problems, each with file, line, field and what to write; 2: no ruleset there.
    """
    out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        place = path or rulebook_folder()
    except RulebookError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(2) from None
    folders = ruleset_folders(place)
    if not folders:
        err.print(f"no ruleset.yaml under {place}; name a folder of the rulebook", markup=False)
        raise typer.Exit(2)
    failed = False
    for folder in folders.values():
        told, problems = _checked(folder)
        for problem in problems:
            err.print(f"{folder / str(problem).split(':', 1)[0]}:{str(problem).split(':', 1)[1]}", markup=False)
        failed = failed or bool(problems)
        if told:
            out.print(f"{told}: {'in order' if not problems else f'{len(problems)} problem(s)'}", markup=False)
    raise typer.Exit(1 if failed else 0)


def schema_files() -> dict[str, str]:
    """The published schemas by file name, as they stand in `spec/`."""
    schemas = {**PUBLISHED, "evidence.schema.json": EVIDENCE, "evaluation.schema.json": EVALUATION}
    return {name: json.dumps(schema, ensure_ascii=False, indent=2) + "\n" for name, schema in schemas.items()}


@app.command()
def schemas(folder: Annotated[Path, typer.Argument(help="Folder to write them to, usually spec.")]) -> None:
    """Write the published JSON Schemas of rulebook, evidence and evaluation."""
    for name, text in schema_files().items():
        (folder / name).write_text(text, encoding="utf-8")
