"""Officers sign in with password and second factor, and lose every power the moment their post ends."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.control_world import PASSWORD, TOTP_SECRET, World
from tests.people import HU, TAO, ZHOU, OfficerRole
from tests.soft_key import SoftKey

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client

WORK = "/console/county/venues/"
KEYS = "/accounts/2fa/webauthn/add/"
SECOND = "/accounts/2fa/authenticate/"
# what allauth would also offer: none of it is for officers
NOT_HERE = (
    "signup/",
    "email/",
    "confirm-email/",
    "password/set/",
    "password/reset/",
    "password/reset/key/1-abc/",
    "login/code/",
    "login/code/confirm/",
    "2fa/webauthn/login/",
    "2fa/webauthn/signup/",
    "2fa/webauthn/keys/1/edit/",
    "sessions/",
    "social/login/error/",
    "3rdparty/",
)


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    """One-time codes and rate limits are remembered in the process's cache."""
    from django.core.cache import cache

    cache.clear()
    yield
    cache.clear()


def test_password_and_one_time_code_open_the_console(world: World) -> None:
    """Zhou lands at her county's work with an acting session in a cookie that scripts cannot read."""
    client = signed_in(world, ZHOU)
    cookie = client.cookies["hc_act"]
    assert (bool(cookie["httponly"]), cookie["samesite"]) == (True, "Strict")
    assert client.get(WORK).status_code == 200


def test_the_password_alone_opens_nothing(world: World) -> None:
    """Not the console, not its door, not the forms for second factors."""
    client = world.client()
    answer = password(client, ZHOU)
    assert answer["Location"] == "/accounts/2fa/authenticate/"
    for path in (WORK, "/console/", "/console/enter", "/accounts/2fa/", "/accounts/2fa/totp/deactivate/"):
        assert client.get(path)["Location"].startswith(("/console/enter", "/accounts/login/"))
    assert "hc_act" not in client.cookies


@pytest.mark.parametrize("wrong", ["000000", "", "abcdef", "1" * 400])
def test_a_wrong_one_time_code_opens_nothing(world: World, wrong: str) -> None:
    """The form is shown again with what was wrong."""
    client = world.client()
    password(client, ZHOU)
    assert client.post("/accounts/2fa/authenticate/", {"code": wrong}).status_code == 200
    assert client.get(WORK).status_code == 302
    assert "hc_act" not in client.cookies


def test_a_one_time_code_works_once(world: World) -> None:
    """Whoever looked over Zhou's shoulder cannot use it again."""
    code = totp()
    first, second = world.client(), world.client()
    for client in (first, second):
        password(client, ZHOU)
        client.post("/accounts/2fa/authenticate/", {"code": code})
    assert first.get("/console/enter")["Location"] == "/console/"
    assert second.get("/console/enter")["Location"].startswith("/accounts/login/")


def test_an_account_without_second_factor_is_led_to_add_one(world: World) -> None:
    """It enters nothing before."""
    world.superuser("DELETE FROM mfa_authenticator")
    client = world.client()
    assert password(client, ZHOU)["Location"] == "/console/enter"
    page = client.get("/console/enter")
    assert "/accounts/2fa/totp/activate/" in page.content.decode()
    assert confirmed(client).get("/accounts/2fa/totp/activate/").status_code == 200
    assert client.get(WORK).status_code == 302
    assert "hc_act" not in client.cookies


def test_a_page_asked_for_before_signing_in_is_shown_after_it(world: World) -> None:
    """And nothing outside the console is."""
    client = world.client()
    door = client.get(WORK)["Location"]
    login = client.get(door)["Location"]
    client.get(login)
    password(client, ZHOU, login)
    landed = client.post("/accounts/2fa/authenticate/", {"code": totp()})["Location"]
    assert client.get(landed)["Location"] == WORK
    assert client.get("/console/enter?next=//evil.example/")["Location"] == "/console/"


