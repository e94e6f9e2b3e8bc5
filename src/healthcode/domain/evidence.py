"""Evidence (依据): one recorded fact about one subject, of a closed list of kinds (Art. 4, 15, 16).

Invariants: a kind not listed here cannot be recorded; each kind has its own fields and the unit kinds that may supply
it; nothing here is a color. Evidence is bitemporal (`occurred`, `learned`), corrected by a later record that
`supersedes` it, rescinded by a later record with `rescinded`, never edited.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from healthcode.domain.evidence_fields import Field, FieldProblem, field_check
from healthcode.domain.time import Day, Minute, day_of
from healthcode.domain.unit import UnitKind


class EvidenceKind(StrEnum):
    """The closed list. A new kind needs a release of the software, on purpose."""

    infection = "infection"
    close_contact = "close_contact"
    secondary_contact = "secondary_contact"
    arrival_abroad = "arrival_abroad"
    area_stay = "area_stay"
    venue_exposure = "venue_exposure"
    occupational_exposure = "occupational_exposure"
    symptom = "symptom"
    outside_status = "outside_status"
    test = "test"
    vaccination = "vaccination"
    declaration = "declaration"
    release = "release"


@dataclass(frozen=True, slots=True)
class KindSpec:
    """What a kind of evidence needs: fields, who may supply it, and whether a second officer must review it.

    `anchored`: an anchor day (day 0) is required. `reviewed`: a second officer reviews; False means that a signed
    source (laboratory, platform) or the person's own word stands instead.
    """

    kind: EvidenceKind
    name_zh: str
    name_en: str
    fields: Mapping[str, Field]
    units: frozenset[UnitKind]
    anchored: bool
    reviewed: bool
    anchor_zh: str = ""
    anchor_en: str = ""


_TEXT = Field("text")
_OFFICES = frozenset({UnitKind.province_office, UnitKind.city_office, UnitKind.county_office})
_CARE = frozenset({UnitKind.hospital, UnitKind.clinic})
SYMPTOMS: Final = ("fever", "cough", "sore_throat", "loss_of_smell", "diarrhoea", "shortness_of_breath", "other")

_SPECS = (
    KindSpec(
        EvidenceKind.infection,
        "感染者",
        "Infection",
        {
            "category": Field(
                "choice", ("confirmed", "asymptomatic", "suspected", "screening_positive"), required=True
            ),
            "case_ref": _TEXT,
            "hospital": _TEXT,
        },
        _OFFICES | _CARE,
        anchored=True,
        reviewed=True,
        anchor_zh="诊断或报告之日",
        anchor_en="day of diagnosis or report",
    ),
    KindSpec(
        EvidenceKind.close_contact,
        "密切接触",
        "Close contact",
        {
            "index_ref": _TEXT,
            "setting": Field("choice", ("household", "work", "meal", "transport", "venue", "care", "other")),
        },
        _OFFICES,
        anchored=True,
        reviewed=True,
        anchor_zh="末次接触之日",
        anchor_en="day of last exposure",
    ),
    KindSpec(
        EvidenceKind.secondary_contact,
        "密接的密接",
        "Secondary contact",
        {
            "index_ref": _TEXT,
            "linked_tests": Field("choice", ("pending", "negative", "positive"), default="pending"),
            "linked_until": Field("day"),
        },
        _OFFICES,
        anchored=True,
        reviewed=True,
        anchor_zh="末次接触之日",
        anchor_en="day of last exposure",
    ),
    KindSpec(
        EvidenceKind.arrival_abroad,
        "入境",
        "Arrival from abroad",
        {"country": Field("text", required=True), "port": _TEXT, "transport": _TEXT},
        _OFFICES | {UnitKind.border, UnitKind.transport, UnitKind.national_platform},
        anchored=True,
        reviewed=True,
        anchor_zh="入境之日",
        anchor_en="day of entry",
    ),
    KindSpec(
        EvidenceKind.area_stay,
        "风险区旅居",
        "Stay in a risk area",
        {
            "area": Field("text", required=True),
            "relation": Field("choice", ("resident", "stayer", "left"), required=True),
            "level": Field("choice", ("high", "medium", "low")),
        },
        _OFFICES | {UnitKind.police, UnitKind.telecom, UnitKind.transport, UnitKind.national_platform},
        anchored=True,
        reviewed=True,
        anchor_zh="离开风险区之日（居住者为登记之日）",
        anchor_en="day of leaving the area (for residents the day recorded)",
    ),
    KindSpec(
        EvidenceKind.venue_exposure,
        "涉疫场所暴露",
        "Exposure at a venue",
        {
            "venue": Field("text", required=True),
            "presence": Field("choice", ("inspected", "rotating", "investigated"), required=True),
            "index_ref": _TEXT,
        },
        _OFFICES,
        anchored=True,
        reviewed=True,
        anchor_zh="到访之日",
        anchor_en="day of the visit",
    ),
    KindSpec(
        EvidenceKind.occupational_exposure,
        "高风险岗位",
        "High-risk post",
        {
            "post": Field(
                "choice", ("isolation_site", "fever_clinic", "port", "cold_chain", "laboratory", "other"), required=True
            ),
            "employer": _TEXT,
        },
        _OFFICES | {UnitKind.hospital, UnitKind.border, UnitKind.transport},
        anchored=True,
        reviewed=True,
        anchor_zh="离岗之日",
        anchor_en="last day on the post",
    ),
    KindSpec(
        EvidenceKind.symptom,
        "症状监测",
        "Symptoms",
        {"symptoms": Field("choices", SYMPTOMS, required=True), "clinic": _TEXT},
        _OFFICES | _CARE | {UnitKind.community},
        anchored=True,
        reviewed=True,
        anchor_zh="登记症状之日",
        anchor_en="day on which the symptoms were seen",
    ),
    KindSpec(
        EvidenceKind.outside_status,
        "外地赋码",
        "Status given by another region",
        {
            "region": Field("region", required=True),
            "status": Field("choice", ("red", "yellow", "lifted"), required=True),
            "reference": _TEXT,
        },
        frozenset({UnitKind.national_platform, UnitKind.province_office}),
        anchored=False,
        reviewed=False,
    ),
    KindSpec(
        EvidenceKind.test,
        "核酸检测",
        "Test",
        {
            "result": Field("choice", ("negative", "positive", "pending", "invalid"), required=True),
            "pool_size": Field("count", required=True, default=1, minimum=1, maximum=50),
            "method": Field("choice", ("nucleic_acid", "antigen"), default="nucleic_acid"),
            "laboratory": _TEXT,
            "site": _TEXT,
        },
        frozenset({UnitKind.laboratory, UnitKind.hospital, UnitKind.national_platform}),
        anchored=False,
        reviewed=False,
    ),
    KindSpec(
        EvidenceKind.vaccination,
        "疫苗接种",
        "Vaccination",
        {"dose": Field("count", required=True, minimum=1, maximum=15), "product": _TEXT, "site": _TEXT},
        frozenset({UnitKind.vaccination_point, UnitKind.hospital, UnitKind.clinic, UnitKind.national_platform}),
        anchored=False,
        reviewed=False,
    ),
    KindSpec(
        EvidenceKind.declaration,
        "健康申报",
        "Health declaration",
        {"symptoms": Field("choices", SYMPTOMS), "exposure": Field("flag", default=False), "text": _TEXT},
        frozenset({UnitKind.resident, UnitKind.community, UnitKind.clinic, UnitKind.hotline}),
        anchored=False,
        reviewed=False,
    ),
    KindSpec(
        EvidenceKind.release,
        "解除依据",
        "Release",
        {
            "reason": Field("choice", ("discharged", "excluded", "completed", "certified"), required=True),
            "about": Field("texts", required=True),
            "certificate": _TEXT,
        },
        _OFFICES | _CARE,
        anchored=False,
        reviewed=True,
    ),
)

KIND_SPECS: Final[dict[EvidenceKind, KindSpec]] = {spec.kind: spec for spec in _SPECS}

SAMPLING_SKEW: Final = 5
"""Minutes by which a sampling time may lie ahead of its intake; more is refused (color.md, Tests)."""


class EvidenceError(ValueError):
    """Fields that do not fit their kind; `problems` names each field, the fault and what to write."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in problems))
        self.problems = problems


