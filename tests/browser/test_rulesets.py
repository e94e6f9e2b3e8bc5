"""Story 6 as far as control goes: Ning drafts the new set and rehearses it, Yan approves it for midnight."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import officer_sign_in
from tests.browser.conftest import PHONE, Province
from tests.browser.looking import picture_keep, violations
from tests.people import NING, YAN, OfficerRole

pytestmark = pytest.mark.slow

BASE = "/console/province/rulesets/"
MIDNIGHT = "2049-12-07T00:00"
MINUTES = 180_000


@pytest.fixture(scope="module")
def signed_in(province: Province, chromium: Browser) -> Iterator[Callable[[OfficerRole], Page]]:
    """A page of an officer, signed in once for the module."""
    pages: dict[OfficerRole, Page] = {}

    def page_of(officer: OfficerRole) -> Page:
        if officer not in pages:
            pages[officer] = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN").new_page()
            pages[officer].set_default_timeout(15_000)
            officer_sign_in(pages[officer], province.origin, officer)
        return pages[officer]

    yield page_of
    for page in pages.values():
        page.context.close()


def looked_at(page: Page, name: str) -> None:
    """The page in both languages, without an axe violation."""
    for lang in ("en", "zh"):
        page.goto(f"{page.url.split('?')[0]}?lang={lang}")
        picture_keep(page, f"rulesets-{name}-{lang}")
        assert violations(page) == [], f"{name} {lang}"


def drafts(page: Page, origin: str) -> None:
    """Ning makes a draft of the twenty measures and has it checked."""
    page.goto(f"{origin}{BASE}?lang=zh")
    page.get_by_label("名称").fill("二十条")
    page.get_by_label("以此为底稿").select_option("twenty-measures@1.0")
    page.get_by_role("button", name="建立").click()
    page.get_by_role("button", name="检查").click()
    expect(page.get_by_text("全部通过")).to_be_visible()


def rehearses(page: Page) -> None:
    """He rehearses it on everybody, as if it switched at midnight, and sees who would change."""
    page.get_by_label("按此时切换演练").fill(MIDNIGHT)
    page.get_by_role("button", name="在全省真实数据上演练").click()
    expect(page.get_by_text("各规则的赋码事由")).to_be_visible(timeout=MINUTES)


def test_the_new_set_is_drafted_rehearsed_and_approved_for_midnight(
    province: Province, signed_in: Callable[[OfficerRole], Page], chromium: Browser
) -> None:
    ning, yan = signed_in(NING), signed_in(YAN)
    drafts(ning, province.origin)
    looked_at(ning, "draft")
    rehearses(ning)
    looked_at(ning, "rehearsal")
    ning.get_by_role("link", name="返回草案").click()
    ning.get_by_label("生效时间").fill(MIDNIGHT)
    ning.get_by_label("理由").fill("国家方案调整")
    ning.get_by_role("button", name="提交").click()
    expect(ning.get_by_text("已提交，等待批准。")).to_be_visible()
    yan.goto(f"{province.origin}{BASE}?lang=zh")
    yan.get_by_role("link", name="发布 twenty-measures@1.0").click()
    yan.get_by_role("button", name="批准 c").click()
    picture_keep(yan, "rulesets-approve-zh")
    yan.get_by_role("button", name="确认批准").click()
    expect(yan.get_by_text("已公布，待生效")).to_be_visible()
    looked_at(yan, "history")
    yan.get_by_role("link", name="进一步优化疫情防控二十条措施赋码规则").click()
    looked_at(yan, "publication")
    everybody = chromium.new_context(viewport=PHONE, locale="zh-CN").new_page()
    everybody.goto(f"{province.origin}/rules/")
    expect(everybody.get_by_text("起改为")).to_be_visible()
    looked_at(everybody, "public")
    everybody.context.close()
