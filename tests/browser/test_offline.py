"""Both sides without network: the server is stopped, Lin shows her pass, Kong's device verifies and keeps the check."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from healthcode.adapters.secret_files import passwords_open
from tests.browser.acts import code_hold_up, inspector_invite, resident_apply, resident_sign_in
from tests.browser.camera import camera_show_nothing
from tests.browser.conftest import CHROMIUM, PHONE, OpenPhone, Province, ProvinceRun, chromium_arguments
from tests.browser.looking import picture_keep, violations
from tests.people import BAI, KONG, LIN

pytestmark = pytest.mark.slow

DEAD_S = 80
"""A minute and the skew: after so long a photographed code is over."""


class Device:
    """Kong's own phone, with a profile on disk: closing it is a restart of the browser."""

    def __init__(self, chromium: Browser, profile: Path, camera: Path) -> None:
        self._chromium, self._profile, self._camera = chromium, profile, camera
        self._context: BrowserContext | None = None

    def open(self, url: str = "about:blank", *, ahead: timedelta = timedelta()) -> Page:
        """A fresh start of the browser, its clock set `ahead` of (or behind) what it is."""
        self.close()
        self._context = self._chromium.browser_type.launch_persistent_context(
            self._profile, executable_path=CHROMIUM, args=chromium_arguments(self._camera), viewport=PHONE,
            locale="zh-CN", permissions=["camera"], has_touch=True,
        )  # fmt: skip
        page = self._context.pages[0]
        page.set_default_timeout(15_000)
        if ahead:
            page.clock.install(time=datetime.now(UTC) + ahead)
        page.goto(url)
        return page

    def close(self) -> None:
        if self._context is not None:
            self._context.close()
        self._context = None


@pytest.fixture
def device(chromium: Browser, tmp_path: Path, camera: Path) -> Iterator[Device]:
    one = Device(chromium, tmp_path / "profile", camera)
    yield one
    one.close()


def test_a_day_without_server(
    province_that_stops: ProvinceRun, open_phone: OpenPhone, device: Device, chromium: Browser, camera: Path
) -> None:
    """Shown and verified offline; kept over a restart of the browser; sent once when the server is back."""
    province = province_that_stops.province
    gate = f"{province.origin}/inspect"
    lin = _lin_with_a_pass(open_phone, province)
    _photograph_dies_online(device, _invitation(chromium, province), lin, camera, province)
    province_that_stops.stop()
    stopped = datetime.now(UTC)
    _pass_is_verified(device, gate, lin, camera)
    _live_code_says_what_to_do(device, gate, lin, camera)
    _clock_and_age_are_refused(device, gate)
    assert device.open(gate).locator(".waiting").inner_text().startswith("2 ")  # after three restarts
    restarted = datetime.now(UTC)
    province_that_stops.start()
    _sent(device, gate)
    seen = _inspected(province, stopped, restarted)
    assert len(seen) == 2
    assert len(set(seen)) == 1  # both are Lin's


def _lin_with_a_pass(open_phone: OpenPhone, province: Province) -> Page:
    """Lin has applied, and been online long enough to hold a pass."""
    lin = open_phone(f"{province.origin}/", workers=True)
    resident_apply(lin, LIN)
    _until(lin, "localStorage.getItem('hc.pass') !== null")
    _until(lin, "navigator.serviceWorker.controller !== null")
    return lin


def _invitation(chromium: Browser, province: Province) -> str:
    bai = chromium.new_context(locale="zh-CN").new_page()
    resident_sign_in(bai, province.origin, BAI)
    return inspector_invite(bai, province.origin, "离线早班")


def _photograph_dies_online(device: Device, invitation: str, lin: Page, camera: Path, province: Province) -> None:
    """Kong takes his post; Lin's live code passes, and a photograph of it is refused a minute later."""
    camera_show_nothing(camera)
    kong = device.open(f"{province.origin}/")
    resident_sign_in(kong, province.origin, KONG)
    kong.goto(invitation)
    with kong.expect_response("**/v1/bundle?since=0"):
        kong.get_by_role("button", name="接受邀请").click()
    code_hold_up(lin, camera)
    taken = time.monotonic()
    kong.reload()
    expect(kong.locator(".last-one")).to_contain_text("通行")
    kong.wait_for_timeout(max(0, DEAD_S - (time.monotonic() - taken)) * 1000)
    kong.reload()
    expect(kong.locator(".outcome .verdict-word")).to_have_text("请改用身份证")
    _until(kong, "navigator.serviceWorker.controller !== null")


