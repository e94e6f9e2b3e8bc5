"""One cell of text → one value of the domain, or the fault with its stable code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from healthcode.control.exchange.columns import KIND_WORDS, LEAD_KINDS, RESULT_WORDS, STATUS_WORDS, header_fold
from healthcode.control.exchange.faults import CellFault
from healthcode.domain.division import (
    PROVINCES,
    REGION,
    cities,
    counties,
    division_current,
    division_get,
    history,
    prefix_known,
)
from healthcode.domain.document import (
    KIND_NAMES,
    Document,
    DocumentError,
    DocumentKind,
    document_parse,
    name_parse,
    phone_parse,
)
from healthcode.domain.evidence import KIND_SPECS, SAMPLING_SKEW, EvidenceKind
from healthcode.domain.time import REGION_TZ, Day, date_of, day_from_date, day_of, day_start, instant_of, minute_of

EARLIEST: Final = datetime(2019, 12, 1, tzinfo=UTC)
_DATE: Final = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))", re.ASCII)
_TIME: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_SCIENTIFIC: Final = re.compile(r"\d(\.\d+)?[eE]\+?\d+")
_RESULTS: Final = {word: result for result, words in RESULT_WORDS.items() for word in words}
_PROVINCE_CODES: Final = {name: code for code, names in PROVINCES.items() for name in names}
_STATUSES: Final = {word: status for status, words in STATUS_WORDS.items() for word in words}
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


def document_kind_cell(text: str) -> DocumentKind:
    """The kind of document; a resident ID where nothing is written."""
    kind = DOCUMENT_WORDS.get(text.casefold()) if text else DocumentKind.resident_id
    if kind is None:
        raise CellFault("document_kind_unknown", **_choices(KIND_NAMES))
    return kind


def document_cell(kind: DocumentKind, number_text: str, now: datetime) -> Document:
    """The document of a row. Spreadsheets' text marks before the number are dropped."""
    number = number_text.lstrip("'`\t ")
    if _SCIENTIFIC.fullmatch(number):
        raise CellFault("document_scientific")
    try:
        return document_parse(kind, number, today=date_of(day_of(minute_of(now))))
    except DocumentError as error:
        raise CellFault(error.code) from None


def name_cell(text: str) -> str:
    """A personal name in its one form."""
    try:
        return name_parse(text)
    except DocumentError as error:
        raise CellFault(error.code) from None


def phone_cell(text: str) -> str:
    """Eleven digits, or nothing where nothing is known."""
    text = text.lstrip("'`\t ")
    if not text:
        return ""
    try:
        return phone_parse(text)
    except DocumentError as error:
        raise CellFault(error.code) from None


def kind_cell(text: str) -> EvidenceKind:
    """The kind of evidence that a lead suspects."""
    kind = KIND_WORDS.get(text.casefold())
    if kind is None:
        names = {k: (KIND_SPECS[k].name_zh, KIND_SPECS[k].name_en) for k in LEAD_KINDS}
        raise CellFault("kind_unknown", **_choices(names))
    return kind


def day_cell(text: str, now: datetime) -> Day:
    """A local calendar day, neither in the future nor before the epidemic."""
    found = _DATE.fullmatch(text)
    if not found:
        raise CellFault("date_unreadable")
    year, *rest = found.groups()
    month, day = (part for part in rest if part is not None)
    try:
        number = day_from_date(datetime(int(year), int(month), int(day), tzinfo=REGION_TZ).date())
    except ValueError:
        raise CellFault("date_unreadable") from None
    if number > day_of(minute_of(now)):
        raise CellFault("date_future")
    if number < day_of(minute_of(EARLIEST)):
        raise CellFault("date_too_old")
    return number


def time_cell(text: str, now: datetime) -> datetime:
    """An instant: Beijing time unless an offset is written; at most five minutes ahead of `now`."""
    at = _instant(text)
    return _timely(at, now)


def moment_cell(text: str, now: datetime) -> datetime:
    """An instant as `time_cell` reads it, or a day: its beginning in the region."""
    if _DATE.fullmatch(text):
        return instant_of(day_start(day_cell(text, now)))
    return time_cell(text, now)


def _timely(at: datetime, now: datetime) -> datetime:
    if at > now + timedelta(minutes=SAMPLING_SKEW):
        raise CellFault("time_future")
    if at < EARLIEST:
        raise CellFault("date_too_old")
    return at


