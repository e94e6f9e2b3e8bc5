"""Story 9: the database is killed during the morning peak; gates keep answering, and nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from healthcode.adapters.embedded_postgres import postmaster_pid
from healthcode.adapters.secret_files import passwords_open, secrets_open
from healthcode.codes.venue import VenueClaim, venue_static
from healthcode.visits.record import visit_key
from tests.browser.acts import code_hold_up, document_type, inspector_invite, market_open, resident_sign_in
from tests.browser.camera import camera_show_nothing
from tests.browser.conftest import OpenPhone, Province, ProvinceRun
from tests.browser.looking import picture_keep
from tests.people import BAI, KONG, MEI, QIAN, SUN, ZHAO, Person

pytestmark = pytest.mark.slow

DOWN_S = 15
"""How long the database stays away, whatever the supervisor does about it."""


def test_gates_and_scans_go_on_while_the_database_is_away(
    province_that_stops: ProvinceRun, open_phone: OpenPhone, chromium: Browser, camera: Path
) -> None:
    """Kong checks a code and two cards, visitors scan; afterwards every acknowledged visit is there once."""
    province = province_that_stops.province
    bai = _bai(chromium, province)
    poster, invitation = _poster(bai, province), inspector_invite(bai, province.origin, "早高峰")
    peak = Peak(province, poster, [Resident(province, person) for person in (QIAN, MEI, ZHAO)])
    sun = open_phone(f"{province.origin}/")
    resident_sign_in(sun, province.origin, SUN)
    kong = open_phone(f"{province.origin}/")
    _take_post(kong, province, invitation)
    with peak, DatabaseAway(province) as away:
        _gate_goes_on(kong, sun, camera)
        assert away.still()
    _everything_is_there(province, peak)
    _sun_reads_it(sun, province)


def _gate_goes_on(kong: Page, sun: Page, camera: Path) -> None:
    """Her phone, her card, and somebody whom nobody knows, with no database behind the gate."""
    code_hold_up(sun, camera)
    kong.reload()
    expect(kong.locator(".outcome .verdict-word")).to_have_text("通行")
    camera_show_nothing(camera)
    kong.reload()
    document_type(kong, SUN.document.number, SUN.name)
    expect(kong.locator(".outcome .verdict-word")).to_have_text("通行")
    expect(kong.locator(".outcome")).to_contain_text("孙**")
    picture_keep(kong, "story-9-card")
    kong.locator(".outcome").wait_for(state="detached")
    document_type(kong, ZHAO.document.number, "赵海宴")
    expect(kong.locator(".outcome .verdict-word")).to_have_text("登记后通行")


def _everything_is_there(province: Province, peak: Peak) -> None:
    """Each acknowledged visit once, those of the outage among them, and Kong's two document checks."""
    assert len(peak.during) > 5, "nobody scanned while the database was away"
    until = time.monotonic() + 60
    while missing := peak.acknowledged.keys() - _visits(province):
        assert time.monotonic() < until, f"{len(missing)} of {len(peak.acknowledged)} acknowledged visits are missing"
        time.sleep(0.5)
    with _database(province) as database:
        (checks,) = database.execute("SELECT count(*) FROM document_check").fetchone() or (0,)
    assert checks >= 2


def _sun_reads_it(sun: Page, province: Province) -> None:
    """Who read her card stands on her own page."""
    sun.goto(f"{province.origin}/#me")
    sun.reload()
    sun.get_by_text("谁看过、动过我的信息").click()
    expect(sun.locator(".history").first).to_contain_text("查验了您的证件")
    picture_keep(sun, "story-9-who-looked")


