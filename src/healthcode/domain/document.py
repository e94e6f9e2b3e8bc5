"""Identity documents: reading, checking and masking. A document that exists here is well-formed.

GB 11643-1999 for the resident ID (18 characters, ISO 7064 MOD 11-2 check character); the 15-digit number of before
1999 ended on 2013-01-01 and is refused. The permits' shapes are those printed on the cards.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from healthcode.domain.division import prefix_known


class DocumentKind(StrEnum):
    """Documents accepted by H1."""

    resident_id = "resident_id"
    passport = "passport"
    hk_macao_permit = "hk_macao_permit"
    taiwan_permit = "taiwan_permit"
    foreign_pr = "foreign_pr"


KIND_NAMES: Final[dict[DocumentKind, tuple[str, str]]] = {
    DocumentKind.resident_id: ("居民身份证", "Resident ID card"),
    DocumentKind.passport: ("护照", "Passport"),
    DocumentKind.hk_macao_permit: ("港澳居民来往内地通行证", "Mainland travel permit (Hong Kong, Macao)"),
    DocumentKind.taiwan_permit: ("台湾居民来往大陆通行证", "Mainland travel permit (Taiwan)"),
    DocumentKind.foreign_pr: ("外国人永久居留身份证", "Foreign permanent resident ID card"),
}


class DocumentError(ValueError):
    """A document, name or phone that cannot be right; `code` is stable, the message says what to write."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Document:
    """A checked document number in its one canonical form (upper case, ASCII, no spaces)."""

    kind: DocumentKind
    number: str

    @property
    def birth_date(self) -> date | None:
        """Date of birth where the number carries it (resident ID, new-style permanent resident card)."""
        if self.kind is DocumentKind.resident_id or (self.kind is DocumentKind.foreign_pr and self.number[0] == "9"):
            return date(int(self.number[6:10]), int(self.number[10:12]), int(self.number[12:14]))
        return None

    @property
    def division(self) -> str | None:
        """The division prefix of a resident ID: where the number was first given, not where the person lives."""
        return self.number[:6] if self.kind is DocumentKind.resident_id else None


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_SHAPES: Final[dict[DocumentKind, tuple[re.Pattern[str], str]]] = {
    DocumentKind.resident_id: (re.compile(r"\d{17}[\dX]"), "18 characters: 17 digits and a digit or X"),
    DocumentKind.passport: (re.compile(r"[A-Z0-9]{6,9}"), "6 to 9 letters and digits, as in the passport"),
    DocumentKind.hk_macao_permit: (re.compile(r"[HM]\d{8}(\d{2})?"), "H or M and 8 digits (or 10 on old cards)"),
    DocumentKind.taiwan_permit: (re.compile(r"\d{8}|\d{10}[A-Z]?"), "8 digits (or 10 on old cards)"),
    DocumentKind.foreign_pr: (re.compile(r"9\d{16}[\dX]|[A-Z]{3}\d{12}"), "18 digits from 9, or 3 letters, 12 digits"),
}


def resident_id_check_digit(first17: str) -> str:
    """The check character (0-9 or X) of seventeen digits: GB 11643, ISO 7064 MOD 11-2."""
    if len(first17) != 17 or not (first17.isascii() and first17.isdigit()):
        raise DocumentError("document_length", "seventeen digits are needed to compute the check character")
    return _CHECKS[sum(int(d) * w for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def _canonical(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).upper()
    return re.sub(r"[\s\-()]", "", folded)


def _check_dated(number: str, today: date) -> None:
    """The birth date and check character of an 18-character number."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise DocumentError("document_birth_date", "characters 7 to 14 are no date; write YYYYMMDD") from None
    if born.year < 1850 or born > today:
        raise DocumentError("document_birth_date", "the date of birth must lie between 1850 and today")
    if resident_id_check_digit(number[:17]) != number[17]:
        raise DocumentError("document_check_digit", "the last character does not fit the number; compare each digit")


def document_parse(kind: DocumentKind, text: str, *, today: date) -> Document:
    """Read a document number as typed (full-width digits, spaces and lower case are fine).

    `today` is the local date, which bounds the date of birth. Raises DocumentError with codes `document_length`,
    `document_shape`, `document_division`, `document_birth_date`, `document_check_digit`.
    """
    number = _canonical(text)
    pattern, shape = _SHAPES[kind]
    if kind is DocumentKind.resident_id and len(number) == 15 and number.isdigit():
        raise DocumentError("document_length", "15-digit numbers ended in 2013; write the 18 characters of the card")
    if kind is DocumentKind.resident_id and len(number) != 18:
        raise DocumentError("document_length", f"a resident ID has 18 characters, this has {len(number)}")
    if not number.isascii() or not pattern.fullmatch(number):
        raise DocumentError("document_shape", f"not a {KIND_NAMES[kind][1]} number; expected {shape}")
    if kind is DocumentKind.resident_id:
        if not prefix_known(number[:6]):
            raise DocumentError("document_division", f"no division ever had the code {number[:6]}; compare digits 1-6")
        _check_dated(number, today)
    if kind is DocumentKind.foreign_pr and number[0] == "9":
        _check_dated(number, today)
    return Document(kind, number)


def document_mask(document: Document) -> str:
    """First and last two characters, stars between (facts: masking in real codes)."""
    number = document.number
    return number[:2] + "*" * (len(number) - 4) + number[-2:]


_SURNAMES = """
欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 太叔 申屠 公孙 慕容
仲孙 钟离 长孙 宇文 司徒 鲜于 司空 令狐
"""
_COMPOUND_SURNAMES = frozenset(_SURNAMES.split())


def name_mask(name: str) -> str:
    """The surname (compound ones whole, or the first letter of a name in letters) and stars for the rest."""
    text = name.strip()
    if not text:
        return "*"
    head = 2 if len(text) > 2 and text[:2] in _COMPOUND_SURNAMES else 1
    return text[:head] + "*" * min(max(len(text) - head, 1), 6)


def name_parse(text: str) -> str:
    """A personal name in one form: 1 to 50 characters, letters, marks, spaces, `·`, `-`, `'`, `.`.

    Raises DocumentError `name_shape`.
    """
    name = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip().replace("•", "·").replace("・", "·")
    allowed = all(c in " ·-'." or unicodedata.category(c)[0] in "LM" for c in name)
    if not name or len(name) > 50 or not allowed or not unicodedata.category(name[0]).startswith("L"):
        raise DocumentError("name_shape", "write the name as on the document, letters only, at most 50")
    return name


def phone_parse(text: str) -> str:
    """A mainland mobile number as eleven digits, without `+86` and separators; raises DocumentError `phone_shape`."""
    digits = re.sub(r"^(\+86|0086)", "", _canonical(text))
    if not re.fullmatch(r"1[3-9]\d{9}", digits) or not digits.isascii():
        raise DocumentError("phone_shape", "a mobile number has 11 digits and begins with 13 to 19")
    return digits


def phone_mask(phone: str) -> str:
    """First three and last two digits."""
    return phone[:3] + "*" * max(len(phone) - 5, 0) + phone[-2:]
