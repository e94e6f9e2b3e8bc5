"""Chinese first, English complete: no message of the consoles in only one of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

CONTROL = Path(__file__).resolve().parents[2] / "src" / "healthcode" / "control"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LETTER = re.compile(r"[A-Za-z\u4e00-\u9fff]")
PAIR = re.compile(r"""\{%\s*t\s+(?:"([^"]*)"|'([^']*)')\s+(?:"([^"]*)"|'([^']*)')""")
SWITCH = ("English", "中文")  # each language's name in itself
ON_PAPER = {"poster"}  # printed once for everybody: both languages stand under one another
TEMPLATES = sorted(path for path in CONTROL.rglob("*.html") if path.stem not in ON_PAPER)


def pairs(template: Path) -> Iterator[tuple[str, str]]:
    for match in PAIR.finditer(template.read_text(encoding="utf-8")):
        yield match[1] or match[2] or "", match[3] or match[4] or ""


def spoken(module: Path) -> Iterator[ast.Call]:
    """Calls of `say` in a module."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
            yield node


def literal(node: ast.expr) -> str | None:
    """The text of a literal or of an f-string's literal parts; None where it comes from elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value for part in node.values if isinstance(part, ast.Constant) and isinstance(part.value, str)
        )
    return None


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_says_everything_in_both_languages(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}|<!--.*?-->", "", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    outside = re.sub(r"\{%.*?%\}", "", text, flags=re.DOTALL)
    assert [line.strip() for line in outside.splitlines() if CHINESE.search(line) and 'lang="zh' not in line] == []
    for chinese, english in set(pairs(template)) - {SWITCH}:
        assert not CHINESE.search(english), (chinese, english)
        assert bool(LETTER.search(chinese)) <= bool(english.strip()), (chinese, english)


def test_what_is_printed_carries_both_languages() -> None:
    for template in CONTROL.rglob("*.html"):
        if template.stem in ON_PAPER:
            assert 'lang="en"' in template.read_text(encoding="utf-8")


def test_a_message_in_the_code_has_both_languages() -> None:
    for module in CONTROL.rglob("*.py"):
        for call in spoken(module):
            if any(isinstance(argument, ast.Starred) for argument in call.args):
                continue  # a pair from a table
            assert len(call.args) == 2, f"{module}:{call.lineno}"
            chinese, english = (literal(argument) for argument in call.args)
            if chinese is not None and english is not None:
                assert not CHINESE.search(english), f"{module}:{call.lineno}"
                assert bool(CHINESE.search(chinese)) <= bool(english.strip()), f"{module}:{call.lineno}"
