"""A real Chromium with a camera of ours, the built pages before an invented edge, and a whole province.

Playwright's loop runs in this thread, so that it lives for one module only: other tests use asyncio.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect, sync_playwright

from tests.browser.camera import camera_show_nothing

REPOSITORY = Path(__file__).resolve().parents[2]
WEB = REPOSITORY / "web"
SCREENSHOTS = Path(__file__).parent / "screenshots"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE: ViewportSize = {"width": 390, "height": 844}
_QUIET = ("Failed to load resource",)  # an answer that is no success is part of some tests

expect.set_options(timeout=15_000)  # 5 s are little for a page and a camera beside another worker's tests

OpenPhone = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and skip them where there is no Chromium; the full check fails then."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None and "CI" not in os.environ:
                item.add_marker(pytest.mark.skip(reason="no Chromium on the PATH (.ci/browser installs it)"))


@dataclass(frozen=True)
class Province:
    """A running `healthcode run`: its one origin and its data folder."""

    origin: str
    data: Path


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that Chromium's camera shows; `camera_show` changes it."""
    path = tmp_path_factory.mktemp("camera") / "camera.y4m"
    camera_show_nothing(path)
    return path


def chromium_arguments(camera: Path) -> list[str]:
    """With which Chromium sees through our camera."""
    return [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
        "--disable-gpu",
        *(["--no-sandbox"] if sys.platform == "linux" else []),
    ]


@pytest.fixture(scope="module")
def chromium(camera: Path) -> Iterator[Browser]:
    """One browser for a module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=chromium_arguments(camera))
        yield browser
        browser.close()


@pytest.fixture
def open_phone(chromium: Browser) -> Iterator[OpenPhone]:
    """Open a page on a new phone: `open_phone(url, session="", lang="zh", size=PHONE, workers=False)`.

    Any error on its console fails the test.
    """
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_QUIET):
            errors.append(message.text)

    def open_page(
        url: str, *, session: str = "", lang: str = "zh", size: ViewportSize = PHONE, workers: bool = False
    ) -> Page:
        context = chromium.new_context(
            viewport=size,
            locale="zh-CN",
            permissions=["camera"],
            service_workers="allow" if workers else "block",
            has_touch=True,
        )
        contexts.append(context)
        context.add_init_script(_reader(lang) + _session(session))
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("console", note)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def _reader(lang: str) -> str:
    wanted = f'{{"lang":"{lang}","elder":false,"theme":"system"}}'
    return f"if(!localStorage.getItem('hc.reader'))localStorage.setItem('hc.reader','{wanted}');"


def _session(name: str) -> str:
    if not name:
        return ""
    held = f'{{"session":"{name}","masked_name":"*"}}'
    keep = f"sessionStorage.setItem('test.session','1');localStorage.setItem('hc.session','{held}')"
    return f"if(!sessionStorage.getItem('test.session')){{{keep}}};"


@pytest.fixture(scope="session")
def invented(built: Path) -> Iterator[str]:
    """The built pages before an invented edge and control (`web/dev/server.mjs`): states by session name."""
    port = _free_port()
    node = shutil.which("node")
    assert node, "Node 20 or newer is needed to serve the pages: see README"
    process = subprocess.Popen([node, str(WEB / "dev" / "server.mjs"), str(port)], stdout=subprocess.DEVNULL)
    origin = f"http://127.0.0.1:{port}"
    _wait_for(f"{origin}/", process, seconds=20)
    yield origin
    process.terminate()
    process.wait(10)


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of the built pages."""
    dist = WEB / "dist"
    assert (dist / "index.html").exists(), "the pages are not built: run `make setup`"
    return dist


@pytest.fixture(scope="session")
def province(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    """`healthcode run` on an empty folder with the cast and a few people more.

    While a test is written, `HEALTHCODE_TEST_PROVINCE=http://127.0.0.1:8001` names one that already runs.
    """
    del built
    if running := os.environ.get("HEALTHCODE_TEST_PROVINCE"):
        yield Province(running, Path("var"))
        return
    run = ProvinceRun(tmp_path_factory.mktemp("province"))
    try:
        yield run.start()
    finally:
        run.stop()


@pytest.fixture(scope="module")
def province_that_stops(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProvinceRun]:
    """A province of a module's own, whose tests stop it, kill its database or turn its people red."""
    del built
    run = ProvinceRun(tmp_path_factory.mktemp("stopping"))
    try:
        run.start()
        yield run
    finally:
        run.stop()


class ProvinceRun:
    """`healthcode run` on a folder, always at the same two ports."""

    def __init__(self, folder: Path) -> None:
        for one in (folder, *folder.parents[:3]):
            one.chmod(one.stat().st_mode | 0o711)  # PostgreSQL's account passes through
        self._log, self._ports = folder / "run.log", (_free_port(), _free_port())
        self._process: subprocess.Popen[bytes] | None = None
        self.province = Province(f"http://127.0.0.1:{self._ports[1]}", folder / "var")

    def start(self) -> Province:
        """Return when control and edge answer."""
        control, edge = self._ports
        ports = f"--port {control} --edge-port {edge} --people 24".split()
        healthcode = str(Path(sys.executable).with_name("healthcode"))
        command = [healthcode, "run", "--data", str(self.province.data), *ports]
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=REPOSITORY)
        self._process = process
        _wait_for(f"http://127.0.0.1:{control}/readyz", process, seconds=180, log=self._log)
        _wait_for(f"http://127.0.0.1:{edge}/readyz", process, seconds=60, log=self._log)
        return self.province

    def stop(self) -> None:
        """Everything ends; nobody answers any more."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], *, seconds: float, log: Path | None = None) -> None:
    """Return when `url` answers with success; fail with the process's own words when it ends or takes too long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):  # our own loopback address
                return
        except OSError:
            time.sleep(0.2)
    said = log.read_text("utf-8", "replace")[-3000:] if log else ""
    pytest.fail(f"{url} did not answer within {seconds:.0f} s (process {process.poll()})\n{said}")