def _pass_is_verified(device: Device, gate: str, lin: Page, camera: Path) -> None:
    """The page comes from the phone itself; the gate too, and judges by its bundle."""
    lin.reload()
    expect(lin.locator("svg.qr")).to_have_attribute("data-text", _starts("HL1:"))
    picture_keep(lin, "offline-live-zh")
    lin.get_by_role("button", name="出示离线码").click()
    expect(lin.locator("svg.qr")).to_have_attribute("data-text", _starts("HP1:"))
    picture_keep(lin, "offline-pass-zh")
    code_hold_up(lin, camera)
    kong = device.open(gate)
    expect(kong.locator(".outcome .verdict-word")).to_have_text("通行")
    expect(kong.locator(".outcome")).to_contain_text("依据")
    picture_keep(kong, "offline-gate-pass-zh")
    kong = device.open(gate, ahead=timedelta(seconds=DEAD_S))  # the same picture, a minute later
    expect(kong.locator(".outcome .verdict-word")).to_have_text("请改用身份证")


def _live_code_says_what_to_do(device: Device, gate: str, lin: Page, camera: Path) -> None:
    lin.get_by_role("button", name="返回普通健康码").click()
    expect(lin.locator("svg.qr")).to_have_attribute("data-text", _starts("HL1:"))
    code_hold_up(lin, camera)
    kong = device.open(gate)
    expect(kong.locator(".outcome .verdict-word")).to_have_text("登记后通行")
    expect(kong.locator(".outcome")).to_contain_text("出示离线码")
    picture_keep(kong, "offline-gate-live-zh")
    camera_show_nothing(camera)
    kong.reload()
    expect(kong.locator(".waiting")).to_contain_text("2 次离线查验待上传")
    expect(kong.locator(".offline-note")).to_have_attribute("data-state", "ready")
    picture_keep(kong, "offline-gate-ready-zh")
    assert violations(kong) == []


def _clock_and_age_are_refused(device: Device, gate: str) -> None:
    """Set back by an hour, and five hours on: it says so, and stops nobody."""
    kong = device.open(gate, ahead=-timedelta(hours=1))
    expect(kong.locator(".offline-note")).to_have_attribute("data-state", "clock")
    expect(kong.locator(".offline-note")).to_contain_text("不得拒绝")
    picture_keep(kong, "offline-gate-clock-zh")
    kong = device.open(gate, ahead=timedelta(hours=5))
    expect(kong.locator(".offline-note")).to_contain_text("离线数据已有 5 小时，超过 4 小时的上限")
    picture_keep(kong, "offline-gate-stale-zh")


def _sent(device: Device, gate: str) -> None:
    """Nothing waits any more, also after the page has been opened again."""
    for _ in range(2):
        kong = device.open(gate)
        expect(kong.locator(".link-state")).to_contain_text("新鲜", timeout=60_000)
        expect(kong.locator(".waiting")).to_have_count(0, timeout=60_000)


def _inspected(province: Province, since: datetime, until: datetime) -> list[int]:
    """Whose inspected visits lie in a span of time."""
    place = json.loads((province.data / "run" / "postgres.json").read_text())
    password = passwords_open(province.data / "secrets")["postgres"]
    with psycopg.connect(
        host=place["host"], port=place["port"], dbname=place["database"], user="postgres", password=password
    ) as database:
        query = "SELECT subject FROM visit WHERE grade = 1 AND at BETWEEN %s AND %s"
        return [subject for (subject,) in database.execute(query, [since, until])]


def _starts(prefix: str) -> re.Pattern[str]:
    return re.compile(f"^{re.escape(prefix)}")


def _until(page: Page, true: str) -> None:
    """Return when an expression holds in the page."""
    until = time.monotonic() + 30
    while not page.evaluate(true):
        assert time.monotonic() < until, true
        page.wait_for_timeout(100)
