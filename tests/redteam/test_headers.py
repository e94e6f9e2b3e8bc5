"""What a browser is told with every answer of control."""

import pytest

from tests.control_world import World
from tests.people import SHEN, ZHOU


@pytest.mark.parametrize("path", ["/accounts/login/", "/demo/", "/api/people/divisions", "/nowhere"])
def test_no_answer_may_load_from_elsewhere_be_framed_or_be_kept(world: World, path: str) -> None:
    headers = world.client().get(path).headers
    assert headers["Content-Security-Policy"].startswith("default-src 'self';")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_pages_of_work_are_kept_in_no_cache(world: World) -> None:
    for who, path in ((ZHOU, "/console/county/"), (SHEN, "/console/imports/")):
        assert world.client(who).get(path).headers["Cache-Control"] == "no-store"


def test_only_the_documentation_starts_by_an_inline_script_and_it_loads_nothing_from_elsewhere(world: World) -> None:
    page = world.client().get("/api/docs")
    assert "script-src 'self' 'unsafe-inline'" in page.headers["Content-Security-Policy"]
    assert b"https://" not in page.content
