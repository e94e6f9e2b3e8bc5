"""When the network or the server is gone: what a phone shows, and what an inspector makes of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import code_hold_up, inspector_invite, resident_sign_in
from tests.browser.camera import camera_show_nothing
from tests.browser.conftest import OpenPhone, Province
from tests.browser.looking import picture_keep
from tests.people import BAI, KONG, MEI, QIAN

pytestmark = pytest.mark.slow

SPEND = "localStorage.setItem('hc.codes', JSON.stringify({...JSON.parse(localStorage['hc.codes']), codes: []}))"


@pytest.fixture(scope="module")
def bai(province: Province, chromium: Browser) -> Iterator[Page]:
    """Bai, manager of the market, signed in."""
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(8000)
    resident_sign_in(page, province.origin, BAI)
    yield page
    context.close()


def wait_until(page: Page, true: str) -> None:
    """Return when an expression holds in the page; its own policy allows no evaluated script, the debugger does."""
    until = time.monotonic() + 20
    while not page.evaluate(true):
        assert time.monotonic() < until, true
        page.wait_for_timeout(100)


def gate_open(page: Page, province: Province, invitation: str) -> Page:
    """Kong at the gate with his own phone."""
    resident_sign_in(page, province.origin, KONG)
    page.goto(invitation)
    page.get_by_role("button", name="接受邀请").click()
    page.locator(".gate").wait_for()
    return page


def mei_without_network(province: Province, page: Page) -> Page:
    """Mei has been online today; now there is no network, and the codes minted ahead are used up."""
    resident_sign_in(page, province.origin, MEI)
    wait_until(page, "localStorage.getItem('hc.pass') !== null")
    wait_until(page, "navigator.serviceWorker.controller !== null")
    page.evaluate(SPEND)
    page.context.set_offline(True)
    page.reload()
    page.locator(".offline-pass").wait_for()
    return page


def test_meis_phone_without_network_shows_its_pass_and_the_gate_lets_her_in(
    province: Province, open_phone: OpenPhone, camera: Path, bai: Page
) -> None:
    """Her page says since when it has heard nothing; the gate's edge answers from its own table."""
    mei = mei_without_network(province, open_phone(f"{province.origin}/", workers=True))
    assert str(mei.locator("svg.qr").get_attribute("data-text")).startswith("HP1:")
    picture_keep(mei, "resident-offline-pass")
    code_hold_up(mei, camera)
    invitation = inspector_invite(bai, province.origin, "离线早班")
    kong = gate_open(open_phone(f"{province.origin}/"), province, invitation)
    expect(kong.locator(".last-one")).to_contain_text("通行")
    camera_show_nothing(camera)


def test_signing_out_forgets_the_pass(province: Province, open_phone: OpenPhone) -> None:
    """Nothing of the person stays on a phone that was handed on."""
    qian = open_phone(f"{province.origin}/")
    resident_sign_in(qian, province.origin, QIAN)
    wait_until(qian, "localStorage.getItem('hc.pass') !== null")
    qian.goto(f"{province.origin}/#me")
    qian.get_by_role("button", name="退出登录").click()
    wait_until(qian, "localStorage.getItem('hc.pass') === null")
