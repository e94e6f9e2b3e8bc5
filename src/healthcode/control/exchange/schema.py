"""The columns of the two files that come in (`spec/intake.md`); the published JSON Schemas are written from here."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Final, Literal

from healthcode.domain.document import KIND_NAMES, DocumentKind
from healthcode.domain.evidence import KIND_SPECS, EvidenceKind

FileKind = Literal["leads", "results"]
MAX_ROWS: Final = 200_000
MAX_BYTES: Final = 96 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its id, its two names, further accepted headers, and what its cells may be."""

    id: str
    zh: str
    en: str
    about: str
    required: bool = False
    max_length: int = 120
    also: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header text by which the column is recognised, folded."""
        return tuple(dict.fromkeys(header_fold(h) for h in (self.id, self.zh, self.en, *self.also)))


LEAD_KINDS: Final = tuple(k for k, spec in KIND_SPECS.items() if spec.reviewed and spec.anchored)
"""Kinds of evidence that a lead may suspect: those that an officer determines and that have a day 0."""

_ROW_ID = Column(
    "row_id",
    "行号",
    "row id",
    "the source's own id of the row; the same id again changes nothing",
    required=True,
    max_length=64,
    also=("编号", "序号", "id"),
)
_DOCUMENT = (
    Column(
        "document_kind",
        "证件类型",
        "document kind",
        "empty: resident ID",
        max_length=24,
        also=("证件种类",),
        choices=tuple(k.value for k in DocumentKind),
    ),
    Column(
        "document_number",
        "证件号码",
        "document number",
        "as on the document",
        required=True,
        max_length=40,
        also=("身份证号", "身份证号码", "证件号"),
    ),
)
LEADS: Final = (
    _ROW_ID,
    Column("name", "姓名", "name", "as on the document", required=True, max_length=60),
    *_DOCUMENT,
    Column(
        "phone",
        "手机号",
        "phone",
        "11 digits; may be empty",
        max_length=24,
        also=("手机号码", "联系电话", "电话", "mobile"),
    ),
    Column(
        "suspected_kind",
        "风险类型",
        "suspected kind",
        "what the person is suspected to be",
        required=True,
        max_length=40,
        also=("人员类型", "涉疫类型", "kind"),
        choices=tuple(k.value for k in LEAD_KINDS),
    ),
    Column(
        "anchor_date",
        "末次接触日期",
        "anchor date",
        "day 0: last exposure, entry, leaving; YYYY-MM-DD",
        required=True,
        max_length=20,
        also=("基准日期", "末次暴露日期", "风险日期", "date"),
    ),
    Column(
        "division",
        "现住区划",
        "present division",
        "six-digit code or name of the county; empty: not known",
        max_length=40,
        also=("现住县区", "现居住地区划", "区划", "county"),
    ),
    Column("address", "现住址", "address", "present address", max_length=200, also=("详细地址", "现居住地")),
    Column("place", "涉疫地点", "place", "where it happened", max_length=200, also=("地点",)),
    Column("remark", "备注", "remark", "what the county should know", max_length=500),
    Column(
        "source_document",
        "来源文号",
        "source document",
        "number of the letter or list",
        required=True,
        max_length=100,
        also=("文号", "来源", "source"),
    ),
)
RESULT_WORDS: Final = {
    "negative": ("阴性", "negative", "-", "阴"),
    "positive": ("阳性", "positive", "+", "阳"),
    "pending": ("待出", "pending", "检测中"),
    "invalid": ("无效", "invalid"),
}
RESULTS: Final = (
    _ROW_ID,
    *_DOCUMENT,
    Column("name", "姓名", "name", "as on the document", required=True, max_length=60),
    Column(
        "sampled_at",
        "采样时间",
        "sampled at",
        "Beijing time, YYYY-MM-DD HH:MM, or RFC 3339",
        required=True,
        max_length=35,
        also=("采集时间",),
    ),
    Column(
        "reported_at", "报告时间", "reported at", "as above; empty while pending", max_length=35, also=("出结果时间",)
    ),
    Column(
        "result",
        "检测结果",
        "result",
        "of the sample",
        required=True,
        max_length=12,
        also=("结果",),
        choices=tuple(RESULT_WORDS),
    ),
    Column("pool_size", "混采人数", "pool size", "1 to 50; empty: 1", max_length=4, also=("混检数",)),
    Column("pool_id", "混采管号", "pool id", "the same for all members of a pool", max_length=40, also=("管号",)),
    Column(
        "laboratory_reference",
        "检测单号",
        "laboratory reference",
        "the laboratory's number of the sample",
        required=True,
        max_length=60,
        also=("样本编号", "reference"),
    ),
)
COLUMNS: Final[dict[str, tuple[Column, ...]]] = {"leads": LEADS, "results": RESULTS}

KIND_WORDS: Final[dict[str, EvidenceKind]] = {
    **{w.casefold(): k for k in LEAD_KINDS for w in (k.value, KIND_SPECS[k].name_zh, KIND_SPECS[k].name_en)},
    "密接": EvidenceKind.close_contact,
    "密接者": EvidenceKind.close_contact,
    "密切接触者": EvidenceKind.close_contact,
    "次密接": EvidenceKind.secondary_contact,
    "次密接者": EvidenceKind.secondary_contact,
    "入境人员": EvidenceKind.arrival_abroad,
    "境外入境": EvidenceKind.arrival_abroad,
    "风险区": EvidenceKind.area_stay,
    "中高风险区旅居": EvidenceKind.area_stay,
    "时空伴随": EvidenceKind.venue_exposure,
    "感染": EvidenceKind.infection,
    "阳性感染者": EvidenceKind.infection,
    "发热": EvidenceKind.symptom,
}
DOCUMENT_WORDS: Final[dict[str, DocumentKind]] = {
    **{w.casefold(): k for k, names in KIND_NAMES.items() for w in (k.value, *names)},
    "身份证": DocumentKind.resident_id,
    "居民身份证号": DocumentKind.resident_id,
    "id card": DocumentKind.resident_id,
    "港澳通行证": DocumentKind.hk_macao_permit,
    "回乡证": DocumentKind.hk_macao_permit,
    "台胞证": DocumentKind.taiwan_permit,
    "外国人永居证": DocumentKind.foreign_pr,
}


def header_fold(text: str) -> str:
    """A header in the form in which headers are compared: width, case, spaces, `_`, `-` and brackets do not matter."""
    plain = unicodedata.normalize("NFKC", text).casefold().split("(")[0]
    return "".join(c for c in plain if c not in " _-\t\ufeff*:")


def schema_document(kind: FileKind) -> dict[str, Any]:
    """The published JSON Schema of one row of a file, all cells being text."""
    columns = COLUMNS[kind]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:healthcode:intake:{kind}",
        "title": {"leads": "One row of a file of leads", "results": "One row of a file of test results"}[kind],
        "description": "CSV with one header line; UTF-8 (with or without BOM) or GB18030; at most "
        f"{MAX_ROWS} rows. Columns in any order. A result file is signed (spec/intake.md).",
        "type": "object",
        "additionalProperties": False,
        "required": [c.id for c in columns if c.required],
        "properties": {c.id: _property(c) for c in columns},
    }


def _property(column: Column) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "title": f"{column.zh} / {column.en}",
        "description": column.about,
        "type": "string",
        "maxLength": column.max_length,
        "x-headers": list(column.headers),
    }
    if column.required:
        shape["minLength"] = 1
    if column.choices:
        shape["x-choices"] = list(column.choices)
    return shape
