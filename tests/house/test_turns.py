"""Advisory locks: each number has one name, in one file."""

from __future__ import annotations

import re
from pathlib import Path

from healthcode.control import turns

CONTROL = Path(turns.__file__).parent


def test_no_two_locks_have_the_same_number() -> None:
    numbers = [value for value in vars(turns).values() if isinstance(value, int)]
    assert len(numbers) == len(set(numbers)) > 0


def test_a_number_of_a_lock_stands_nowhere_else() -> None:
    said = [path for path in CONTROL.rglob("*.py") if re.search(r"\b_?(TURN|LOCK)\b: Final = \d", path.read_text())]
    assert said == []
