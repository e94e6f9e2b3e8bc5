"""A folder of files becomes a ruleset, or a list of everything that is wrong with it. Bytes in, model out.

Files: `ruleset.yaml`, `colors.yaml`, `policies.yaml`, and for each rule named in the head `<rule>.yaml` with
`<rule>.cases.yaml` beside it. Other files are ignored unless they end in `.yaml`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from healthcode.domain.color import ColorScheme
from healthcode.domain.evidence import EvidenceKind
from healthcode.domain.time import minute_parse
from healthcode.rules.build import (
    RuleBuilder,
    abolished_build,
    area_levels_build,
    cases_build,
    colors_build,
    limits_build,
    notices_build,
    policies_build,
    references_build,
)
from healthcode.rules.consistency import rule_problems, ruleset_problems
from healthcode.rules.model import ENGINE, Case, Rule, Ruleset
from healthcode.rules.problem import Problem, RulesetError
from healthcode.rules.schema import CASES, COLORS, POLICIES, RULE, RULESET, Schema
from healthcode.rules.source import Source, source_read
from healthcode.rules.validate import schema_problems

_HEADS: dict[str, Schema] = {"ruleset.yaml": RULESET, "colors.yaml": COLORS, "policies.yaml": POLICIES}


@dataclass(slots=True)
class _Folder:
    sources: dict[str, Source] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def _schema_for(name: str) -> Schema:
    return _HEADS.get(name) or (CASES if name.endswith(".cases.yaml") else RULE)


def _read(files: Mapping[str, bytes]) -> _Folder:
    folder = _Folder()
    for name in sorted(files):
        if not name.endswith(".yaml"):
            continue
        source = source_read(name, files[name])
        folder.sources[name] = source
        folder.problems += source.problems
        if not source.problems:
            folder.problems += schema_problems(source, _schema_for(name))
    for name in _HEADS:
        if name not in folder.sources:
            folder.problems.append(Problem(name, 1, "", "the file is missing", f"add {name} to the folder"))
    return folder


def _engine_problems(source: Source, wanted: str) -> list[Problem]:
    major, minor = (int(part) for part in wanted.split("."))
    if major == ENGINE[0] and minor <= ENGINE[1]:
        return []
    mine = ".".join(str(part) for part in ENGINE)
    return [
        source.problem(("engine",), f"the rule language {wanted} is not spoken here", f"this release speaks {mine}")
    ]


def _rules(folder: _Folder, head: dict[str, Any], colors: ColorScheme) -> tuple[list[Rule], list[Case]]:
    rules: list[Rule] = []
    cases: list[Case] = []
    top = folder.sources["ruleset.yaml"]
    for index, rule_id in enumerate(head["rules"]):
        source, beside = folder.sources.get(f"{rule_id}.yaml"), folder.sources.get(f"{rule_id}.cases.yaml")
        if source is None or beside is None:
            lacking = f"{rule_id}.yaml" if source is None else f"{rule_id}.cases.yaml"
            folder.problems.append(top.problem(("rules", index), f"{lacking} is missing", "add the file to the folder"))
            continue
        rule = RuleBuilder(source, colors, head["hold_notice"], folder.problems).build()
        rules.append(rule)
        cases += cases_build(beside)
        folder.problems += rule_problems(source, rule, rule_id)
    listed = {f"{r}{end}" for r in head["rules"] for end in (".yaml", ".cases.yaml")} | set(_HEADS)
    for name in sorted(set(folder.sources) - listed):
        folder.problems.append(Problem(name, 1, "", "the ruleset does not list this rule", "add it to `rules:`"))
    return rules, cases


def files_digest(files: Mapping[str, bytes]) -> str:
    """A digest over names and contents, to say in a decision which text it followed."""
    state = hashlib.sha256()
    for name in sorted(n for n in files if n.endswith(".yaml")):
        state.update(len(name).to_bytes(4, "big") + name.encode() + len(files[name]).to_bytes(8, "big") + files[name])
    return state.hexdigest()


def _without_folder(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    heads = [name for name in files if name.endswith("/ruleset.yaml")]
    if len(heads) != 1 or "ruleset.yaml" in files:
        return files
    prefix = heads[0].removesuffix("ruleset.yaml")
    return {name.removeprefix(prefix): content for name, content in files.items() if name.startswith(prefix)}


def parse_ruleset(files: Mapping[str, bytes]) -> Ruleset:
    """The ruleset of a folder (file name → content); raises RulesetError with every problem found.

    Names may share one folder in front (`ninth-edition/ruleset.yaml`) when it is the only ruleset among the files.
    """
    files = _without_folder(files)
    folder = _read(files)
    if folder.problems:
        raise RulesetError(folder.problems)
    head_source = folder.sources["ruleset.yaml"]
    head: dict[str, Any] = head_source.value if isinstance(head_source.value, dict) else {}
    folder.problems += _engine_problems(head_source, head["engine"])
    colors = colors_build(folder.sources["colors.yaml"], folder.problems)
    if colors is None:
        raise RulesetError(folder.problems)
    default, adjustments = policies_build(folder.sources["policies.yaml"], colors, folder.problems)
    rules, cases = _rules(folder, head, colors)
    by_kind: dict[EvidenceKind, tuple[Rule, ...]] = {}
    for rule in rules:
        by_kind[rule.evidence] = (*by_kind.get(rule.evidence, ()), rule)
    until = head.get("until")
    ruleset = Ruleset(
        id=head["ruleset"],
        version=head["version"],
        region=head["region"],
        title=head["title"],
        from_=minute_parse(head["from"]),
        until=minute_parse(until) if until else None,
        colors=colors,
        policies=adjustments,
        default_policy=default,
        rules=tuple(rules),
        notices=notices_build(head),
        references=references_build(head),
        hotline=(head["hotline"]["name"], head["hotline"]["phone"]),
        hold_notice=head["hold_notice"],
        cases=tuple(cases),
        digest=files_digest(files),
        by_kind=by_kind,
        abolished=abolished_build(head),
        area_levels=area_levels_build(head),
        policy_limits=limits_build(folder.sources["policies.yaml"]),
    )
    folder.problems += ruleset_problems(head_source, ruleset, folder.sources)
    if folder.problems:
        raise RulesetError(folder.problems)
    return ruleset
