"""What can be proven of a draft without people: `rules check`, and that it can follow what is in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from healthcode.control.ports import ports
from healthcode.control.rulesets.book import files_bytes, succeeded
from healthcode.control.rulesets.models import PUBLISHED, Approval
from healthcode.control.rulesets.reading import rulebook_find, rules_known
from healthcode.domain.time import Minute, minute_of
from healthcode.rules.cases import ruleset_case_problems
from healthcode.rules.model import Ruleset
from healthcode.rules.parse import parse_ruleset
from healthcode.rules.problem import Problem, RulesetError
from healthcode.rules.succession import HistoryError, RulesetHistory

_HEAD = "ruleset.yaml"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. `ruleset` is None where the files cannot be read as one."""

    ruleset: Ruleset | None
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return self.ruleset is not None and not self.problems

    def documents(self) -> list[dict[str, object]]:
        """The problems as they are stored and shown."""
        return [asdict(problem) for problem in self.problems]


def files_check(files: Mapping[str, str], *, now: datetime) -> Checked:
    """Everything that `healthcode rules check` proves, and that it can take over in this region."""
    try:
        ruleset = parse_ruleset(files_bytes(files))
    except RulesetError as error:
        return Checked(None, tuple(error.problems))
    problems = [*_place_problems(ruleset, minute_of(now)), *ruleset_case_problems(ruleset)]
    return Checked(ruleset, tuple(problems))


def _place_problems(ruleset: Ruleset, now: Minute) -> list[Problem]:
    """Region, version and the step from the last ruleset that is in force or announced."""
    problems = []
    if ruleset.region != ports().region:
        wanted = f'write region: "{ports().region}"'
        problems.append(Problem(_HEAD, 1, "region", "another region's rules", wanted))
    former = rulebook_find(ruleset.key)
    taken = Approval.objects.filter(PUBLISHED, key=ruleset.key).exists()
    if taken or (former is not None and former.digest != ruleset.digest):
        hint = "give the draft a version of its own: decisions name rules by id and version"
        problems.append(Problem(_HEAD, 1, "version", f"{ruleset.key} says something else already", hint))
        return problems
    rules = rules_known().rules
    last = rules.rulesets[-1].from_ if isinstance(rules, RulesetHistory) else now
    try:
        succeeded(rules, ruleset, max(now, last) + 1)
    except HistoryError as error:
        problems += [Problem(_HEAD, 1, "", sentence) for sentence in error.problems]
    return problems
