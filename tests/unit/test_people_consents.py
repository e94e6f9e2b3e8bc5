"""Consent texts: each version in both languages, the last one in force."""

from pathlib import Path

import pytest

from healthcode.control.people.consents import ConsentError, consents_read

RULEBOOK = Path(__file__).parents[2] / "rulebook" / "shanxi"


def test_the_rulebook_has_its_consent_text_in_both_languages() -> None:
    files = {str(p.relative_to(RULEBOOK)): p.read_bytes() for p in RULEBOOK.rglob("*") if p.is_file()}
    found = consents_read(files)
    assert "第六条" in found["2022-10-13"]["zh"]
    assert "Article" in found["2022-10-13"]["en"]
    assert found["2022-10-13"]["zh"].count("\n\n") == found["2022-10-13"]["en"].count("\n\n")


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({}, "no consent text"),
        ({"consent/2022-10-13.zh.md": b"x"}, "en is missing"),
        ({"consent/2022-10-13.md": b"x"}, "name it"),
        ({"consent/1.zh.md": b"\xff", "consent/1.en.md": b"x"}, "UTF-8"),
    ],
)
def test_a_text_that_cannot_be_used_is_named(files: dict[str, bytes], fault: str) -> None:
    with pytest.raises(ConsentError, match=fault):
        consents_read(files)