def evidence_check(kind: EvidenceKind, fields: Mapping[str, object]) -> dict[str, object]:
    """The fields of one kind in canonical form (defaults filled); raises EvidenceError naming every fault."""
    spec = KIND_SPECS[kind]
    problems: list[FieldProblem] = []
    normal: dict[str, object] = {}
    for name in fields:
        if name not in spec.fields:
            known = ", ".join(spec.fields)
            problems.append(FieldProblem(name, "field_unknown", f"{kind.value} has no such field; it has: {known}"))
    for name, rule in spec.fields.items():
        value, problem = field_check(name, rule, fields.get(name))
        if problem:
            problems.append(problem)
        elif value is not None:
            normal[name] = value
    if kind is EvidenceKind.area_stay and normal.get("relation") == "left" and "level" not in normal:
        problems.append(FieldProblem("level", "field_required", "a stay that ended names the area's level then"))
    if problems:
        raise EvidenceError(tuple(problems))
    return normal


@dataclass(frozen=True, slots=True)
class Evidence:
    """One record. `anchor` is day 0 (last exposure, entry, leaving), `occurred` when it held (a test: sampling),
    `learned` when we recorded it; `supersedes` names the record that this one corrects.

    `county` is the determining county (division code), `source` the unit's name as shown to the person.
    """

    id: str
    kind: EvidenceKind
    fields: Mapping[str, object]
    anchor: Day | None
    occurred: Minute
    learned: Minute
    supersedes: str | None = None
    rescinded: bool = False
    unit: UnitKind | None = None
    source: str = ""
    county: str = ""
    document: str = ""
    batch: str = ""


def evidence_timely(evidence: Evidence) -> FieldProblem | None:
    """Why the times of a record cannot be right (future anchor or sampling, missing day 0), or None."""
    spec = KIND_SPECS[evidence.kind]
    if spec.anchored and evidence.anchor is None:
        return FieldProblem("anchor", "field_required", f"day 0 is needed: the {spec.anchor_en}")
    if evidence.anchor is not None and evidence.anchor > day_of(evidence.learned):
        return FieldProblem("anchor", "field_future", "day 0 lies in the future; write the day on which it happened")
    if evidence.occurred > evidence.learned + SAMPLING_SKEW:
        return FieldProblem("occurred", "field_future", "the time lies in the future; check the clock of the source")
    return None
