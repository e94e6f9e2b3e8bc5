"""Laws of documents: what is printed can be read again; no single slip passes; masks hide."""

from contextlib import suppress
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from healthcode.domain.document import Document, DocumentError, DocumentKind, document_mask, document_parse, name_mask
from tests.strategies import resident_ids

TODAY = date(2022, 10, 13)


@given(resident_ids())
def test_every_valid_id_reads_back_as_itself(document: Document) -> None:
    """parse ∘ print = identity."""
    assert document_parse(document.kind, document.number.lower(), today=TODAY) == document
    assert document.birth_date is not None


@given(resident_ids(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_changed_character_is_refused(document: Document, place: int, other: str) -> None:
    """GB 11643 catches every substitution."""
    number = document.number[:place] + other + document.number[place + 1 :]
    try:
        assert document_parse(DocumentKind.resident_id, number, today=TODAY) == document
    except DocumentError:
        assert number != document.number


@given(resident_ids(), st.integers(0, 15))
def test_two_swapped_digits_are_refused(document: Document, place: int) -> None:
    """So are neighbours that changed places."""
    n = document.number
    swapped = n[:place] + n[place + 1] + n[place] + n[place + 2 :]
    try:
        assert document_parse(DocumentKind.resident_id, swapped, today=TODAY).number == n
    except DocumentError:
        assert swapped != n


@given(st.sampled_from(DocumentKind), st.text(max_size=30))
def test_any_text_is_read_or_refused(kind: DocumentKind, text: str) -> None:
    """Never another error."""
    with suppress(DocumentError):
        document = document_parse(kind, text, today=TODAY)
        assert document_parse(kind, document.number, today=TODAY) == document


@given(resident_ids(), st.text(min_size=2, max_size=20))
def test_masks_show_at_most_the_ends(document: Document, name: str) -> None:
    """Four of eighteen characters; at most two of a name."""
    assert document_mask(document).count("*") == 14
    assert len(name_mask(name).rstrip("*")) <= max(2, name_mask(name).count("*") and 2)
