"""`healthcode color explain | replay | audit`: the store as the database role `auditor` sees it, numbers only."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from healthcode.cli.failure import teaching
from healthcode.control.audit.check import Tally, audit
from healthcode.control.audit.findings import Finding
from healthcode.control.audit.question import (
    Answer,
    QuestionError,
    Replayed,
    subject_answer,
    subject_replay,
    subject_trail,
)
from healthcode.domain.time import Minute, instant_of, minute_parse, minute_text
from healthcode.rules.document import evaluation_to_json
from healthcode.rules.explain import Explanation, Offices, color_word, explain, explanation_document
from healthcode.wiring.audit import audit_rulesets, audit_store
from healthcode.wiring.settings import settings_load


class Language(StrEnum):
    """Of the answer."""

    ZH = "zh"
    EN = "en"


Lang = Annotated[Language, typer.Option("--lang", help="Language of the answer.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Subject = Annotated[int, typer.Argument(min=1, help="The subject's number.")]
Since = Annotated[
    str | None, typer.Option("--since", help="Only who was derived since this instant, RFC 3339. A quick look.")
]
AsOf = Annotated[str, typer.Option("--as-of", help="The instant asked about, RFC 3339 with its offset.")]
AsKnown = Annotated[int, typer.Option("--as-known", min=1, help="The version whose knowledge counts.")]


@teaching
def color_explain(subject: Subject, lang: Lang = Language.ZH, as_json: Json = False) -> None:
    """Say why a subject has her color now: rule, clause, evidence, end, tests still due, whom to ask.

    Exit code 0: answered; 1: there is no such subject, or no answer.
    """
    settings = settings_load()
    with audit_store(settings, number=subject) as store, _asked():
        trail = subject_trail(store, subject)
        answer = subject_answer(trail, audit_rulesets(settings, store), now=datetime.now(UTC))
        offices = store.offices()
    if as_json:
        _print_json(_document(answer, offices) | {"subject": subject, "version": trail.state.version})
        return
    _print_answer(answer, offices, lang, subject)


@teaching
def color_replay(
    subject: Subject, as_of: AsOf, as_known: AsKnown, lang: Lang = Language.ZH, as_json: Json = False
) -> None:
    """Say what a subject's color should have been at an instant, knowing what a version knew, and what was said then.

    Exit code 0: both agree, or nothing had been said yet; 1: they differ, or there is no answer; 2: the command.
    """
    settings = settings_load()
    instant = _instant("--as-of", as_of)
    with audit_store(settings, number=subject) as store, _asked():
        trail = subject_trail(store, subject)
        replayed = subject_replay(trail, audit_rulesets(settings, store), as_of=instant, as_known=as_known)
        offices = store.offices()
    if as_json:
        decision = {"version": replayed.decided.version, "at": replayed.decided.decided_at.isoformat()}
        verdict = {"subject": subject, "decision": decision, "said": replayed.said, "agrees": replayed.agrees}
        _print_json(_document(replayed.answer, offices) | verdict)
    else:
        _print_answer(replayed.answer, offices, lang, subject)
        _print_replayed(replayed, lang)
    if not replayed.agrees:
        raise typer.Exit(1)


@teaching
def color_audit(since: Since = None, lang: Lang = Language.ZH, as_json: Json = False) -> None:
    """Derive every stored decision again from evidence and rules, and name each thing that does not follow.

    Works as database role auditor and prints subject numbers only. With --json one object per finding and line.
    Exit code 0: everything follows; 1: something does not; 2: the command is at fault.
    """
    settings = settings_load()
    begin = None if since is None else instant_of(_instant("--since", since))
    tally, found, started = Tally(), 0, time.monotonic()
    table = Table("code", "row", "subject", "what", "detail", show_lines=False)
    with audit_store(settings, since=begin) as store, _bar() as bar:
        task = bar.add_task("subjects", total=store.subjects())
        findings = audit(
            store, audit_rulesets(settings, store), tally=tally, progress=lambda done: bar.update(task, completed=done)
        )
        for finding in findings:
            found += 1
            if as_json:
                _line(finding, lang)
            elif found <= SHOWN:
                table.add_row(
                    finding.code, finding.row, str(finding.subject or ""), finding.meaning(lang.value), finding.detail
                )
    _summary(tally, found, time.monotonic() - started, None if as_json else table)
    if found:
        raise typer.Exit(1)


SHOWN = 1_000
"""As many findings as a table shows; --json prints all."""


def _summary(tally: Tally, found: int, seconds: float, table: Table | None) -> None:
    console = Console(highlight=False)
    if table is not None and found:
        console.print(table)
    counts = ", ".join(f"{count} {name}" for name, count in asdict(tally).items())
    verdict = f"{found} things do not follow" if found else "everything follows"
    Console(stderr=True, highlight=False, soft_wrap=True).print(
        f"{counts}; {seconds:.1f} s, {tally.decisions / max(seconds, 0.001):.0f} decisions/s: {verdict}"
        + (f" (the first {SHOWN} are shown; --json prints all)" if table is not None and found > SHOWN else "")
    )


def _bar() -> Progress:
    """A bar on the error stream, where it is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def _line(finding: Finding, lang: Language) -> None:
    sys.stdout.write(json.dumps(finding.document(lang.value), ensure_ascii=False) + "\n")


