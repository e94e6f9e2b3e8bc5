"""Story 1: Lin applies on a phone in under a minute, sees green, scans the market's code, gets "pass" with its name."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.acts import market_open, poster_photograph, resident_apply, resident_sign_in
from tests.browser.conftest import OpenPhone, Province
from tests.people import BAI, LIN


@pytest.mark.slow
def test_lin_applies_sees_green_and_the_market_lets_her_pass(
    province: Province, open_phone: OpenPhone, camera: Path
) -> None:
    """From the first page to the market's name, on the real province."""
    lin = open_phone(f"{province.origin}/")
    begun = time.monotonic()
    resident_apply(lin, LIN)
    assert time.monotonic() - begun < 60
    expect(lin.locator(".frame-word")).to_contain_text("绿码")
    expect(lin.locator(".holder .name")).to_have_text("林**")

    bai = open_phone(f"{province.origin}/")
    resident_sign_in(bai, province.origin, BAI)
    market_open(bai, province.origin)
    poster_photograph(bai, camera)

    lin.get_by_role("link", name="扫码").click()
    expect(lin.locator(".verdict h1")).to_have_text("通行")
    expect(lin.locator(".venue-name")).to_contain_text("古城农贸市场")
