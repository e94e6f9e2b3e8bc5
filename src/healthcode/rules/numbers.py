"""The simple numbers of a rule's file: days, tests, colors. Read for a form, and written back in place.

Writing changes the characters of that number and nothing else: comments, order and wording stay the author's.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import yaml

from healthcode.rules.source import MAX_BYTES, Path, path_text, source_read

_WANTED: Final = re.compile(
    r"phases\[\d+\]\.(color|missed_color|days\[[01]\]|tests\.(days|count|min_spacing_h)|until\.(by_day|review_days))"
    r"|catch_up\.(count|min_spacing_h)"
)
_DAYS: Final = re.compile(r"\d{1,3}(\s*,\s*\d{1,3}){0,59}")
_NUMBER: Final = re.compile(r"\d{1,4}")
_WORD: Final = re.compile(r"[a-z_]{1,32}")


class NumberFault(ValueError):
    """A value that cannot stand there; `field` is its dotted path, `wanted` says what can."""

    def __init__(self, file: str, field: str, wanted: str) -> None:
        super().__init__(f"{file}: {field}: {wanted}")
        self.file, self.field, self.wanted = file, field, wanted


@dataclass(frozen=True, slots=True)
class Number:
    """One number, list of days or color: where it stands and what it says. `kind`: number, days or color."""

    file: str
    field: str
    value: str
    kind: str
    phase: int | None
    _span: tuple[int, int]


def numbers_read(name: str, text: str) -> list[Number]:
    """The simple numbers of one rule's file, in order; none where the file cannot be read."""
    if len(text.encode()) > MAX_BYTES or source_read(name, text.encode()).problems:
        return []
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    return [_number(name, path, leaf) for path, leaf in _leaves(node, ()) if _WANTED.fullmatch(path_text(path))]


def numbers_write(name: str, text: str, values: Mapping[str, str]) -> str:
    """The file with these values (dotted path → text) in their places; raises NumberFault."""
    changed = [(n, values[n.field].strip()) for n in numbers_read(name, text) if n.field in values]
    for number, value in sorted(changed, key=lambda c: -c[0]._span[0]):  # from the end: earlier places stay
        if value != number.value:
            begin, end = number._span
            text = text[:begin] + _written(number, value) + text[end:]
    return text


def _written(number: Number, value: str) -> str:
    form, wanted = {
        "days": (_DAYS, "days such as 1, 2, 3, 5, 7"),
        "number": (_NUMBER, "a whole number"),
        "color": (_WORD, "the id of a configured color"),
    }[number.kind]
    if not form.fullmatch(value):
        raise NumberFault(number.file, number.field, wanted)
    if number.kind == "days":
        return "[" + ", ".join(str(int(day)) for day in value.split(",")) + "]"
    return str(int(value)) if number.kind == "number" else value


def _leaves(node: yaml.Node | None, path: Path) -> Iterator[tuple[Path, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _leaves(value, (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        if path[-2:] == ("tests", "days"):
            yield path, node
            return
        for index, value in enumerate(node.value):
            yield from _leaves(value, (*path, index))
    elif isinstance(node, yaml.ScalarNode):
        yield path, node


def _number(file: str, path: Path, node: yaml.Node) -> Number:
    begin, end = node.start_mark.index, node.end_mark.index
    if isinstance(node, yaml.SequenceNode):
        value, kind = ", ".join(str(child.value) for child in node.value), "days"
    else:
        value, kind = str(node.value), "color" if str(path[-1]).endswith("color") else "number"
    phase = path[1] if path[0] == "phases" and isinstance(path[1], int) else None
    return Number(file, path_text(path), value, kind, phase, (begin, end))
