"""Stories 1 and 3 of the product on a whole province, in a real browser, with codes read by a camera."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from healthcode.domain.time import REGION_TZ
from tests.browser.acts import (
    code_hold_up,
    inspector_invite,
    market_open,
    officer_sign_in,
    poster_photograph,
    resident_apply,
    resident_sign_in,
)
from tests.browser.camera import camera_show_nothing
from tests.browser.conftest import OpenPhone, Province
from tests.browser.looking import picture_keep, violations
from tests.intake import LEAD_HEADER, csv_bytes, lead
from tests.people import BAI, HU, KONG, LIN, QIAN, SHEN, SUN, ZHAO, ZHOU, Person

pytestmark = pytest.mark.slow

SPEND = """if (localStorage["hc.codes"])
  localStorage.setItem("hc.codes", JSON.stringify({...JSON.parse(localStorage["hc.codes"]), codes: []}))"""


@pytest.fixture(scope="module")
def bai(province: Province, chromium: Browser) -> Iterator[Page]:
    """Bai, manager of the market, signed in."""
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(8000)
    resident_sign_in(page, province.origin, BAI)
    yield page
    context.close()


def test_lin_applies_in_under_a_minute_and_the_market_lets_her_pass(
    province: Province, open_phone: OpenPhone, camera: Path, bai: Page
) -> None:
    """Story 1: from the first page to green, and to "pass" with the market's name."""
    lin = open_phone(f"{province.origin}/")
    begun = time.monotonic()
    resident_apply(lin, LIN)
    assert time.monotonic() - begun < 60
    expect(lin.locator(".frame-word")).to_contain_text("绿码")
    poster_photograph(bai, province.origin, camera)
    lin.get_by_role("link", name="扫码").click()
    expect(lin.locator(".verdict h1")).to_have_text("通行")
    expect(lin.locator(".venue-name")).to_contain_text("农贸市场")


def test_the_gate_refuses_zhao_within_a_second_of_the_review(
    province: Province, open_phone: OpenPhone, camera: Path, tmp_path: Path, bai: Page
) -> None:
    """Story 3: lead, queue, proposal, review; then the gate that had passed Zhao, and her own page."""
    zhao = open_phone(f"{province.origin}/")
    resident_sign_in(zhao, province.origin, ZHAO)
    code_hold_up(zhao, camera)
    kong = _gate_open(open_phone(f"{province.origin}/"), province, inspector_invite(bai, province.origin, "南门早班"))
    expect(kong.locator(".last-one")).to_contain_text("通行")
    camera_show_nothing(camera)

    _lead_import(open_phone(f"{province.origin}/"), province, tmp_path)
    _propose(open_phone(f"{province.origin}/"), province)
    _approve(open_phone(f"{province.origin}/"), province)
    time.sleep(1)

    code_hold_up(zhao, camera)  # the very page that passed: nothing on her phone was touched
    kong.reload()
    expect(kong.locator(".outcome .verdict-word")).to_have_text("不予通行")
    zhao.reload()
    expect(zhao.locator(".frame-word")).to_contain_text("红码")
    _explains_itself(zhao)


def test_a_phone_without_network_shows_its_pass_and_the_gate_lets_sun_in(
    province: Province, open_phone: OpenPhone, camera: Path, bai: Page
) -> None:
    """The phone that carries Sun's code; its pass is signed for the minute, and the gate answers from its own table."""
    phone = _without_network(province, open_phone(f"{province.origin}/", workers=True))
    assert str(phone.locator("svg.qr").get_attribute("data-text")).startswith("HP1:")
    picture_keep(phone, "resident-offline-pass")
    code_hold_up(phone, camera)
    gate = _gate_open(
        open_phone(f"{province.origin}/"), province, inspector_invite(bai, province.origin, "离线早班"), QIAN
    )
    expect(gate.locator(".last-one")).to_contain_text("通行")
    camera_show_nothing(camera)
    _sign_out(phone, province)