@dataclass
class Resident:
    """Somebody who scans, without a browser: a session of her own."""

    province: Province
    person: Person
    session: str = ""

    def __post_init__(self) -> None:
        self._open = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._ask_for_a_code()
        code = self.ask(f"/demo/phone-codes?phone={self.person.phone}")["code"]
        answer = self.ask("/api/people/sessions", {"phone": self.person.phone, "phone_code": code})
        self.session = answer["session"]

    def _ask_for_a_code(self) -> None:
        """One text a minute: who has just signed in elsewhere waits."""
        until = time.monotonic() + 90
        while True:
            try:
                self.ask("/api/people/phone-codes", {"phone": self.person.phone})
            except urllib.error.HTTPError as error:
                if error.code != 429 or time.monotonic() > until:
                    raise
                time.sleep(int(error.headers["Retry-After"]))
            else:
                return

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One JSON request; raises URLError."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.session}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.province.origin + path, data, headers)
        with self._open.open(request, timeout=10) as answer:
            return json.loads(answer.read())  # type: ignore[no-any-return]


@dataclass
class Peak:
    """Visitors who scan the market's poster again and again, and a ledger of every acknowledgement."""

    province: Province
    poster: str
    people: list[Resident]
    acknowledged: dict[str, float] = field(default_factory=dict)
    down_from: float = 0.0

    def __enter__(self) -> Self:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._scan, args=(one,)) for one in self.people]
        for thread in self._threads:
            thread.start()
        time.sleep(2)
        self.down_from = time.time()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def during(self) -> list[str]:
        """The visits acknowledged after the kill and before the database came back."""
        ends = self.down_from + DOWN_S
        return [visit for visit, at in self.acknowledged.items() if self.down_from + 1 < at < ends]

    def _scan(self, visitor: Resident) -> None:
        """One scan every four seconds: a person's limit is twenty a minute.  A refusal is repeated by its key."""
        while not self._stop.is_set():
            key = str(visit_key(int(time.time() * 1000), os.urandom(10)))
            with suppress(urllib.error.URLError, TimeoutError):
                answer = visitor.ask("/v1/visits", {"key": key, "code": self.poster})
                self.acknowledged[answer["visit"]] = time.time()
            self._stop.wait(3.5)


class DatabaseAway:
    """kill -9 of PostgreSQL, again and again for a while: whoever starts it anew loses it anew."""

    def __init__(self, province: Province) -> None:
        self._folder = province.data / "postgres" / "data"
        self._until = 0.0

    def __enter__(self) -> Self:
        self._until = time.monotonic() + DOWN_S
        self._thread = threading.Thread(target=self._keep_away)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()

    def still(self) -> bool:
        """Whether it is away yet."""
        return time.monotonic() < self._until

    def _keep_away(self) -> None:
        while self.still():
            pid = postmaster_pid(self._folder)
            if pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)


def _bai(chromium: Browser, province: Province) -> Page:
    page = chromium.new_context(locale="zh-CN").new_page()
    page.set_default_timeout(8000)
    resident_sign_in(page, province.origin, BAI)
    return page


def _take_post(kong: Page, province: Province, invitation: str) -> None:
    resident_sign_in(kong, province.origin, KONG)
    kong.goto(invitation)
    kong.get_by_role("button", name="接受邀请").click()
    kong.locator(".gate").wait_for()


def _poster(bai: Page, province: Province) -> str:
    """The link that the poster of the market's first checkpoint carries."""
    market_open(bai, province.origin)
    number = int(re.findall(r"/venue/(\d+)/", bai.url)[0])
    issuer = secrets_open(province.data / "secrets", create=False).issuer_venue
    return venue_static(issuer.key(), issuer.kid, VenueClaim(number, 1), region=140000, base_url=province.origin)


def _database(province: Province) -> psycopg.Connection[Any]:
    """A reader of everything, once the database is back."""
    place = json.loads((province.data / "run" / "postgres.json").read_text())
    password = passwords_open(province.data / "secrets")["postgres"]
    return psycopg.connect(
        host=place["host"], port=place["port"], dbname=place["database"], user="postgres", password=password
    )


def _visits(province: Province) -> set[str]:
    try:
        with _database(province) as database:
            return {str(row[0]) for row in database.execute("SELECT id FROM visit").fetchall()}
    except psycopg.OperationalError:
        return set()