def test_signing_in_leads_to_no_other_site(world: World) -> None:
    """`next` is followed to our door only."""
    client = world.client()
    password(client, ZHOU, "/accounts/login/?next=https://evil.example/")
    assert client.post("/accounts/2fa/authenticate/", {"code": totp()})["Location"] == "/console/enter"


@pytest.mark.parametrize(
    "end",
    [
        "UPDATE offices_officer SET sanctioned_at = now()",
        "UPDATE offices_appointment SET until = now() - interval '1 second'",
    ],
)
def test_a_sanction_or_the_end_of_the_post_ends_power_at_once(world: World, end: str) -> None:
    """The session in her browser acts no more, and no new one can be opened."""
    client = signed_in(world, ZHOU)
    world.superuser(end)
    assert client.get(WORK)["Location"].startswith("/console/enter")
    assert client.get("/console/enter").status_code == 403
    assert client.get(WORK).status_code == 302


@pytest.mark.parametrize("path", ["2fa/totp/activate/", "2fa/webauthn/add/", "2fa/recovery-codes/generate/"])
def test_second_factors_change_only_after_the_password_once_more(world: World, path: str) -> None:
    """An unlocked screen is not enough."""
    world.superuser("DELETE FROM mfa_authenticator WHERE type = 'totp'")
    client = world.client()
    password(client, ZHOU)
    assert client.get(f"/accounts/{path}")["Location"].startswith("/accounts/reauthenticate/")


def test_an_account_adds_a_one_time_code_and_must_then_sign_in_with_both(world: World) -> None:
    """Adding one is no sign-in with one; recovery codes come with it."""
    world.superuser("DELETE FROM mfa_authenticator")
    client = world.client()
    password(client, ZHOU)
    page = confirmed(client).get("/accounts/2fa/totp/activate/").content.decode()
    secret = re.search(r'id="secret" readonly value="(\w+)"', page)[1]  # type: ignore[index]  # it is there
    added = client.post("/accounts/2fa/totp/activate/", {"code": totp(secret)})
    assert added["Location"] == "/accounts/2fa/recovery-codes/"
    assert client.get("/console/enter").status_code == 403
    stored = world.superuser("SELECT data::text FROM mfa_authenticator WHERE type = 'totp'")[0][0]
    assert secret not in stored


def test_signing_out_ends_the_acting_session_itself(world: World) -> None:
    """A copied cookie is worth nothing afterwards."""
    client = signed_in(world, HU)
    copied = client.cookies["hc_act"].value
    assert client.post("/accounts/logout/")["Location"] == "/accounts/login/"
    thief = world.client()
    thief.cookies["hc_act"] = copied
    assert thief.get(WORK).status_code == 302


def test_signing_out_leaves_its_trace_once(world: World) -> None:
    """Hu's leaving is recorded as his entering is; a second click, with nothing left to end, is not."""
    client = signed_in(world, HU)
    client.post("/accounts/logout/")
    client.post("/accounts/logout/")
    kept = "SELECT reference FROM audit_event WHERE name = 'officer:session:closed'"
    assert world.superuser(kept) == [(f"officer:{world.officer(HU)}",)]


@pytest.mark.parametrize("path", NOT_HERE)
def test_accounts_offers_no_other_page(world: World, path: str) -> None:
    """No sign-up, no mail, no reset, no sign-in by code alone."""
    assert world.client().get(f"/accounts/{path}").status_code == 404
    assert world.client().post(f"/accounts/{path}", {"username": "x", "password1": "y" * 14}).status_code == 404


def test_nobody_takes_off_his_last_second_factor(world: World) -> None:
    """The form says so and removes nothing."""
    client = confirmed(signed_in(world, ZHOU))
    page = client.post("/accounts/2fa/totp/deactivate/")
    assert page.status_code == 200
    assert world.superuser("SELECT count(*) FROM mfa_authenticator WHERE type = 'totp'")[0][0] >= 1
    assert client.get(WORK).status_code == 200


