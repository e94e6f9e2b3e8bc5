"""A risk area at the screen: Zhou proposes with the residents, Gao approves, everybody sees how far it got."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.acts import officer_sign_in
from tests.browser.conftest import PHONE, ProvinceRun
from tests.browser.looking import picture_keep, violations
from tests.people import GAO, ZHOU, OfficerRole

pytestmark = pytest.mark.slow

COUNTY = "/console/county/areas/"
CITY = "/console/city/areas/"
DESK: ViewportSize = {"width": 1280, "height": 860}
ZOOMED: ViewportSize = {"width": 640, "height": 430}
"""A desk at 200 %: what a browser that enlarges everything twice lays out."""
NAME = "古陶镇南大街片区"


@pytest.fixture(scope="module")
def signed_in(province_that_stops: ProvinceRun, chromium: Browser) -> Iterator[Callable[[OfficerRole], Page]]:
    """A page of an officer, signed in once for the module."""
    pages: dict[OfficerRole, Page] = {}

    def page_of(officer: OfficerRole) -> Page:
        if officer not in pages:
            pages[officer] = chromium.new_context(viewport=DESK, locale="zh-CN").new_page()
            pages[officer].set_default_timeout(15_000)
            officer_sign_in(pages[officer], province_that_stops.province.origin, officer)
        return pages[officer]

    yield page_of
    for page in pages.values():
        page.context.close()


def looked_at(page: Page, name: str, *, again: bool = True) -> None:
    """Phone, desk and desk enlarged twice, Chinese and English: no axe violation, nothing wider than the screen.

    A page that answers a form cannot be opened `again`: it is looked at in its one language.
    """
    for lang in ("en", "zh") if again else ("zh",):
        if again:
            page.goto(f"{page.url.split('?')[0]}?lang={lang}")
        for place, size in (("phone", PHONE), ("zoomed", ZOOMED), ("desk", DESK)):
            page.set_viewport_size(size)
            picture_keep(page, f"areas-{name}-{lang}-{place}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} {lang} {place}"
        assert violations(page) == [], f"{name} {lang}"
        page.set_viewport_size(DESK)


def proposes(page: Page, origin: str) -> int:
    """Zhou fills the form in and sees how many residents it takes in before anything is proposed."""
    page.goto(f"{origin}{COUNTY}?lang=zh")
    looked_at(page, "county-empty")
    page.get_by_label("名称", exact=True).fill(NAME)
    page.get_by_label("小区、街巷或乡镇").fill("南大街\n锦绣小区")
    page.get_by_label("等级", exact=True).select_option("high")
    page.get_by_label("列入范围内的现住居民").check()
    page.get_by_label("依据文件").fill("平疫防指〔2022〕18号")
    page.get_by_role("button", name="查看涉及人数").click()
    told = re.search(r"列入居民人数：(\d+)", page.get_by_text("列入居民人数").text_content() or "")
    assert told is not None
    residents = int(told[1])
    looked_at(page, "preview", again=False)
    page.get_by_label("理由").fill("两日内发现4例阳性，集中在南大街")
    page.get_by_role("button", name="提请市级审批").click()
    expect(page.get_by_text("已提请，等待市级审批。").first).to_be_visible()
    looked_at(page, "proposed")
    return residents


def approves(page: Page, origin: str) -> None:
    """Gao reads what is proposed and approves it."""
    page.goto(f"{origin}{CITY}?lang=zh")
    looked_at(page, "city-list")
    page.get_by_role("link", name=NAME).last.click()
    looked_at(page, "city-decision")
    page.get_by_role("button", name="批准 c").click()
    picture_keep(page, "areas-city-approve-zh-desk")
    page.get_by_role("button", name="确认批准").click()
    expect(page.get_by_text("已批准，立即生效。")).to_be_visible()


def dialogs(page: Page) -> None:
    """Each dialog of the county's page, on desk and phone."""
    for key in ("change", "lift", "case", "hold"):
        for place, size in (("phone", PHONE), ("desk", DESK)):
            page.set_viewport_size(size)
            page.locator(f"[data-opens={key}]").click()
            picture_keep(page, f"areas-dialog-{key}-{place}")
            page.keyboard.press("Escape")


def test_zhou_proposes_with_residents_gao_approves_and_both_see_the_result(
    province_that_stops: ProvinceRun, signed_in: Callable[[OfficerRole], Page]
) -> None:
    province = province_that_stops.province  # of its own: the cast lives in this street
    zhou, gao = signed_in(ZHOU), signed_in(GAO)
    residents = proposes(zhou, province.origin)
    assert residents >= 5  # who was born at that address with the province
    approves(gao, province.origin)
    gao.get_by_role("link", name=NAME).click()
    expect(gao.get_by_text(f"重新推导的人：{residents}")).to_be_visible()  # the page itself asks how far it is
    looked_at(gao, "city-carried-out")
    zhou.reload()
    expect(zhou.get_by_text(f"列入居民：{residents}")).to_be_visible()
    looked_at(zhou, "in-force")
    dialogs(zhou)
    looked_at(gao, "city-after")
