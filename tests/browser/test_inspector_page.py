"""The inspector's page before an invented edge: a code is read by the camera, and the outcome fills the screen."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import document_type
from tests.browser.camera import camera_show, camera_show_nothing
from tests.browser.conftest import OpenPhone
from tests.people import LIN


def _gate(invented: str, open_phone: OpenPhone, lang: str = "zh") -> Page:
    page = open_phone(f"{invented}/inspect#invite=abc", session="green", lang=lang)
    page.locator(".button.primary").click()
    page.locator(".gate").wait_for()
    return page


def test_an_accepted_invitation_leaves_the_address(invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """The token stays in no history."""
    camera_show_nothing(camera)
    page = _gate(invented, open_phone)
    expect(page.locator(".where")).to_contain_text("平遥县城关农贸市场")
    assert "invite" not in page.url


@pytest.mark.parametrize(
    ("code", "verdict", "words"),
    [
        ("HL1:ANYTHING0", "通行", "绿码"),
        ("HL1:YELLOW00", "不予通行", "当前状态是黄码"),
        ("HL1:RED00000", "不予通行", "当前状态是红码"),
        ("HL1:OLDTEST0", "不予通行", "本场所要求48小时内核酸检测阴性，最近一次采样在81小时前"),
        ("HL1:EXPIRED0", "请改用身份证", "码已过期"),
        ("https://elsewhere.example", "请改用身份证", "不是本省健康码"),
    ],
)
def test_the_outcome_fills_the_screen_in_words(
    code: str, verdict: str, words: str, invented: str, open_phone: OpenPhone, camera: Path
) -> None:
    """Verdict, masked name and the one condition that failed."""
    camera_show(camera, code)
    page = _gate(invented, open_phone)
    outcome = page.locator(".outcome")
    expect(outcome.locator(".verdict-word")).to_have_text(verdict)
    expect(outcome).to_contain_text(words)
    box = outcome.bounding_box()
    assert box
    assert (box["width"], box["height"]) == (390, 844)


def test_after_a_second_and_a_half_scanning_goes_on(invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """The last one stays named at the foot, and the counter counts."""
    camera_show(camera, "HL1:ANYTHING0")
    page = _gate(invented, open_phone)
    page.locator(".outcome").wait_for()
    page.locator(".outcome").wait_for(state="detached", timeout=3000)
    expect(page.locator(".last-one")).to_contain_text("林*")
    expect(page.locator(".counter")).to_contain_text("1")


def test_a_tap_holds_the_outcome(invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """For the one case in which somebody has to read."""
    camera_show(camera, "HL1:RED00000")
    page = _gate(invented, open_phone)
    page.locator(".outcome").click()
    page.wait_for_timeout(2000)
    expect(page.locator(".outcome")).to_contain_text("点按继续")


def test_an_id_card_is_typed_on_large_keys_and_named(invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """Number and name together: Lin's card opens the gate that her phone opens."""
    camera_show_nothing(camera)
    page = _gate(invented, open_phone)
    document_type(page, LIN.document.number, LIN.name, by_keys=True)
    expect(page.locator(".verdict-word")).to_have_text("通行")


def test_whom_the_index_does_not_know_registers_and_passes(invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """An unknown number or another name: the same words, and nobody is turned away."""
    camera_show_nothing(camera)
    page = _gate(invented, open_phone)
    document_type(page, LIN.document.number, "林晓雪")
    expect(page.locator(".verdict-word")).to_have_text("登记后通行")


def test_a_number_can_be_changed_after_the_name_was_asked(invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """Nothing that was typed is lost."""
    camera_show_nothing(camera)
    page = _gate(invented, open_phone)
    page.get_by_role("button", name="身份证").click()
    page.locator(".keypad").wait_for()
    page.keyboard.type(LIN.document.number)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="改号码").click()
    expect(page.locator(".keypad-number")).to_have_text("140728 19900307 1266")


def test_a_wrong_digit_is_told_before_anybody_is_asked(invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """The keypad compares the check digit."""
    camera_show_nothing(camera)
    page = _gate(invented, open_phone)
    page.get_by_role("button", name="身份证").click()
    page.locator(".keypad").wait_for()
    page.keyboard.type("140728199003071200")
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_role("alert")).to_contain_text("对不上")


def test_with_the_server_gone_everybody_registers_and_passes(
    invented: str, open_phone: OpenPhone, camera: Path
) -> None:
    """Honest about being offline; the gate stays open (Art. 40)."""
    camera_show_nothing(camera)
    page = _gate(invented, open_phone)
    page.context.set_offline(True)
    document_type(page, LIN.document.number, LIN.name)
    expect(page.locator(".verdict-word")).to_have_text("登记后通行")
    expect(page.locator(".link-state")).to_contain_text("离线")


def test_the_gate_speaks_english_too(invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """Every word of an outcome."""
    camera_show(camera, "HL1:RED00000")
    page = _gate(invented, open_phone, lang="en")
    expect(page.locator(".verdict-word")).to_have_text("Do not pass")
    expect(page.locator(".outcome")).to_contain_text("The state now is Red")