def test_a_security_key_signs_in_as_well_as_a_one_time_code(world: World) -> None:
    """Hu adds one and from then on needs no phone."""
    client, key = confirmed(signed_in(world, HU)), SoftKey("testserver", "http://testserver")
    added = client.post(
        KEYS, {"name": "办公室密钥", "credential": key.register(options(client, KEYS)["creation_options"])}
    )
    assert added["Location"].startswith("/accounts/2fa/")
    again = world.client()
    password(again, HU)
    answer = key.answer(options(again, SECOND)["request_options"])
    assert again.post(SECOND, {"credential": answer})["Location"] == "/console/enter"
    assert again.get("/console/enter")["Location"] == "/console/"


def test_a_key_that_is_not_hers_or_an_answer_used_before_opens_nothing(world: World) -> None:
    """Neither somebody else's key, nor a recorded answer, nor one for another site."""
    client, key = confirmed(signed_in(world, HU)), SoftKey("testserver", "http://testserver")
    client.post(KEYS, {"name": "", "credential": key.register(options(client, KEYS)["creation_options"])})
    again = world.client()
    password(again, HU)
    recorded = key.answer(options(again, SECOND)["request_options"])
    other = SoftKey("testserver", "http://testserver", handle=key.handle)
    elsewhere = SoftKey("evil.example", "https://evil.example", private=key.private, handle=key.handle)
    asked = options(again, SECOND)["request_options"]
    for answer in (recorded, other.answer(asked), elsewhere.answer(asked), "{}", "null", "[]"):
        assert again.post(SECOND, {"credential": answer}).status_code == 200
    assert again.get("/console/enter")["Location"].startswith("/accounts/login/")


def test_an_operator_signs_in_and_sees_how_far_runs_are_and_nobodys_case(world: World) -> None:
    """The technical unit has no power over any color and no personal data (Art. 19): numbers only."""
    client = signed_in(world, TAO)
    assert client.get("/console/").headers["Location"] == "/console/province/runs/"
    assert client.get(WORK).status_code == 403


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "path",
    [
        "login/",
        "inactive/",
        "reauthenticate/",
        "2fa/",
        "2fa/totp/deactivate/",
        "2fa/webauthn/",
        "2fa/webauthn/add/",
        "2fa/reauthenticate/",
        "2fa/recovery-codes/generate/",
        "password/change/",
    ],
)
def test_every_page_of_accounts_renders_in_both_languages(world: World, path: str, language: str) -> None:
    """In our own frame, with one heading."""
    client = world.client() if path in ("login/", "inactive/") else confirmed(signed_in(world, ZHOU))
    page = client.get(f"/accounts/{path}?lang={language}")
    assert page.status_code == 200
    text = page.content.decode()
    assert text.count("<h1") == 1
    assert f'<html lang="{"en" if language == "en" else "zh-CN"}">' in text


def password(client: Client, officer: OfficerRole, path: str = "/accounts/login/") -> HttpResponse:
    """The first step."""
    answer = client.post(path, {"login": officer.key, "password": PASSWORD})
    assert answer.status_code == 302
    return answer  # type: ignore[return-value]  # the test client's response type


def options(client: Client, path: str) -> dict[str, Any]:
    """What the page hands its script for the security key."""
    page = client.get(path).content.decode()
    found = re.search(r'<script id="js_data" type="application/json">(.+?)</script>', page)
    assert found is not None
    return dict(json.loads(found[1]))


def confirmed(client: Client) -> Client:
    """The same browser after the password was given once more."""
    assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    return client


def totp(secret: str = TOTP_SECRET) -> str:
    """The one-time code of this half minute."""
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


def signed_in(world: World, officer: OfficerRole) -> Client:
    """A browser that went through both steps and the console's door."""
    client = world.client()
    password(client, officer)
    landed = client.post("/accounts/2fa/authenticate/", {"code": totp()})
    assert landed["Location"] == "/console/enter"
    assert client.get("/console/enter")["Location"] == "/console/"
    return client
