"""The kinds of files that come in (`spec/intake.md`): one description each, from which all else is derived.

A kind either brings *leads*, which colour nobody until two officers have determined them, or *signed facts*, which a
source's signature vouches for in place of a reviewer. Which it is follows from `domain.evidence.KIND_SPECS`: what needs
a reviewer there can only come as leads here. The permitted sources are those of the kind of evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from healthcode.control.exchange.columns import (
    ADDRESS,
    DIVISION,
    LEAD_KINDS,
    NAME,
    PERSON,
    PHONE,
    REMARK,
    RESULT_WORDS,
    ROW_ID,
    SOURCE_DOCUMENT,
    STATUS_WORDS,
    Column,
)
from healthcode.domain.evidence import KIND_SPECS, EvidenceKind
from healthcode.domain.unit import UnitKind

FileKind = Literal["leads", "arrivals", "results", "vaccinations", "statuses"]
MAX_ROWS: Final = 2_000_000
MAX_BYTES: Final = 512 * 1024 * 1024
MAX_SHEET_BYTES: Final = 32 * 1024 * 1024
"""A spreadsheet is read whole, in memory; a larger one is sent as CSV."""

_OFFICES: Final = frozenset({UnitKind.province_office, UnitKind.city_office, UnitKind.county_office})

_LEADS: Final = (
    ROW_ID,
    NAME,
    *PERSON[:2],
    PHONE,
    Column(
        "suspected_kind",
        "风险类型",
        "suspected kind",
        "what the person is suspected to be",
        "lead_kind",
        required=True,
        max_length=40,
        also=("人员类型", "涉疫类型", "kind"),
        choices=tuple(k.value for k in LEAD_KINDS),
        sample="密切接触",
    ),
    Column(
        "anchor_date",
        "末次接触日期",
        "anchor date",
        "day 0: last exposure, entry, leaving; YYYY-MM-DD",
        "day",
        required=True,
        max_length=20,
        also=("基准日期", "末次暴露日期", "风险日期", "date"),
        sample="2022-06-28",
    ),
    DIVISION,
    ADDRESS,
    Column("place", "涉疫地点", "place", "where it happened", max_length=200, also=("地点",)),
    REMARK,
    SOURCE_DOCUMENT,
)
_ARRIVALS: Final = (
    ROW_ID,
    NAME,
    *PERSON[:2],
    PHONE,
    Column(
        "entry_date",
        "入境日期",
        "entry date",
        "day 0: the day of entry; YYYY-MM-DD",
        "day",
        required=True,
        max_length=20,
        also=("入境时间", "anchor date"),
        sample="2022-06-28",
    ),
    Column("country", "来自国家地区", "country", "where the person came from", required=True, max_length=60,
           also=("出发地", "国家"), sample="蒙古国"),
    Column("port", "入境口岸", "port", "of entry", max_length=80, also=("口岸",), sample="二连浩特"),
    Column("transport", "交通工具", "transport", "flight, train, vehicle", max_length=80, also=("航班车次", "航班")),
    DIVISION,
    ADDRESS,
    REMARK,
    SOURCE_DOCUMENT,
)  # fmt: skip
_RESULTS: Final = (
    ROW_ID,
    *PERSON,
    Column(
        "sampled_at",
        "采样时间",
        "sampled at",
        "Beijing time, YYYY-MM-DD HH:MM, or RFC 3339",
        "time",
        required=True,
        max_length=35,
        also=("采集时间",),
        sample="2022-06-28 08:30",
    ),
    Column(
        "reported_at",
        "报告时间",
        "reported at",
        "as above; empty while pending",
        "time",
        max_length=35,
        also=("出结果时间",),
        sample="2022-06-28 14:00",
    ),
    Column(
        "result",
        "检测结果",
        "result",
        "of the sample",
        "result",
        required=True,
        max_length=12,
        also=("结果",),
        choices=tuple(RESULT_WORDS),
        sample="阴性",
    ),
    Column("pool_size", "混采人数", "pool size", "1 to 50; empty: 1", "pool", max_length=4, also=("混检数",),
           sample="10"),
    Column("pool_id", "混采管号", "pool id", "the same for all members of a pool", max_length=40, also=("管号",),
           sample="G1"),
    Column(
        "laboratory_reference",
        "检测单号",
        "laboratory reference",
        "the laboratory's number of the sample",
        required=True,
        max_length=60,
        also=("样本编号", "reference"),
        sample="PY1",
    ),
)  # fmt: skip
_VACCINATIONS: Final = (
    ROW_ID,
    *PERSON,
    Column(
        "given_on",
        "接种日期",
        "given on",
        "YYYY-MM-DD, or with a time of day",
        "moment",
        required=True,
        max_length=35,
        also=("接种时间",),
        sample="2022-06-28",
    ),
    Column("dose", "剂次", "dose", "which dose it was, 1 to 15", "dose", required=True, max_length=2,
           also=("针次", "接种剂次"), sample="2"),
    Column("product", "疫苗名称", "product", "what was given", max_length=80, also=("疫苗",), sample="灭活疫苗"),
    Column("site", "接种单位", "site", "where it was given", max_length=80, also=("接种点",)),
    Column(
        "reference",
        "接种编号",
        "reference",
        "the vaccination point's number",
        required=True,
        max_length=60,
        also=("登记编号",),
        sample="JZ1",
    ),
)  # fmt: skip
_STATUSES: Final = (
    ROW_ID,
    *PERSON,
    Column(
        "region",
        "赋码省份",
        "region",
        "six-digit code or name of the province that gave it; never our own",
        "region",
        required=True,
        max_length=20,
        also=("赋码地区", "省份"),
        sample="110000",
    ),
    Column(
        "status",
        "赋码状态",
        "status",
        "as given; lifted only by the region that gave it",
        "status",
        required=True,
        max_length=10,
        also=("状态", "码色"),
        choices=tuple(STATUS_WORDS),
        sample="黄",
    ),
    Column(
        "given_at",
        "赋码时间",
        "given at",
        "when it was given or lifted; Beijing time or RFC 3339",
        "time",
        required=True,
        max_length=35,
        also=("时间",),
        sample="2022-06-28 08:30",
    ),
    Column(
        "reference",
        "赋码编号",
        "reference",
        "the giver's number",
        required=True,
        max_length=60,
        also=("编码",),
        sample="BJ1",
    ),
)


@dataclass(frozen=True, slots=True)
class FileSpec:
    """One kind of file. `evidence`: the kind of fact that its rows become, or suspect where `leads`; None: per row."""

    kind: FileKind
    zh: str
    en: str
    about_zh: str
    about_en: str
    leads: bool
    evidence: EvidenceKind | None
    sources: frozenset[UnitKind]
    columns: tuple[Column, ...]

    def signed_by(self, unit: UnitKind) -> bool:
        """Whether a file of this kind needs the signature of a unit of that kind: all but what offices distribute."""
        return not (self.leads and unit in _OFFICES)


SPECS: Final[Mapping[str, FileSpec]] = {
    spec.kind: spec
    for spec in (
        FileSpec(
            "leads", "涉疫线索", "Leads", "分发到现住地县级专班核查",
            "distributed to the counties of present addresses",
            leads=True, evidence=None,
            sources=frozenset({UnitKind.province_office, UnitKind.city_office, UnitKind.national_platform}),
            columns=_LEADS,
        ),
        FileSpec(
            "arrivals", "入境人员", "Arrivals from abroad", "作为线索分发，经两人核定后才生效",
            "distributed as leads; two officers determine them",
            leads=True, evidence=EvidenceKind.arrival_abroad,
            sources=KIND_SPECS[EvidenceKind.arrival_abroad].units, columns=_ARRIVALS,
        ),
        FileSpec(
            "results", "检测结果", "Test results", "由检测机构签名，导入即生效",
            "signed by the laboratory; they count at once",
            leads=False, evidence=EvidenceKind.test, sources=KIND_SPECS[EvidenceKind.test].units, columns=_RESULTS,
        ),
        FileSpec(
            "vaccinations", "疫苗接种", "Vaccinations", "由接种单位签名", "signed by who vaccinated",
            leads=False, evidence=EvidenceKind.vaccination,
            sources=KIND_SPECS[EvidenceKind.vaccination].units, columns=_VACCINATIONS,
        ),
        FileSpec(
            "statuses", "外地赋码", "Status given by other regions", "原样展示，只能由赋码地解除",
            "shown as given, lifted only by the giver",
            leads=False, evidence=EvidenceKind.outside_status,
            sources=KIND_SPECS[EvidenceKind.outside_status].units, columns=_STATUSES,
        ),
    )
}  # fmt: skip
KINDS: Final[tuple[FileKind, ...]] = ("leads", "arrivals", "results", "vaccinations", "statuses")
COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {kind: spec.columns for kind, spec in SPECS.items()}


def schema_document(kind: FileKind) -> dict[str, Any]:
    """The published JSON Schema of one row of a file, all cells being text; a line of a JSON-lines file fits it too."""
    spec = SPECS[kind]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:healthcode:intake:{kind}",
        "title": f"{spec.zh} / {spec.en}",
        "description": "CSV, XLSX or JSON lines; CSV with one header line, UTF-8 (with or without BOM) or GB18030; "
        f"at most {MAX_ROWS} rows. Columns in any order (spec/intake.md).",
        "type": "object",
        "additionalProperties": False,
        "required": [c.id for c in spec.columns if c.required],
        "properties": {c.id: _property(c) for c in spec.columns},
        "x-sources": sorted(unit.value for unit in spec.sources),
        "x-signed": sorted(unit.value for unit in spec.sources if spec.signed_by(unit)),
        "x-becomes": "leads" if spec.leads else "evidence",
    }


def sample_csv(kind: FileKind) -> bytes:
    """A file of one invented row, with BOM so that spreadsheets read it, to be filled in."""
    columns = COLUMNS[kind]
    lines = (",".join(c.zh for c in columns), ",".join(c.sample for c in columns))
    return b"\xef\xbb\xbf" + "\r\n".join((*lines, "")).encode()


def _property(column: Column) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "title": f"{column.zh} / {column.en}",
        "description": column.about,
        "type": "string",
        "maxLength": column.max_length,
        "x-cell": column.cell,
        "x-headers": list(column.headers),
    }
    if column.required:
        shape["minLength"] = 1
    if column.choices:
        shape["x-choices"] = list(column.choices)
    if column.sample:
        shape["examples"] = [column.sample]
    return shape
