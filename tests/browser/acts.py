"""What people of the cast do at a screen, by its words: signing in, applying, holding a phone before a camera."""

from __future__ import annotations

import time
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.camera import camera_show_picture
from tests.people import COUNTY, OfficerRole, Person

YOUNG_S = 40
"""Until which second of its minute a code is young enough to be carried to a gate."""
PASSWORD = "invented-county-2022"  # of the demo's invented officers


def phone_prove(page: Page, person: Person) -> None:
    """Fill in the phone number and the one-time code that the demo shows."""
    page.get_by_label("手机号").fill(person.phone)
    page.get_by_role("button", name="获取验证码").click()
    page.get_by_role("button", name="填入").click()


def resident_sign_in(page: Page, origin: str, person: Person) -> None:
    """Sign in on the resident's page and wait for the code."""
    page.goto(f"{origin}/#signin")
    phone_prove(page, person)
    page.get_by_role("button", name="登录").click()
    page.locator("svg.qr").wait_for()


def resident_apply(page: Page, person: Person) -> None:
    """Apply from the welcome page to the code."""
    page.get_by_role("link", name="申领健康码").click()
    phone_prove(page, person)
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("姓名").fill(person.name)
    page.get_by_label("证件号码").fill(person.document.number)
    page.get_by_label("现居住市").select_option(f"{COUNTY[:4]}00")
    page.get_by_label("县（市、区）").select_option(COUNTY)
    page.get_by_label("详细地址").fill(person.address)
    page.get_by_role("button", name="下一步").click()
    page.locator("[name=symptoms][value=no]").check()
    page.locator("[name=exposure][value=no]").check()
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("我已阅读").check()
    page.get_by_role("button", name="同意并申领").click()
    page.locator("svg.qr").wait_for()


def officer_sign_in(page: Page, origin: str, officer: OfficerRole) -> None:
    """Password, then the one-time code that the demo page shows for this officer; one used before is waited out."""
    page.goto(f"{origin}/accounts/login/")
    page.get_by_label("账号").fill(officer.key)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("动态口令").fill(_one_time_code(page, origin, officer))
    page.get_by_role("button", name="登录").click()
    if page.get_by_label("动态口令").count():
        page.wait_for_timeout(31_000)
        page.get_by_label("动态口令").fill(_one_time_code(page, origin, officer))
        page.get_by_role("button", name="登录").click()
    page.locator(".console").wait_for()


def _one_time_code(page: Page, origin: str, officer: OfficerRole) -> str:
    """The officer's code of this half minute, from the demo page in a tab beside."""
    demo = page.context.new_page()
    demo.goto(f"{origin}/demo/")
    code = demo.locator("tr", has=demo.get_by_text(officer.key, exact=True)).locator("td").last.inner_text()
    demo.close()
    return code


def market_open(page: Page, origin: str) -> None:
    """The market's page, of its signed-in manager."""
    page.goto(f"{origin}/console/venue/")
    page.get_by_role("link", name="农贸市场").click()


def poster_photograph(page: Page, origin: str, camera: Path) -> None:
    """Let the camera see the poster of the market's first checkpoint."""
    market_open(page, origin)
    page.get_by_role("link", name="海报").first.click()
    camera_show_picture(camera, page.locator(".poster .qr svg").screenshot())


def inspector_invite(page: Page, origin: str, label: str) -> str:
    """Invite an inspector at the market; returns the link."""
    market_open(page, origin)
    page.get_by_label("岗位").fill(label)
    page.get_by_role("button", name="生成邀请").click()
    return page.get_by_role("textbox", name="邀请链接").input_value()


def code_hold_up(phone: Page, camera: Path) -> None:
    """Hold a resident's phone before the camera: its code of this minute, or of the next where this is nearly over.

    A gate whose browser has to be started first would else read a code that is a minute old.
    """
    code = phone.locator("svg.qr")
    if time.time() % 60 > YOUNG_S:
        over = code.get_attribute("data-text") or ""
        expect(code).not_to_have_attribute("data-text", over, timeout=30_000)
    code.scroll_into_view_if_needed()
    camera_show_picture(camera, code.screenshot())


def document_type(page: Page, number: str, name: str, *, by_keys: bool = False) -> None:
    """At the gate: type a resident ID's number, by the page's own keys or a keyboard, then the name on the card."""
    page.get_by_role("button", name="身份证").click()
    page.locator(".keypad").wait_for()
    if by_keys:
        for key in number:
            page.locator(".keypad .button", has_text=key).first.click()
    else:
        page.keyboard.type(number)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("textbox", name="姓名").fill(name)
    page.get_by_role("button", name="查验", exact=True).click()
