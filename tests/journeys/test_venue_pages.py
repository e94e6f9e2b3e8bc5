"""The pages and the API that Bai, Zhou and Kong use, through their browsers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from healthcode.codes.venue import venue_open
from healthcode.domain.time import minute_of
from tests.people import COUNTY, FENG, ZHOU
from tests.venue_world import Shop, issuer, now, shop

__all__ = ["shop"]
REGISTRATION = {
    "name": "古城农贸市场",
    "type": "market",
    "address": "古陶镇南大街1号",
    "division": COUNTY,
    "checkpoint": ["南门", "", "北门"],
}


def test_bai_registers_on_the_page_and_zhou_approves_on_hers(shop: Shop) -> None:
    """From the form to the county's queue and back, and out of it."""
    bai, zhou = shop.world.client(shop.bai), shop.world.client(ZHOU)
    page = bai.post("/console/venue/register/", REGISTRATION)["Location"]
    assert "县级专班正在审核" in text(bai, page)
    number = int(page.rstrip("/").rpartition("/")[2])
    assert f'href="/console/county/venues/{number}/"' in text(zhou, "/console/county/venues/")
    assert 'data-key="a"' in text(zhou, f"/console/county/venues/{number}/")
    zhou.post(f"/console/county/venues/{number}/decision/", {"act": "approve"})
    assert "没有待审核的场所" in text(zhou, "/console/county/venues/")
    assert f"/console/venue/{number}/poster/2/" in text(bai, page)


def test_another_countys_queue_stays_empty(shop: Shop) -> None:
    """The market is nobody's business elsewhere."""
    shop.register()
    assert "古城" not in text(shop.world.client(FENG), "/console/county/venues/")


def test_a_form_with_mistakes_comes_back_with_what_was_typed(shop: Shop) -> None:
    """Each field says what is wrong with it."""
    answer = shop.world.client(shop.bai).post("/console/venue/register/", {**REGISTRATION, "address": ""})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="address-error"' in page
    assert 'value="古城农贸市场"' in page


def test_a_name_that_is_markup_stays_text_everywhere(shop: Shop) -> None:
    """Also on the poster, beside the drawing that is markup of ours."""
    venue = shop.review(shop.register(name='<img src=x onerror="a()">', address="<script>1</script>街"))
    bai = shop.world.client(shop.bai)
    for page in ("", "poster/1/", "screen/1/"):
        found = text(bai, f"/console/venue/{venue.pk}/{page}")
        assert "<img" not in found
        assert "<script>1" not in found


def test_the_poster_prints_the_link_that_edges_accept(shop: Shop) -> None:
    """One large code, the venue, the gate, and where to report a wrong one."""
    venue = shop.approved()
    page = text(shop.world.client(shop.bai), f"/console/venue/{venue.pk}/poster/2/")
    assert 'class="poster"' in page
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg"') == 1
    for words in ("古城农贸市场", "北门", "12345", f"{venue.pk}-2", "127.0.0.1:8001"):
        assert words in page


def test_the_screen_asks_for_each_minutes_code(shop: Shop) -> None:
    """What it is given opens as a rotating code of this minute."""
    from healthcode.control.venues.codes import epoch_keys

    venue = shop.approved()
    bai = shop.world.client(shop.bai)
    assert "data-renew-in-ms" in text(bai, f"/console/venue/{venue.pk}/screen/1/")
    shown = bai.get(f"/console/venue/{venue.pk}/screen/1/code").json()
    minute = minute_of(now())
    claim = venue_open(issuer(), epoch_keys(minute), shown["link"], region=140000, now=minute)
    assert (claim.kind, claim.venue, claim.checkpoint) == ("rotating", venue.pk, 1)
    assert 0 < shown["renew_in_ms"] <= 60_000


def test_a_market_not_yet_approved_prints_nothing(shop: Shop) -> None:
    """No code of it works anyway."""
    venue = shop.register()
    assert shop.world.client(shop.bai).get(f"/console/venue/{venue.pk}/poster/1/").status_code == 409


