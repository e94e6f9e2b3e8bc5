"""The identity registry's promises, and those of the demo SMS sender."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from healthcode.adapters.registry_file import RegistryFile, registry_write
from healthcode.adapters.sms_demo import DevelopmentTwinRefused, SmsDemo
from healthcode.control.people.ports import IdentityRegistry, RegistryAnswer
from healthcode.domain.document import Document, DocumentKind

KEY = bytes(range(32))
LIN = Document(DocumentKind.resident_id, "140105199203047722")
ZHAO = Document(DocumentKind.resident_id, "140105198511236411")
WEAVER = Document(DocumentKind.passport, "E12345678")
PEOPLE = [(LIN, "林晓燕"), (ZHAO, "赵志刚"), (WEAVER, "Anna María Weaver")]

Issue = Callable[[list[tuple[Document, str]]], IdentityRegistry]


@pytest.fixture(params=["file"])
def issue(request: pytest.FixtureRequest, tmp_path: Path) -> Issue:
    """Makes a registry that has issued documents to people; one entry per implementation."""

    def file(people: list[tuple[Document, str]]) -> IdentityRegistry:
        registry_write(tmp_path / "registry", KEY, people)
        return RegistryFile(tmp_path / "registry", KEY)

    return {"file": file}[request.param]


def test_a_document_matches_the_name_it_was_issued_to(issue: Issue) -> None:
    registry = issue(PEOPLE)
    assert [registry.verify(document, name) for document, name in PEOPLE] == [RegistryAnswer.MATCH] * 3


def test_a_borrowed_document_is_a_mismatch(issue: Issue) -> None:
    assert issue(PEOPLE).verify(LIN, "赵志刚") is RegistryAnswer.MISMATCH


def test_a_document_never_issued_is_unknown(issue: Issue) -> None:
    registry = issue(PEOPLE)
    assert registry.verify(Document(DocumentKind.passport, "E12345679"), "Anna María Weaver") is RegistryAnswer.UNKNOWN
    assert registry.verify(Document(DocumentKind.foreign_pr, LIN.number), "林晓燕") is RegistryAnswer.UNKNOWN


@pytest.mark.parametrize("written", [" anna maría  weaver ", "ＡＮＮＡ MARÍA WEAVER"])
def test_width_case_and_spaces_of_a_name_do_not_matter(issue: Issue, written: str) -> None:
    assert issue(PEOPLE).verify(WEAVER, written) is RegistryAnswer.MATCH


def test_an_empty_registry_knows_nobody(issue: Issue) -> None:
    assert issue([]).verify(LIN, "林晓燕") is RegistryAnswer.UNKNOWN


def test_a_new_edition_answers_at_once(issue: Issue) -> None:
    registry = issue([])
    issue(PEOPLE)
    assert registry.verify(LIN, "林晓燕") is RegistryAnswer.MATCH


@pytest.mark.parametrize("content", [None, b"", b"garbage", b"HCREG1\n".ljust(16, b"\0") + b"short"])
def test_a_missing_or_damaged_file_is_unavailable_and_never_raises(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "registry").write_bytes(content)
    assert RegistryFile(tmp_path / "registry", KEY).verify(LIN, "林晓燕") is RegistryAnswer.UNAVAILABLE


def test_the_file_holds_no_name_and_no_number_and_is_private(tmp_path: Path) -> None:
    registry_write(tmp_path / "registry", KEY, PEOPLE)
    content = (tmp_path / "registry").read_bytes()
    assert not any(document.number.encode() in content or name.encode() in content for document, name in PEOPLE)
    assert (tmp_path / "registry").stat().st_mode & 0o777 == 0o600


def test_the_file_answers_nothing_without_its_key(tmp_path: Path) -> None:
    registry_write(tmp_path / "registry", KEY, PEOPLE)
    assert RegistryFile(tmp_path / "registry", bytes(32)).verify(LIN, "林晓燕") is RegistryAnswer.UNKNOWN


def test_the_demo_page_sees_the_last_text_also_from_another_process(tmp_path: Path) -> None:
    sender = SmsDemo(tmp_path / "sms.json", production=False)
    sender.send("13900000001", "123456")
    sender.send("13900000001", "654321")
    assert SmsDemo(tmp_path / "sms.json", production=False).last("13900000001") == "654321"
    assert sender.last("13900000002") is None
    assert (tmp_path / "sms.json").stat().st_mode & 0o777 == 0o600


def test_the_demo_sender_refuses_production(tmp_path: Path) -> None:
    with pytest.raises(DevelopmentTwinRefused, match="Configure an SMS provider"):
        SmsDemo(tmp_path / "sms.json", production=True)
