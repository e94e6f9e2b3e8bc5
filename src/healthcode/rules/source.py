"""YAML read with the line of every field, so that a fault can be pointed at.

Only plain data is accepted: no tags, anchors or doubled keys, at most 1 MB and 20 levels, UTF-8. Numbers and booleans
are those of JSON; dates and everything else stay text.
"""

from dataclasses import dataclass, field
from typing import Final

import yaml

from healthcode.rules.problem import Problem

Path = tuple[str | int, ...]
MAX_BYTES: Final = 1_000_000
MAX_DEPTH: Final = 20
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same language, read ten times faster in C
_SCALARS: Final = {"tag:yaml.org,2002:int": int, "tag:yaml.org,2002:float": float}


@dataclass(slots=True)
class Source:
    """One file as data, with `lines` from a path inside it to the line (from 1) where that field stands."""

    file: str
    value: object = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of a path, or of the nearest field around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def problem(self, path: Path, message: str, hint: str = "") -> Problem:
        """A fault at a path of this file."""
        return Problem(self.file, self.line(path), path_text(path), message, hint)


def path_text(path: Path) -> str:
    """A path as dotted text: `phases[0].tests.days`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else part)
    return text


def _scalar(source: Source, node: yaml.ScalarNode, path: Path) -> object:
    tag = node.tag
    if tag == "tag:yaml.org,2002:null":
        return None
    if tag == "tag:yaml.org,2002:bool" and node.value in ("true", "false"):
        return node.value == "true"
    if tag in _SCALARS:
        try:
            return _SCALARS[tag](node.value)
        except ValueError:
            source.problems.append(source.problem(path, "not a plain number", "write decimal digits"))
            return None
    if tag.startswith("tag:yaml.org,2002:"):
        return str(node.value)
    source.problems.append(source.problem(path, f"the tag {tag} is not allowed", "write plain data without tags"))
    return None


def _mapping(source: Source, node: yaml.MappingNode, path: Path) -> dict[str, object]:
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
        here = (*path, key)
        source.lines.setdefault(here, key_node.start_mark.line + 1)
        if key in result:
            source.problems.append(Problem(source.file, key_node.start_mark.line + 1, path_text(here), "stands twice"))
        result[key] = _build(source, value_node, here)
    return result


def _build(source: Source, node: yaml.Node, path: Path) -> object:
    source.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(source, node, path)
    if isinstance(node, yaml.SequenceNode):
        return [_build(source, child, (*path, i)) for i, child in enumerate(node.value)]
    return _scalar(source, node, path) if isinstance(node, yaml.ScalarNode) else None


def _form_fault(file: str, text: str) -> Problem | None:
    """Aliases and deep nesting, found before a tree is built: one word must not stand for a million."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            return Problem(file, line, "", "anchors and aliases are not allowed", "write it out again")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                return Problem(file, line, "", "nested too deeply", f"at most {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return None


def source_read(file: str, content: bytes) -> Source:
    """Read one file; whatever is wrong with its form stands in `problems`, and `value` is then not to be used."""
    source = Source(file)
    try:
        text = content.decode("utf-8-sig")
        if len(content) > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES} bytes")
        fault = _form_fault(file, text)
        if fault:
            source.problems.append(fault)
            return source
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        source.problems.append(Problem(file, line, "", f"no valid YAML: {error.problem}", "check indents and colons"))
        return source
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        source.problems.append(Problem(file, 1, "", f"cannot be read: {error}", "save the file as UTF-8 YAML"))
        return source
    if node is None:
        source.problems.append(Problem(file, 1, "", "the file is empty"))
    else:
        source.value = _build(source, node, ())
    return source
