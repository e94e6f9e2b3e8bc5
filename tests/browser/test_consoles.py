"""The consoles of a whole province: no axe violation, usable by keyboard alone, and looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.acts import officer_sign_in, resident_sign_in
from tests.browser.conftest import Province
from tests.browser.looking import picture_keep, violations
from tests.people import HE, LUO, MEI, SHEN, WU, OfficerRole

pytestmark = pytest.mark.slow

OPENED = {
    LUO: [
        "/console/county/",
        "/console/county/reviews/",
        "/console/county/venues/",
        "/console/county/tonight/",
        "/console/county/calls/",
    ],
    SHEN: ["/console/imports/", "/console/province/", "/console/province/nobody/", "/console/province/tonight/"],
    HE: ["/console/imports/"],
    WU: ["/console/"],
}


@pytest.fixture(scope="module")
def signed_in(province: Province, chromium: Browser) -> Iterator[Callable[[OfficerRole], Page]]:
    """A page of an officer, signed in once for the module."""
    pages: dict[OfficerRole, Page] = {}

    def page_of(officer: OfficerRole) -> Page:
        if officer not in pages:
            pages[officer] = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN").new_page()
            pages[officer].set_default_timeout(8000)
            officer_sign_in(pages[officer], province.origin, officer)
        return pages[officer]

    yield page_of
    for page in pages.values():
        page.context.close()


@pytest.mark.parametrize("officer", OPENED, ids=lambda officer: officer.key)
def test_each_place_of_an_officer_is_accessible(
    officer: OfficerRole, province: Province, signed_in: Callable[[OfficerRole], Page]
) -> None:
    """In Chinese and English, light and dark."""
    page = signed_in(officer)
    for path in OPENED[officer]:
        for lang, scheme in (("zh", "light"), ("en", "dark")):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.goto(f"{province.origin}{path}?lang={lang}")
            picture_keep(page, f"console-{officer.key}{path.replace('/console', '').replace('/', '-')}{lang}-{scheme}")
            assert violations(page) == [], f"{path} {lang} {scheme}"


def test_a_queue_is_walked_by_keyboard_alone(province: Province, signed_in: Callable[[OfficerRole], Page]) -> None:
    """j, k, Enter and ?, as the help says."""
    page = signed_in(LUO)
    page.emulate_media(color_scheme="light")
    page.goto(f"{province.origin}/console/county/?lang=zh")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator(".queue-item [aria-current]").wait_for()
    picture_keep(page, "console-luo-item-zh-light")
    assert violations(page) == []
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("键盘快捷键")


def test_somebody_without_a_venue_may_register_one(province: Province, chromium: Browser) -> None:
    """The manager's pages open for any resident."""
    page = chromium.new_context(viewport={"width": 1100, "height": 900}, locale="zh-CN").new_page()
    page.set_default_timeout(8000)
    resident_sign_in(page, province.origin, MEI)
    for name in ("", "register/"):
        page.goto(f"{province.origin}/console/venue/{name}")
        picture_keep(page, f"venue-{name.strip('/') or 'list'}")
        assert violations(page) == []
    page.context.close()
