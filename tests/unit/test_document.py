"""Documents are read as people type them, and refused with what to write instead."""

from datetime import date

import pytest

from healthcode.domain.document import (
    Document,
    DocumentError,
    DocumentKind,
    document_mask,
    document_parse,
    name_mask,
    name_parse,
    phone_mask,
    phone_parse,
    resident_id_check_digit,
)
from tests.people import LIN, SUN, ZHAO

TODAY = date(2022, 10, 13)
ID = DocumentKind.resident_id


def refusal(kind: DocumentKind, text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        document_parse(kind, text, today=TODAY)
    assert len(caught.value.message) > 15
    return caught.value.code


def test_the_standards_example_has_the_check_character_x() -> None:
    """GB 11643-1999, annex: 11010519491231002X."""
    assert resident_id_check_digit("11010519491231002") == "X"
    assert document_parse(ID, "11010519491231002x", today=TODAY).number[-1] == "X"


def test_lin_types_her_id_with_spaces_and_full_width_digits() -> None:
    """What a phone keyboard makes of it does not matter."""
    number = LIN.document.number
    typed = f" {number[:6]} {number[6:14]}-{number[14:]}".translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert document_parse(ID, typed, today=TODAY) == LIN.document


def test_zhaos_id_says_when_and_where_she_was_born() -> None:
    """Birth date and prefix come from the number alone."""
    assert ZHAO.document.birth_date == date(1985, 11, 23)
    assert ZHAO.document.division == "140728"


@pytest.mark.parametrize("place", range(18))
def test_one_wrong_digit_in_suns_id_is_always_noticed(place: int) -> None:
    """The check character catches every single slip."""
    number = SUN.document.number
    for other in "0123456789":
        if other != number[place]:
            refusal(ID, number[:place] + other + number[place + 1 :])


def test_an_old_fifteen_digit_number_is_refused_with_its_reason() -> None:
    """They ended in 2013."""
    assert refusal(ID, "140728850712312") == "document_length"


def test_a_birth_date_in_the_future_is_refused() -> None:
    """Whoever is born tomorrow has no number yet."""
    first17 = "14072820221014" + "123"
    assert refusal(ID, first17 + resident_id_check_digit(first17)) == "document_birth_date"


def test_a_prefix_that_no_division_ever_had_is_refused() -> None:
    """Ended ones are good: people keep their number."""
    for prefix, known in (("149999", False), ("990101", False), ("140202", True), ("142401", True), ("110101", True)):
        first17 = f"{prefix}19850712123"
        number = first17 + resident_id_check_digit(first17)
        if known:
            assert document_parse(ID, number, today=TODAY).division == prefix
        else:
            assert refusal(ID, number) == "document_division"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (DocumentKind.passport, "e12345678", "E-1"),
        (DocumentKind.hk_macao_permit, "H12345678", "A12345678"),
        (DocumentKind.hk_macao_permit, "M1234567801", "M123"),
        (DocumentKind.taiwan_permit, "12345678", "1234567"),
        (DocumentKind.foreign_pr, "USA123456789012", "US1234567890123"),
    ],
)
def test_other_documents_have_the_shape_printed_on_them(kind: DocumentKind, good: str, bad: str) -> None:
    """Passport, permits, permanent residents."""
    assert document_parse(kind, good, today=TODAY).kind is kind
    assert refusal(kind, bad) == "document_shape"


def test_a_new_permanent_resident_card_has_a_check_character() -> None:
    """18 characters from 9, with the date of birth inside."""
    first17 = "91424019850712123"
    card = document_parse(DocumentKind.foreign_pr, first17 + resident_id_check_digit(first17), today=date(2024, 1, 1))
    assert card.birth_date == date(1985, 7, 12)
    assert refusal(DocumentKind.foreign_pr, first17 + "AB"[:1]) == "document_shape"


def test_masks_show_only_ends() -> None:
    """Art. 24: masked display."""
    assert document_mask(Document(ID, "11010519491231002X")) == "11**************2X"
    assert name_mask("赵海燕") == "赵**"
    assert name_mask("欧阳修文") == "欧阳**"
    assert name_mask("Mary Lin") == "M******"
    assert phone_mask("13800140001") == "138******01"


def test_phones_and_names_come_in_one_form() -> None:
    """What is stored is looked up again."""
    assert phone_parse("+86 138-0014-0001") == "13800140001"
    assert name_parse("  古丽·努尔 ") == "古丽·努尔"
    for wrong in ("12345", "23800140001", ""):
        with pytest.raises(DocumentError):
            phone_parse(wrong)
    for wrong in ("", "a" * 51, "<b>", "=cmd()", "赵1"):
        with pytest.raises(DocumentError):
            name_parse(wrong)
