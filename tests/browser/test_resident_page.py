"""The resident's page before an invented edge: applying, showing, scanning, and its words when something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.camera import camera_show
from tests.browser.conftest import OpenPhone
from tests.people import LIN

CODE = "246810"  # of the invented control


def _phone_fill(page: Page, phone: str = LIN.phone, code: str = "") -> None:
    page.get_by_label("手机号").fill(phone)
    page.get_by_role("button", name="获取验证码").click()
    page.get_by_role("button", name="填入").wait_for()
    page.get_by_label("短信验证码").fill(code or CODE)


def _identity_fill(page: Page, number: str = LIN.document.number) -> None:
    page.get_by_label("姓名").fill(LIN.name)
    page.get_by_label("证件号码").fill(number)
    page.get_by_label("现居住市").select_option("140700")
    page.get_by_label("县（市、区）").select_option("140728")
    page.get_by_label("详细地址").fill(LIN.address)


def _next(page: Page) -> None:
    page.get_by_role("button", name="下一步").click()


def _apply(page: Page, code: str = CODE) -> None:
    _phone_fill(page, code=code)
    _next(page)
    _identity_fill(page)
    _next(page)
    page.locator("[name=symptoms][value=no]").check()
    page.locator("[name=exposure][value=no]").check()
    _next(page)
    page.get_by_label("我已阅读").check()
    page.get_by_role("button", name="同意并申领").click()


def test_lin_applies_in_four_steps_and_sees_her_code(invented: str, open_phone: OpenPhone) -> None:
    """Phone, identity, declaration, consent; then the code with its word."""
    page = open_phone(f"{invented}/")
    page.get_by_role("link", name="申领健康码").click()
    _apply(page)
    expect(page.locator(".frame-word")).to_contain_text("绿码")
    expect(page.locator("svg.qr")).to_be_visible()


def test_a_slip_in_the_id_number_is_told_at_once(invented: str, open_phone: OpenPhone) -> None:
    """The check digit is compared on the phone, and the field takes the focus."""
    page = open_phone(f"{invented}/#apply")
    _phone_fill(page)
    _next(page)
    _identity_fill(page, LIN.document.number[:-1] + ("1" if LIN.document.number[-1] != "1" else "2"))
    _next(page)
    expect(page.locator(".error")).to_contain_text("对不上")
    expect(page.get_by_label("证件号码")).to_be_focused()


def test_a_wrong_code_leads_back_to_the_step_that_asked_for_it(invented: str, open_phone: OpenPhone) -> None:
    """What was typed elsewhere is kept."""
    page = open_phone(f"{invented}/#apply")
    _apply(page, code="111111")
    expect(page.locator(".error")).to_contain_text("验证码")
    expect(page.get_by_label("手机号")).to_have_value(LIN.phone)


def test_nothing_is_ticked_in_advance(invented: str, open_phone: OpenPhone) -> None:
    """A declaration that nobody made is none."""
    page = open_phone(f"{invented}/#apply")
    _phone_fill(page)
    _next(page)
    _identity_fill(page)
    _next(page)
    _next(page)
    expect(page.locator(".error")).to_have_count(2)


@pytest.mark.parametrize(
    ("state", "word"),
    [("green", "绿码"), ("yellow", "黄码"), ("red", "红码"), ("unknown", "状态未知"), ("absent", "未申领")],
)
def test_every_state_has_its_word_and_its_shape(state: str, word: str, invented: str, open_phone: OpenPhone) -> None:
    """Never color alone."""
    page = open_phone(f"{invented}/", session=state)
    expect(page.locator(".frame-word")).to_contain_text(word)
    shape = page.locator(".frame-word .shape path").first.get_attribute("d")
    assert shape


def test_the_code_renews_itself_every_minute(invented: str, open_phone: OpenPhone) -> None:
    """From codes minted ahead: no request is needed for it."""
    page = open_phone(f"{invented}/", session="green")
    page.locator("svg.qr").wait_for()
    before = page.locator("svg.qr").get_attribute("data-text")
    page.clock.install()
    page.clock.fast_forward(61_000)
    expect(page.locator("svg.qr")).not_to_have_attribute("data-text", before or "")


def test_without_a_network_the_code_lives_half_an_hour_and_then_says_so(invented: str, open_phone: OpenPhone) -> None:
    """Nobody is turned away: the advice names the ID card."""
    page = open_phone(f"{invented}/", session="green")
    page.locator("svg.qr").wait_for()
    page.clock.install()
    page.context.set_offline(True)
    page.clock.fast_forward("25:00")
    expect(page.locator("svg.qr")).to_be_visible()
    page.clock.fast_forward("10:00")
    expect(page.locator(".spent")).to_contain_text("更新")


def test_the_page_opens_without_a_network_once_it_was_seen(invented: str, open_phone: OpenPhone) -> None:
    """The service worker keeps the shell, and the codes minted ahead are on the phone."""
    page = open_phone(f"{invented}/", session="green", workers=True)
    page.locator("svg.qr").wait_for()
    page.evaluate("navigator.serviceWorker.ready.then(() => caches.keys())")
    page.context.set_offline(True)
    page.reload()
    expect(page.locator("svg.qr")).to_be_visible()


def test_zhao_reads_why_until_when_and_what_ends_it(invented: str, open_phone: OpenPhone) -> None:
    """One card per ground, with the office to ask."""
    page = open_phone(f"{invented}/", session="red")
    cards = page.locator(".ground")
    expect(cards).to_have_count(2)
    for words in ("密切接触者", "截止", "怎样解除", "核酸检测", "0354-5620000"):
        expect(cards.first).to_contain_text(words)


def test_a_scanned_market_answers_with_its_name(invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """The verdict in words, and where one is."""
    camera_show(camera, "https://health.example/v#abcDEF.seal")
    page = open_phone(f"{invented}/#scan", session="green")
    expect(page.locator(".verdict h1")).to_have_text("通行")
    expect(page.locator(".venue-name")).to_contain_text("平遥县城关农贸市场")


def test_a_foreign_code_is_refused_with_advice(invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """Its address is named and never opened."""
    camera_show(camera, "https://win-a-phone.example/login?x=1")
    page = open_phone(f"{invented}/#scan", session="green")
    expect(page.get_by_role("alert")).to_contain_text("win-a-phone.example")
    assert page.url.startswith(invented)


def test_a_persons_code_is_no_venue(invented: str, open_phone: OpenPhone, camera: Path) -> None:
    """Holding the page before another phone explains itself."""
    camera_show(camera, "HL1:ABCDEF0123456789")
    page = open_phone(f"{invented}/#scan", session="green")
    expect(page.get_by_role("alert")).to_contain_text("个人健康码")


def test_a_poster_opened_with_any_camera_waits_for_the_sign_in(invented: str, open_phone: OpenPhone) -> None:
    """The link leads to this page; after signing in, the visit is made."""
    page = open_phone(f"{invented}/v#abcDEF")
    page.get_by_role("link", name="已申领，登录").click()
    _phone_fill(page)
    page.get_by_role("button", name="登录").click()
    expect(page.locator(".venue-name")).to_contain_text("平遥县城关农贸市场")


def test_withdrawing_says_what_it_does_before_it_does_it(invented: str, open_phone: OpenPhone) -> None:
    """And leaves nothing on the phone."""
    page = open_phone(f"{invented}/#me", session="green")
    page.get_by_role("button", name="撤回同意并停用健康码").click()
    expect(page.get_by_role("dialog")).to_contain_text("身份证登记通行")
    page.get_by_role("button", name="确定撤回").click()
    page.get_by_role("link", name="申领健康码").wait_for()
    assert page.evaluate("localStorage.getItem('hc.session')") is None


def test_who_looked_at_my_data_is_one_tap_away(invented: str, open_phone: OpenPhone) -> None:
    """Office, post, what, and the purpose."""
    page = open_phone(f"{invented}/#me", session="green")
    page.get_by_text("谁看过、动过我的信息").click()
    expect(page.locator(".records")).to_contain_text("平遥县赋码专班")


def test_codes_are_asked_for_with_a_signature_of_the_phones_own_key(invented: str, open_phone: OpenPhone) -> None:
    """Made at the sign-in, never extractable: the session is of no use on another phone."""
    page = open_phone(f"{invented}/#signin")
    _phone_fill(page)
    with page.expect_request("**/v1/codes") as asked:
        page.get_by_role("button", name="登录").click()
    sent = asked.value.post_data_json
    assert sent
    assert len(sent["holder"]["key"]) == len(sent["holder"]["signature"]) == 88


def test_the_page_asks_nobody_else_and_is_light(invented: str, open_phone: OpenPhone, built: Path) -> None:
    """No third party; less than 100 kB on the wire."""
    page = open_phone(f"{invented}/icon.svg", session="green")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{invented}/")
    page.locator("svg.qr").wait_for()
    assert all(url.startswith(invented) for url in asked)
    files = [built / f"{url.removeprefix(invented).strip('/') or 'index.html'}.gz" for url in asked]
    assert sum(file.stat().st_size for file in files if file.exists()) < 100_000
