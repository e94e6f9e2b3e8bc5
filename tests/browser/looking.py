"""Looking at a page: axe-core for what a machine can see, a picture for what only people can."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.conftest import SCREENSHOTS, WEB

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def picture_keep(page: Page, name: str) -> None:
    """Keep a picture of the whole page in tests/browser/screenshots/, out of git."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def violations(page: Page) -> list[str]:
    """What axe-core finds: rule, elements, how to mend it."""
    axe = WEB / "node_modules" / "axe-core" / "axe.min.js"
    assert axe.exists(), "axe-core is missing: run `make setup`"
    page.evaluate(axe.read_text("utf-8"))
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": page.evaluate("innerWidth"), "height": height})  # nothing under the tab bar
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)
    nodes = ((one["id"], node) for one in found["violations"] for node in one["nodes"])
    return [f"{rule}: {node['target']} {node['failureSummary']}" for rule, node in nodes]
