"""Imports go one way, and the edge starts without Django."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "healthcode"


def test_the_contracts_of_pyproject_are_kept() -> None:
    linted = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")],
        cwd=SOURCE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize("module", ["healthcode.cli.edge", "healthcode.cli.updater", "healthcode.wiring.edge"])
def test_edge_and_updater_load_no_django_and_no_rules(module: str) -> None:
    code = (
        f"import sys, {module}\n"
        "print([name for name in sys.modules if name.split('.')[0] in {'django', 'ninja', 'allauth', 'granian'}"
        " or name.startswith(('healthcode.rules', 'healthcode.control'))])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_nothing_of_ours_is_imported_inside_a_function() -> None:
    hidden = []
    for file in SOURCE.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                hidden += [
                    f"{file.relative_to(SOURCE)}:{node.lineno}"
                    for node in ast.walk(function)
                    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("healthcode")
                ]
    assert hidden == []


def test_no_package_is_called_utils() -> None:
    banned = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    assert [path for path in SOURCE.rglob("*") if path.stem in banned] == []