def test_the_managers_pages_are_accessible(province: Province, bai: Page) -> None:
    """The market, its poster and its screen."""
    for link in ("", "海报", "屏幕码"):
        market_open(bai, province.origin)
        if link:
            bai.get_by_role("link", name=link).first.click()
        picture_keep(bai, f"market-{link or 'page'}")
        assert violations(bai) == [], link


def _explains_itself(zhao: Page) -> None:
    """Why, until when, and which tests."""
    ground = zhao.locator(".ground").first
    for words in ("密切接触", "截止", "核酸"):
        expect(ground).to_contain_text(words)


def _without_network(province: Province, phone: Page) -> Page:
    """It has been online today; now there is no network, and the codes minted ahead are used up."""
    resident_sign_in(phone, province.origin, SUN)
    _wait_until(phone, "localStorage.getItem('hc.pass') !== null")
    _wait_until(phone, "navigator.serviceWorker.controller !== null")
    phone.context.set_offline(True)
    phone.add_init_script(SPEND)  # as the page begins: the old one might keep its codes once more
    phone.reload()
    phone.locator(".offline-pass").wait_for()
    return phone


def _sign_out(phone: Page, province: Province) -> None:
    """Nothing of the person stays on a phone that is handed on."""
    phone.context.set_offline(False)
    phone.goto(f"{province.origin}/#me")
    phone.get_by_role("button", name="退出登录").click()
    _wait_until(phone, "localStorage.getItem('hc.pass') === null")


def _wait_until(page: Page, true: str) -> None:
    """Return when an expression holds in the page; its own policy allows no evaluated script, the debugger does."""
    until = time.monotonic() + 20
    while not page.evaluate(true):
        assert time.monotonic() < until, true
        page.wait_for_timeout(100)


def _gate_open(kong: Page, province: Province, invitation: str, who: Person = KONG) -> Page:
    """Kong, or somebody else, accepts Bai's invitation on his own phone and stands at the gate."""
    resident_sign_in(kong, province.origin, who)
    kong.goto(invitation)
    kong.get_by_role("button", name="接受邀请").click()
    kong.locator(".gate").wait_for()
    return kong


def _lead_import(shen: Page, province: Province, folder: Path) -> None:
    """Shen uploads a file with one lead: Zhao, close contact since yesterday."""
    row = lead(ZHAO)
    yesterday = datetime.now(UTC).astimezone(REGION_TZ) - timedelta(days=1)
    row[LEAD_HEADER.index("末次接触日期")] = yesterday.date().isoformat()
    file = folder / "leads.csv"
    file.write_bytes(csv_bytes(LEAD_HEADER, [row]))
    officer_sign_in(shen, province.origin, SHEN)
    shen.goto(f"{province.origin}/console/imports/")
    shen.locator("input[type=file]").set_input_files(file)
    shen.get_by_role("button", name="上传并检查").click()


def _propose(zhou: Page, province: Province) -> None:
    """Zhou takes the lead from the county's queue and proposes to confirm it."""
    officer_sign_in(zhou, province.origin, ZHOU)
    zhou.goto(f"{province.origin}/console/county/")
    zhou.locator(".queue-item a", has_text="赵**").first.click()
    zhou.get_by_role("button", name="领取").click()
    zhou.get_by_role("button", name="认定").click()
    zhou.get_by_label("核查情况").fill("与病例同桌就餐，本人电话确认。")
    zhou.get_by_role("button", name="提请复核").click()


def _approve(hu: Page, province: Province) -> None:
    """Hu, another officer of the county, reads what will happen and approves."""
    officer_sign_in(hu, province.origin, HU)
    hu.goto(f"{province.origin}/console/county/reviews/")
    hu.locator(".queue-item a", has_text="赵**").first.click()
    hu.get_by_role("button", name="通过").click()
    hu.get_by_role("button", name="确认通过").click()