def _instant(text: str) -> datetime:
    found = _TIME.fullmatch(text)
    try:
        if found:
            numbers = [int(part or 0) for part in found.groups()]
            return datetime(*numbers, tzinfo=REGION_TZ).astimezone(UTC)  # type: ignore[misc, arg-type] # six integers
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise CellFault("time_unreadable") from None
    if at.tzinfo is None or "T" not in text.upper():
        raise CellFault("time_unreadable")
    return at.astimezone(UTC)


def result_cell(text: str) -> str:
    """`negative`, `positive`, `pending` or `invalid`."""
    found = _RESULTS.get(text.casefold())
    if found is None:
        raise CellFault("result_unknown")
    return found


def pool_cell(text: str) -> int:
    """How many samples were pooled; 1 where nothing is written."""
    if not text:
        return 1
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or not 1 <= int(text) <= 50:
        raise CellFault("pool_size")
    return int(text)


def dose_cell(text: str) -> int:
    """Which dose it was."""
    if not re.fullmatch(r"\d{1,2}", text, re.ASCII) or not 1 <= int(text) <= 15:
        raise CellFault("dose")
    return int(text)


def status_cell(text: str) -> str:
    """`red`, `yellow` or `lifted`, as another region gave it."""
    found = _STATUSES.get(text.casefold())
    if found is None:
        raise CellFault("status_unknown")
    return found


def region_cell(text: str) -> str:
    """The six-digit code of the province that gave a status; never our own (C8)."""
    found = text[:2] if re.fullmatch(r"\d{2}(0000)?", text, re.ASCII) else _PROVINCE_CODES.get(text)
    if found is None or found not in PROVINCES:
        raise CellFault("region_unknown")
    if found == REGION[:2]:
        raise CellFault("region_own")
    return found + "0000"


@lru_cache(maxsize=4096)
def division_cell(text: str) -> str:
    """The county in use today for a code or name of any time; empty where unknown or outside the region."""
    if not text:
        return ""
    if re.fullmatch(r"\d{6}", text, re.ASCII):
        return _by_code(text)
    found = _names().get(header_fold(text))
    if found is None:
        raise CellFault("division_not_county" if header_fold(text) in _wider() else "division_unknown")
    if len(found) > 1:
        raise CellFault("division_ambiguous")
    return next(iter(found))


def _by_code(code: str) -> str:
    if code[:2] != REGION[:2]:
        if prefix_known(code) or (code.endswith("00") and prefix_known(code[:2] + "0101")):
            return ""  # a person elsewhere: nobody's queue, from where the province sends it on (C8)
        raise CellFault("division_unknown")
    try:
        division = division_get(division_current(code))
    except KeyError:
        raise CellFault("division_unknown") from None
    if division.level != "county":
        raise CellFault("division_not_county")
    return division.code


@lru_cache(maxsize=1)
def _names() -> Mapping[str, frozenset[str]]:
    """County names as people write them → codes in use: alone, after the city, after province and city."""
    names: dict[str, set[str]] = {}
    for county in (*counties(), *(d for d in history() if d.level == "county" and not d.current)):
        city = division_get(county.parent or REGION)
        code = division_current(county.code)
        zh = (county.name_zh, city.name_zh + county.name_zh, "山西省" + city.name_zh + county.name_zh)
        en = (county.name_en, f"{county.name_en}, {city.name_en}", f"{city.name_en} {county.name_en}")
        for name in (*zh, *en):
            names.setdefault(header_fold(name), set()).add(code)
    return {name: frozenset(codes) for name, codes in names.items()}


@lru_cache(maxsize=1)
def _wider() -> frozenset[str]:
    names = {header_fold(n) for city in cities() for n in (city.name_zh, city.name_en, "山西省" + city.name_zh)}
    return frozenset(names | {"山西省", "山西", "shanxi", "shanxiprovince"})


def _choices(names: Mapping[DocumentKind, tuple[str, str]] | Mapping[EvidenceKind, tuple[str, str]]) -> dict[str, str]:
    zh = "、".join(name for name, _ in names.values())
    en = ", ".join(kind.value for kind in names)
    return {"choices_zh": zh, "choices_en": en}
