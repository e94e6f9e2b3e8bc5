"""Every page with axe-core (WCAG 2.2 AA), and looked at: pictures go to tests/browser/screenshots/, out of git."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser.camera import camera_show_nothing
from tests.browser.conftest import PHONE, OpenPhone
from tests.browser.looking import picture_keep, violations

PAGES = {
    "welcome": ("/", "", "h1"),
    "apply": ("/#apply", "", "form"),
    "sign-in": ("/#signin", "", "form"),
    "green": ("/", "green", "svg.qr"),
    "yellow": ("/", "yellow", "svg.qr"),
    "red": ("/", "red", "svg.qr"),
    "unknown": ("/", "unknown", "svg.qr"),
    "family": ("/#family", "green", "h1"),
    "me": ("/#me", "green", ".records"),
    "visit": ("/v#abc", "green", ".verdict"),
    "visit-refused": ("/v#abc", "red", ".verdict"),
    "visit-forged": ("/v#FORGED", "green", ".message"),
    "inspect": ("/inspect", "", "h1"),
    "invited": ("/inspect#invite=abc", "", "form"),
}
LOOKS = ("zh", "dark", "desktop", "elder", "small-en")
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
SMALL: ViewportSize = {"width": 360, "height": 640}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_violation_and_fits_in_every_look(name: str, invented: str, open_phone: OpenPhone) -> None:
    """Nothing axe finds, nothing wider than the screen; the pictures are kept for people to look at."""
    path, session, ready = PAGES[name]
    page = open_phone(f"{invented}{path}", session=session)
    page.locator(ready).first.wait_for()
    for look in LOOKS:
        _look(page, look)
        picture_keep(page, f"{name}-{look}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), look
        assert violations(page) == [], look


@pytest.mark.parametrize("look", ["zh", "elder"])
def test_the_gate_has_no_violation(look: str, invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """Camera, outcome and keypad."""
    camera_show_nothing(camera)
    page = open_phone(f"{invented}/inspect#invite=abc", session="green")
    page.locator(".button.primary").click()
    page.locator(".gate").wait_for()
    _look(page, look)
    picture_keep(page, f"gate-{look}")
    found = violations(page)
    page.locator(".gate-bottom .button").first.click()
    page.locator(".keypad").wait_for()
    picture_keep(page, f"keypad-{look}")
    assert found + violations(page) == []


def _look(page: Page, look: str) -> None:
    """Change how the page looks, as its reader would: theme, size, large type, language."""
    page.emulate_media(color_scheme="dark" if look == "dark" else "light")
    page.set_viewport_size({"desktop": DESKTOP, "small-en": SMALL}.get(look, PHONE))
    page.evaluate("on => document.documentElement.toggleAttribute('data-elder', on)", look == "elder")
    if look == "small-en":
        page.locator(".language").click()