def _print_json(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def _document(answer: Answer, offices: Offices) -> dict[str, object]:
    told = explanation_document(answer.evaluation, answer.rules, answer.evidence, offices=offices)
    return {"evaluation": evaluation_to_json(answer.evaluation, answer.rules), "explanation": told}


def _print_answer(answer: Answer, offices: Offices, lang: Language, subject: int) -> None:
    told = explain(answer.evaluation, answer.rules, answer.evidence, lang.value, offices=offices)
    out = Console(highlight=False, soft_wrap=True)
    out.print(f"{subject} · {told.color_word} · {told.ruleset} · {minute_text(answer.evaluation.now)}", markup=False)
    for line in _lines(told):
        out.print(line, markup=False)


def _lines(told: Explanation) -> Iterator[str]:
    yield told.headline
    for ground in told.grounds:
        yield f"  {ground.title} · {ground.phase} · {ground.color_word}"
        parts = (ground.reason, ground.clause, ground.evidence, ground.changes, ground.until, *ground.tests)
        yield from (f"    {part}" for part in dict.fromkeys((*parts, ground.way_out, ground.ask)) if part)
    for notice in told.notices:
        yield from (f"  {part}" for part in (notice.text, notice.basis, notice.end, notice.way_out) if part)


def _print_replayed(replayed: Replayed, lang: Language) -> None:
    out = Console(highlight=False, soft_wrap=True)
    ruleset, version = replayed.answer.ruleset, replayed.decided.version
    said = None if replayed.said is None else color_word(replayed.said, ruleset, lang.value)
    if lang is Language.ZH:
        verdict = "尚未判定" if said is None else f"当时所示：{said}，{'相符' if replayed.agrees else '不符'}"
        out.print(f"依据第 {version} 版判定所知；{verdict}", markup=False)
        return
    verdict = (
        "nothing had been said yet" if said is None else f"it said {said}: {'agrees' if replayed.agrees else 'DIFFERS'}"
    )
    out.print(f"by what the decision of version {version} knew; {verdict}", markup=False)


def _instant(option: str, text: str) -> Minute:
    try:
        return minute_parse(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no instant with an offset; write 2022-10-13T08:00+08:00", param_hint=option
        ) from None


@contextmanager
def _asked() -> Iterator[None]:
    """Show a question that has no answer as text that teaches, with exit code 1."""
    try:
        yield
    except QuestionError as error:
        Console(stderr=True, highlight=False).print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
