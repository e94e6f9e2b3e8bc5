"""What a column of an incoming file is: its two names, what its cells may be, and the kind of cell that checks them.

From these and from `schema.py` follows everything else: checking, the published schemas, sample files, the field tables
on the pages and in `spec/intake.md`.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

from healthcode.domain.document import DocumentKind
from healthcode.domain.evidence import KIND_SPECS, EvidenceKind

CellKind = Literal[
    "text", "row_id", "document_kind", "document", "name", "phone", "lead_kind", "day", "time", "moment", "result",
    "pool", "division", "dose", "region", "status",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its id, its two names, further accepted headers, and what its cells may be."""

    id: str
    zh: str
    en: str
    about: str
    cell: CellKind = "text"
    required: bool = False
    max_length: int = 120
    also: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    sample: str = ""

    @property
    def headers(self) -> tuple[str, ...]:
        """Every header text by which the column is recognised, folded."""
        return tuple(dict.fromkeys(header_fold(h) for h in (self.id, self.zh, self.en, *self.also)))


def header_fold(text: str) -> str:
    """A header in the form in which headers are compared: width, case, spaces, `_`, `-` and brackets do not matter."""
    plain = unicodedata.normalize("NFKC", text).casefold().split("(")[0]
    return "".join(c for c in plain if c not in " _-\t\ufeff*:")


LEAD_KINDS: Final = tuple(k for k, spec in KIND_SPECS.items() if spec.reviewed and spec.anchored)
"""Kinds of evidence that a lead may suspect: those that an officer determines and that have a day 0."""

RESULT_WORDS: Final = {
    "negative": ("阴性", "negative", "-", "阴"),
    "positive": ("阳性", "positive", "+", "阳"),
    "pending": ("待出", "pending", "检测中"),
    "invalid": ("无效", "invalid"),
}
STATUS_WORDS: Final = {
    "red": ("红", "红码", "red"),
    "yellow": ("黄", "黄码", "yellow"),
    "lifted": ("解除", "已解除", "转绿", "lifted"),
}
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

ROW_ID = Column(
    "row_id",
    "行号",
    "row id",
    "the source's own id of the row; the same id again changes nothing",
    "row_id",
    required=True,
    max_length=64,
    also=("编号", "序号", "id"),
    sample="1",
)
DOCUMENT_KIND = Column(
    "document_kind",
    "证件类型",
    "document kind",
    "empty: resident ID",
    "document_kind",
    max_length=24,
    also=("证件种类",),
    choices=tuple(k.value for k in DocumentKind),
    sample="居民身份证",
)
DOCUMENT_NUMBER = Column(
    "document_number",
    "证件号码",
    "document number",
    "as on the document; format the column as text",
    "document",
    required=True,
    max_length=40,
    also=("身份证号", "身份证号码", "证件号"),
    sample="11010519491231002X",  # the worked example of GB 11643-1999
)
NAME = Column("name", "姓名", "name", "as on the document", "name", required=True, max_length=60, sample="张三")
PHONE = Column(
    "phone",
    "手机号",
    "phone",
    "11 digits; may be empty",
    "phone",
    max_length=24,
    also=("手机号码", "联系电话", "电话", "mobile"),
)
DIVISION = Column(
    "division",
    "现住区划",
    "present division",
    "six-digit code or name of the county; empty: not known",
    "division",
    max_length=40,
    also=("现住县区", "现居住地区划", "区划", "county"),
    sample="平遥县",
)
ADDRESS = Column("address", "现住址", "address", "present address", max_length=200, also=("详细地址", "现居住地"))
REMARK = Column("remark", "备注", "remark", "what the county should know", max_length=500)
SOURCE_DOCUMENT = Column(
    "source_document",
    "来源文号",
    "source document",
    "number of the letter or list",
    required=True,
    max_length=100,
    also=("文号", "来源", "source"),
    sample="28号",
)
PERSON: Final = (DOCUMENT_KIND, DOCUMENT_NUMBER, NAME)