def test_the_invitation_on_the_page_is_accepted_on_kongs_phone(shop: Shop) -> None:
    """The link is shown once; with it and her own sign-in Kong gets a session and renews it."""
    venue = shop.approved()
    bai, kong = shop.world.client(shop.bai), shop.world.client(shop.kong)
    page = bai.post(f"/console/venue/{venue.pk}/inspectors/", {"label": "南门早班", "checkpoint": "1"}).content.decode()
    invite = re.search(r"/inspect#invite=([\w-]+)", page)
    assert invite is not None
    accepted = post(kong, "/api/venues/inspectors/accept", {"invite": invite[1]})
    assert (accepted["venue"], accepted["checkpoint"]) == (
        {"number": venue.pk, "name": "古城农贸市场"},
        {"number": 1, "name": "南门"},
    )
    renewed = post(shop.world.client(), "/api/venues/inspectors/renew", {"session": accepted["session"]})
    assert renewed["inspector"] == accepted["inspector"]
    assert kong.get("/api/venues/inspectors/mine").json()[0]["label"] == "南门早班"
    assert "已到岗" in text(bai, f"/console/venue/{venue.pk}/")
    assert invite[1] not in text(bai, f"/console/venue/{venue.pk}/")


def test_an_invitation_is_not_accepted_without_signing_in(shop: Shop) -> None:
    """An inspector is somebody by real name."""
    token = shop.invite(shop.approved())
    answer = shop.world.client().post("/api/venues/inspectors/accept", {"invite": token}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_bai_does_by_api_what_the_pages_do(shop: Shop) -> None:
    """Register, add a gate, invite, list, dismiss."""
    bai = shop.world.client(shop.bai)
    body = {**REGISTRATION, "checkpoints": ["南门"]}
    made = post(bai, "/api/venues", body, 201)
    assert (made["state"], made["word"], made["checkpoints"]) == ("pending", "待审核", [{"number": 1, "name": "南门"}])
    venue = shop.world.superuser("SELECT number FROM venues_venue")[0][0]
    shop.world.client(ZHOU).post(f"/console/county/venues/{venue}/decision/", {"act": "approve"})
    assert post(bai, f"/api/venues/{venue}/checkpoints", {"name": "北门"}, 201) == {"number": 2, "name": "北门"}
    invited = post(bai, f"/api/venues/{venue}/inspectors", {"label": "晚班"}, 201)
    shop.accept(invited["link"].partition("#invite=")[2])
    assert bai.get(f"/api/venues/{venue}/inspectors").json()[0]["accepted"] is True
    assert bai.post(f"/api/venues/{venue}/inspectors/{invited['inspector']}/dismissal").status_code == 204
    assert bai.get(f"/api/venues/{venue}/inspectors").json() == []
    assert [row["number"] for row in bai.get("/api/venues").json()] == [venue]


def test_venue_types_are_public_and_name_the_medical_one(shop: Shop) -> None:
    """In the published order, in both languages."""
    types = shop.world.client().get("/api/venues/types").json()
    assert types[0] == {"code": "hospital", "zh": "医疗机构", "en": "Medical institution", "medical": True}
    assert len(types) == 45


@pytest.mark.parametrize("path", ["/console/venue/", "/console/venue/register/", "/console/venue/1/"])
def test_somebody_not_signed_in_is_led_to_the_phone_page(shop: Shop, path: str) -> None:
    """Managers sign in as residents."""
    assert shop.world.client().get(path)["Location"].startswith("/?next=")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_has_one_heading_in_each_language(shop: Shop, language: str) -> None:
    """Manager's and county's pages."""
    venue = shop.approved()
    shop.accept(shop.invite(venue))
    pages = ("", "register/", f"{venue.pk}/", f"{venue.pk}/poster/1/", f"{venue.pk}/screen/1/")
    found = [text(shop.world.client(shop.bai), f"/console/venue/{page}?lang={language}") for page in pages]
    found.append(text(shop.world.client(ZHOU), f"/console/county/venues/?state=approved&lang={language}"))
    for page in found:
        assert page.count("<h1") == 1
        assert f'<html lang="{"en" if language == "en" else "zh-CN"}">' in page
        assert " style=" not in page


def text(client: Any, path: str) -> str:
    """A page that was answered."""
    answer = client.get(path)
    assert answer.status_code == 200
    return str(answer.content.decode())


def post(client: Any, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    """The JSON answer to a JSON body."""
    answer = client.post(path, json.dumps(body), "application/json")
    assert answer.status_code == status, answer.content
    return dict(answer.json())
