"""Faults of a rulebook, each with file, line, field and what to write instead."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: `field` is the dotted path inside the file, `hint` says what to write."""

    file: str
    line: int
    field: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: {self.field or '(file)'}"
        return f"{where}: {self.message}" + (f" → {self.hint}" if self.hint else "")


class RulesetError(ValueError):
    """A rulebook that cannot be used; `problems` lists every fault found, in file and line order."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.file, p.line, p.field))
        super().__init__("\n".join(str(p) for p in self.problems))
