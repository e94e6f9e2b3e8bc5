"""Recalls at the screen: Zhou ends one person's codes at once, Gao asks for more, Shen decides."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.acts import officer_sign_in
from tests.browser.conftest import PHONE, Province
from tests.browser.looking import picture_keep, violations
from tests.people import GAO, SHEN, ZHOU, OfficerRole

pytestmark = pytest.mark.slow

RECALLS = "/console/recalls/"
DESK: ViewportSize = {"width": 1280, "height": 860}
REASON = "群众举报被冒用"


def page_of(chromium: Browser, province: Province, officer: OfficerRole) -> Page:
    page = chromium.new_context(viewport=DESK, locale="zh-CN").new_page()
    page.set_default_timeout(15_000)
    officer_sign_in(page, province.origin, officer)
    page.goto(f"{province.origin}{RECALLS}?lang=zh")
    return page


def looked_at(page: Page, name: str) -> None:
    for lang in ("en", "zh"):
        page.goto(f"{page.url.split('?')[0]}?lang={lang}")
        for place, size in (("phone", PHONE), ("desk", DESK)):
            page.set_viewport_size(size)
            picture_keep(page, f"recalls-{name}-{lang}-{place}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} {lang} {place}"
        assert violations(page) == [], f"{name} {lang}"
        page.set_viewport_size(DESK)


def asks(page: Page, scope: str, target: str) -> None:
    page.get_by_label(scope).check()
    page.get_by_label("编号或文本").fill(target)
    page.get_by_label("理由").fill(REASON)
    page.get_by_role("button", name="收回", exact=True).click()


def test_a_person_at_once_and_a_key_by_two_officers(chromium: Browser, province: Province) -> None:
    zhou = page_of(chromium, province, ZHOU)
    looked_at(zhou, "empty")
    asks(zhou, "一个人的全部码", "1")
    gao = page_of(chromium, province, GAO)
    asks(gao, "一把签发密钥签的码", "0123456789abcdef")
    expect(gao.get_by_text("待省级批准")).to_be_visible()
    shen = page_of(chromium, province, SHEN)
    looked_at(shen, "waiting")
    shen.get_by_role("button", name="批准").click()
    expect(shen.get_by_text("待省级批准")).not_to_be_visible()
    for _ in range(20):
        zhou.reload()
        if zhou.get_by_text("已收回：").count() == 1:
            break
        zhou.wait_for_timeout(200)
    looked_at(zhou, "done")
