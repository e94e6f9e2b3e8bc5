"""A file's way over the province's pages: refused with its faults, corrected, imported; a batch taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import officer_sign_in
from tests.browser.conftest import PHONE, Province
from tests.browser.looking import picture_keep, violations
from tests.intake import lead, leads_file
from tests.people import HE, QIAN, SHEN, ZHAO, OfficerRole

pytestmark = pytest.mark.slow

BASE = "/console/imports/"
DESKTOP = {"width": 1440, "height": 900}
BESIDE = """() => [...document.querySelectorAll('body *')].filter(found => {
    for (let box = found.parentElement; box; box = box.parentElement)
        if (box !== document.documentElement && getComputedStyle(box).overflowX !== 'visible') return false
    return found.getBoundingClientRect().right > document.documentElement.clientWidth + 1
}).map(found => found.outerHTML.slice(0, 90))"""
"""What reaches beyond the screen and cannot be scrolled in a box of its own."""


@pytest.fixture(scope="module")
def signed_in(province: Province, chromium: Browser) -> Iterator[Callable[[OfficerRole], Page]]:
    """A page of an officer, signed in once for the module."""
    pages: dict[OfficerRole, Page] = {}

    def page_of(officer: OfficerRole) -> Page:
        if officer not in pages:
            pages[officer] = chromium.new_context(viewport=DESKTOP, locale="zh-CN").new_page()
            pages[officer].set_default_timeout(20_000)
            officer_sign_in(pages[officer], province.origin, officer)
        return pages[officer]

    yield page_of
    for page in pages.values():
        page.context.close()


def looked_at(page: Page, name: str) -> None:
    """The page on a desktop and a phone, in both languages, without an axe violation and nothing beside the screen."""
    address = page.url.split("?")[0]
    for size, device in ((DESKTOP, "desktop"), (PHONE, "phone")):
        for lang in ("en", "zh"):
            page.set_viewport_size(size)
            page.goto(f"{address}?lang={lang}")
            picture_keep(page, f"imports-{name}-{device}-{lang}")
            assert page.evaluate(BESIDE) == [], f"{name} {device} {lang}"
            assert violations(page) == [], f"{name} {device} {lang}"
    page.set_viewport_size(DESKTOP)


def hands_in(page: Page, origin: str, name: str, content: bytes) -> None:
    """Choose a file, upload it, and wait on its page for the result."""
    page.goto(f"{origin}{BASE}?lang=zh")
    page.get_by_label("文件（CSV 或 XLSX）").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})
    page.get_by_role("button", name="上传并检查").click()
    page.wait_for_url("**/console/imports/*-*/")
    expect(page.get_by_text("正在导入")).to_have_count(0, timeout=60_000)


def rows(*days_back: int) -> bytes:
    """Leads of the cast, of days before today; one day ahead is a fault."""
    people = (ZHAO, QIAN)
    made = [lead(person, row=f"B{i}") for i, person in enumerate(people[: len(days_back)])]
    for row, back in zip(made, days_back, strict=True):
        row[6] = f"{datetime.now(UTC) - timedelta(days=back):%Y-%m-%d}"
    return leads_file(*made)


def test_a_file_with_faults_is_refused_and_the_corrected_one_imported(
    province: Province, signed_in: Callable[[OfficerRole], Page]
) -> None:
    shen = signed_in(SHEN)
    hands_in(shen, province.origin, "线索-今日.csv", rows(2, -3))
    expect(shen.get_by_role("alert")).to_contain_text("没有导入任何一行")
    looked_at(shen, "refused")
    hands_in(shen, province.origin, "线索-今日-改.csv", rows(2, 3))
    expect(shen.get_by_role("status")).to_contain_text("整份文件已导入")
    looked_at(shen, "imported")
    shen.goto(f"{province.origin}{BASE}")
    looked_at(shen, "list")


def test_a_batch_is_taken_back_when_another_officer_approves(
    province: Province, signed_in: Callable[[OfficerRole], Page]
) -> None:
    he, shen = signed_in(HE), signed_in(SHEN)
    he.goto(f"{province.origin}{BASE}?lang=zh")
    he.get_by_role("link", name="核酸结果-昨日.csv").click()
    he.get_by_label("理由").fill("试剂批次有问题，整批重做")
    he.get_by_role("button", name="申请撤回").click()
    expect(he.get_by_text("等待省级另一位工作人员批准。")).to_be_visible()
    looked_at(he, "asked")
    shen.goto(f"{province.origin}{BASE}?lang=zh")
    shen.locator("p.message").get_by_role("link", name="核酸结果-昨日.csv").click()
    looked_at(shen, "deciding")
    shen.get_by_role("button", name="批准撤回").click()
    expect(shen.locator("p.message").get_by_role("link", name="核酸结果-昨日.csv")).to_have_count(0)
    shen.goto(he.url)
    expect(shen.get_by_text("每条依据都有撤回记录")).to_be_visible()
    looked_at(shen, "taken-back")
