"""What a browser posts about rulesets → values; the services judge them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, QueryDict

from healthcode.control.language import language, say
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.control.rulesets.files import Files, files_taken, origin_files, version_next
from healthcode.control.rulesets.models import PUBLISHED, Approval
from healthcode.control.rulesets.refusals import incomplete
from healthcode.domain.time import REGION_TZ
from healthcode.rules.model import Ruleset
from healthcode.rules.numbers import Number, NumberFault, numbers_read, numbers_write

_LABELS: Mapping[str, tuple[str, str]] = {
    "color": ("颜色", "Color"),
    "missed_color": ("漏检时颜色", "Color while a test is missing"),
    "days[0]": ("自第几天", "From day"),
    "days[1]": ("至第几天", "To day"),
    "tests.days": ("检测日", "Test days"),
    "tests.count": ("检测次数", "Tests"),
    "tests.min_spacing_h": ("间隔（小时）", "Hours apart"),
    "until.by_day": ("限第几天", "By day"),
    "until.review_days": ("几天内复核", "Looked at after days"),
    "catch_up.count": ("补测次数", "Make-up tests"),
    "catch_up.min_spacing_h": ("补测间隔（小时）", "Hours between make-up tests"),
}


@dataclass(frozen=True, slots=True)
class NumberField:
    """One input of the form of numbers."""

    number: Number
    label: str

    @property
    def name(self) -> str:
        """The input's name: file and dotted path."""
        return f"{self.number.file}|{self.number.field}"


@dataclass(frozen=True, slots=True)
class RuleNumbers:
    """The simple numbers of one rule, by phase."""

    file: str
    title: str
    groups: tuple[tuple[str, tuple[NumberField, ...]], ...]


def rule_numbers(files: Files, ruleset: Ruleset | None) -> list[RuleNumbers]:
    """The form: one section a rule's file, one group a phase."""
    found = []
    for name, text in files.items():
        numbers = [] if name.endswith(".cases.yaml") else numbers_read(name, text)
        if numbers:
            found.append(RuleNumbers(name, _title(name, ruleset), _groups(name, numbers, ruleset)))
    return found


def numbers_posted(files: Files, posted: QueryDict) -> Files:
    """The files with the posted numbers in their places; raises Problem 422."""
    changed = dict(files)
    for name, text in files.items():
        prefix = f"{name}|"
        values = {field.removeprefix(prefix): str(posted[field]) for field in posted if field.startswith(prefix)}
        if values:
            try:
                changed[name] = numbers_write(name, text, values)
            except NumberFault as fault:
                raise incomplete(
                    f"{fault.file}|{fault.field}",
                    say(f"{fault.file} 的 {fault.field}：请按格式填写数字或颜色。", str(fault)),
                ) from None
    return changed


def draft_posted(request: HttpRequest) -> tuple[str, str, Files]:
    """Title, origin and files of a new draft; raises Problem."""
    posted, title = request.POST, request.POST.get("title", "")
    origin = posted.get("origin", "")[:64]
    uploaded = [(file.name or "", file.read()) for file in request.FILES.getlist("files")]
    if uploaded:
        return title, "", files_taken(uploaded)
    if not origin:
        raise incomplete("origin", say("请选择一个规则集，或上传文件。", "Choose a ruleset, or upload files."))
    files, version = origin_files(origin), posted.get("version", "").strip()[:16]
    return title, origin, version_next(files, version) if version else files


def instant_posted(posted: QueryDict, name: str) -> datetime | None:
    """A wall-clock time of the region, None where left empty; raises Problem 422."""
    text = posted.get(name, "").strip()
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=REGION_TZ)
    except ValueError:
        message = say("请按 2022-12-07T00:00 填写。", "Write it like 2022-12-07T00:00.")
        raise Problem(
            422,
            "ruleset_unreadable",
            say("无法读取", "Not readable"),
            message,
            errors=[{"field": name, "code": "field_unreadable", "message": message}],
        ) from None


def origins() -> list[tuple[str, str]]:
    """The rulesets that a draft can be made from: key and title."""
    found = {known.ruleset.key: known.ruleset.title[language()] for known in ports().rulebook.values()}
    for row in Approval.objects.filter(PUBLISHED).order_by("pk"):
        found.setdefault(row.key, say("已发布", "published"))
    return sorted(found.items())


def _title(name: str, ruleset: Ruleset | None) -> str:
    rule = name.removesuffix(".yaml")
    found = next((r for r in ruleset.rules if r.id == rule), None) if ruleset else None
    return found.title[language()] if found else rule


def _groups(
    name: str, numbers: list[Number], ruleset: Ruleset | None
) -> tuple[tuple[str, tuple[NumberField, ...]], ...]:
    rule = next((r for r in ruleset.rules if f"{r.id}.yaml" == name), None) if ruleset else None
    groups: dict[int | None, list[NumberField]] = {}
    for number in numbers:
        groups.setdefault(number.phase, []).append(NumberField(number, _label(number.field)))
    told = []
    for phase, fields in groups.items():
        known = rule is not None and phase is not None and phase < len(rule.phases)
        title = say("补测", "Make-up tests") if phase is None else say(f"第{phase + 1}阶段", f"Phase {phase + 1}")
        if known and rule is not None and phase is not None:
            title = rule.phases[phase].name[language()]
        told.append((title, tuple(fields)))
    return tuple(told)


def _label(field: str) -> str:
    plain = field.split("].", 1)[-1] if field.startswith("phases[") else field
    return say(*_LABELS[plain])
