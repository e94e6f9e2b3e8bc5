"""The handbook's commands are run as they stand there."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.control_world import REPOSITORY, World
from tests.journeys.test_notices import confirmed

PAGE = REPOSITORY / "docs" / "handbook" / "questions.md"
SHELL = shutil.which("sh") or "/bin/sh"


def blocks() -> dict[str, str]:
    """The shell lines of each question."""
    sections = re.split(r"(?m)^## ", PAGE.read_text(encoding="utf-8"))[1:]
    found = {part.splitlines()[0]: "\n".join(re.findall(r"(?s)```sh\n(.*?)```", part)) for part in sections}
    return {title: lines for title, lines in found.items() if lines}


@pytest.fixture
def desk(world: World, tmp_path: Path) -> dict[str, str]:
    """An officer's desk: the rulebook in a folder, `healthcode` on the path, the county's database."""
    shutil.copytree(REPOSITORY / "rulebook", tmp_path / "rulebook")
    command = tmp_path / "bin" / "healthcode"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m healthcode.cli.main "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    path = f"{command.parent}:{os.environ['PATH']}"
    return {**os.environ, **world.database.environment, "PATH": path, "COLUMNS": "200", "PWD": str(tmp_path)}


def run(desk: dict[str, str], question: str) -> str:
    done = subprocess.run(
        [SHELL, "-ec", blocks()[question]], env=desk, cwd=desk["PWD"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_why_is_she_red(world: World, desk: dict[str, str]) -> None:
    assert confirmed(world) == 1
    told = run(desk, "Why is she red?")
    assert "密切接触者" in told
    assert "Close contact" in told


def test_what_if_we_shorten_to_five_days(world: World, desk: dict[str, str]) -> None:
    confirmed(world)
    told = run(desk, "What if we shorten to five days?")
    assert "16 rules" in told
    assert "in order" in told
    assert "→ five-days@0.1" in told
    assert "nothing was written" in told


def test_every_question_with_commands_is_tried() -> None:
    assert set(blocks()) == {"Why is she red?", "What if we shorten to five days?"}


def test_the_numbers_of_the_year_are_those_of_its_page() -> None:
    year = json.loads((REPOSITORY / "docs" / "rules" / "epidemic-year.json").read_text(encoding="utf-8"))
    first, second, third = (switch["changed"] for switch in year["switches"])
    assert f"{first}, {second} and {third} of {year['people']:,} people" in PAGE.read_text(encoding="utf-8")
