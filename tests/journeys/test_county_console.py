"""The consoles of county, province and laboratory, as a browser without scripts sees them."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.control_world import World
from tests.intake import item_of, lead, leads, leads_file, proposed, result, results_file, reviewed, signed
from tests.people import FENG, GAO, HE, HU, LUO, QIAN, SHEN, ZHAO, ZHOU


def upload(content: bytes, name: str = "名单.csv") -> object:
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile(name, content, "text/csv")


def work(world: World) -> None:
    """What the worker would do now."""
    from healthcode.control.exchange.models import Upload
    from healthcode.control.exchange.services import upload_import

    with world.system():
        waiting = list(Upload.objects.filter(state="received").values_list("pk", flat=True))
    for upload_id in waiting:
        upload_import(upload_id, now=datetime.now(UTC))


def test_zhou_finds_accepts_and_proposes_and_hu_approves(world: World) -> None:
    leads(world, lead(ZHAO), now=datetime.now(UTC))
    item = item_of(world, ZHAO)
    zhou, hu = world.client(ZHOU), world.client(HU)
    assert ZHAO.name not in zhou.get("/console/county/").content.decode()
    page = f"/console/county/items/{item}/"
    assert ZHAO.phone not in zhou.get(page).content.decode()
    assert zhou.post(page + "accept").status_code == 302
    assert ZHAO.phone in zhou.get(page).content.decode()
    assert ZHAO.phone not in world.client(LUO).get(page).content.decode()
    draft = {
        "outcome": "confirm",
        "kind": "close_contact",
        "anchor": "2022-10-09",
        "f_setting": "meal",
        "reason": "同餐",
    }
    assert zhou.post(page + "propose", draft).status_code == 302
    (proposal,) = re.findall(r"/console/county/reviews/(\d+)/", hu.get("/console/county/reviews/").content.decode())
    review = f"/console/county/reviews/{proposal}/"
    assert "同餐" in hu.get(review).content.decode()
    assert zhou.post(review, {"verdict": "approve"}).status_code == 403
    assert hu.post(review, {"verdict": "approve"}).status_code == 302
    assert world.superuser("SELECT state FROM casework_workitem") == [("closed",)]
    assert zhou.get(page).status_code == 200


def test_opening_the_contact_details_is_recorded_once_for_the_person_to_see(world: World) -> None:
    leads(world, lead(ZHAO), now=datetime.now(UTC))
    item = item_of(world, ZHAO)
    zhou = world.client(ZHOU)
    zhou.post(f"/console/county/items/{item}/accept")
    for _ in range(3):
        zhou.get(f"/console/county/items/{item}/")
    rows = world.superuser("SELECT subject, reference FROM audit_event WHERE name = 'officer:identity:unmasked'")
    with world.system():
        assert rows == [(world.subject(ZHAO), f"item:{item}")]


def test_another_countys_officer_finds_neither_item_nor_review(world: World) -> None:
    leads(world, lead(ZHAO), now=datetime.now(UTC))
    item = item_of(world, ZHAO)
    proposal = proposed(world, ZHAO)
    feng = world.client(FENG)
    assert feng.get(f"/console/county/items/{item}/").status_code == 404
    assert feng.get(f"/console/county/reviews/{proposal}/").status_code == 404
    assert feng.post(f"/console/county/items/{item}/accept").status_code == 409
    assert feng.post(f"/console/county/reviews/{proposal}/", {"verdict": "approve"}).status_code == 409


def test_an_incomplete_form_names_the_field(world: World) -> None:
    leads(world, lead(ZHAO), now=datetime.now(UTC))
    item = item_of(world, ZHAO)
    zhou = world.client(ZHOU)
    zhou.post(f"/console/county/items/{item}/accept")
    answer = zhou.post(
        f"/console/county/items/{item}/propose", {"outcome": "confirm", "kind": "infection", "reason": "x"}
    )
    assert answer.status_code == 422
    assert "anchor" in answer.content.decode()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("kind", ["infection", "symptom", "area_stay", "secondary_contact", "arrival_abroad"])
def test_every_kind_has_its_form_in_both_languages(world: World, kind: str, lang: str) -> None:
    leads(world, lead(ZHAO), now=datetime.now(UTC))
    item = item_of(world, ZHAO)
    zhou = world.client(ZHOU)
    zhou.post(f"/console/county/items/{item}/accept")
    page = zhou.get(f"/console/county/items/{item}/?kind={kind}&lang={lang}").content.decode()
    assert f'name="kind" value="{kind}"' in page
    assert not re.search(r">\s*(f_)?[a-z]+_[a-z_]+\s*<", page), "a field without a name in words"


def test_the_province_sees_progress_and_routes_what_is_nobodys(world: World) -> None:
    now = datetime.now(UTC)
    leads(world, lead(ZHAO, row="1"), now=now - timedelta(days=2))
    leads(world, lead(QIAN, row="2", division=""), now=now)
    shen = world.client(SHEN)
    assert "平遥县" in shen.get("/console/province/").content.decode()
    assert shen.get("/console/province/?lang=en").status_code == 200
    item = item_of(world, QIAN)
    assert f'id="item-{item}"' in shen.get("/console/province/nobody/").content.decode()
    assert shen.post(f"/console/province/nobody/{item}/route", {"division": "140728"}).status_code == 302
    assert shen.post(f"/console/province/nobody/{item}/route", {"division": "140728"}).status_code == 409
    assert world.client(GAO).get("/console/province/").status_code == 200


def test_shen_uploads_leads_and_the_worker_imports_them(world: World) -> None:
    shen = world.client(SHEN)
    answer = shen.post("/console/imports/", {"file": upload(leads_file(lead(ZHAO)))})
    assert answer.status_code == 302
    assert world.superuser("SELECT queue_name, status::text FROM procrastinate_jobs") == [("imports", "todo")]
    assert "正在导入" in shen.get(answer.headers["Location"]).content.decode()
    work(world)
    assert "整份文件已导入" in shen.get(answer.headers["Location"]).content.decode()
    assert shen.get("/console/imports/?lang=en").status_code == 200


def test_a_refused_file_shows_each_fault_and_gives_them_as_csv(world: World) -> None:
    shen = world.client(SHEN)
    bad = lead(ZHAO)
    bad[6] = "=cmd|' /C calc'!A0"
    page = shen.post("/console/imports/", {"file": upload(leads_file(bad))}).headers["Location"]
    work(world)
    assert "date_unreadable" in shen.get(page + "?lang=en").content.decode()
    report = shen.get(page + "errors.csv").content
    assert report.startswith(b"\xef\xbb\xbf")
    assert b"cmd|" not in report


def test_he_cannot_hand_in_results_without_a_genuine_signature(world: World) -> None:
    he = world.client(HE)
    content = results_file(result(ZHAO, at=datetime.now(UTC) - timedelta(hours=3)))
    without = he.post("/console/imports/", {"file": upload(content)})
    assert (without.status_code, "signature_missing" in without.content.decode()) == (422, True)
    forged = he.post("/console/imports/", {"file": upload(content), "signature": upload(signed(b"x" * 64), "a.sig")})
    assert (forged.status_code, "signature_invalid" in forged.content.decode()) == (422, True)
    genuine = he.post("/console/imports/", {"file": upload(content), "signature": upload(signed(content), "a.sig")})
    assert genuine.status_code == 302


def test_the_laboratory_sees_its_own_uploads_only(world: World) -> None:
    page = world.client(SHEN).post("/console/imports/", {"file": upload(leads_file(lead(ZHAO)))}).headers["Location"]
    assert world.client(HE).get(page).status_code == 404


def test_no_cell_of_a_report_begins_a_formula() -> None:
    from healthcode.control.exchange.selectors import FaultLine, faults_csv

    for start in "=+-@\t\r":
        assert f"'{start}x".encode() in faults_csv([FaultLine(2, "a", "b", f"{start}x")])


def test_a_returned_proposal_is_back_in_zhous_hands_with_the_reason(world: World) -> None:
    leads(world, lead(ZHAO), now=datetime.now(UTC))
    reviewed(world, proposed(world, ZHAO), verdict="return")
    page = world.client(ZHOU).get(f"/console/county/items/{item_of(world, ZHAO)}/").content.decode()
    assert "再核" in page
    assert 'data-opens="confirm"' in page
