"""A pass for Lin's phone, a paper for Sun's pocket: issued to themselves alone, recalled when they must be."""

from datetime import timedelta

import pytest

from healthcode.codes.base64url import b64_encode
from healthcode.codes.paper import paper_open
from healthcode.codes.passes import pass_open, pass_show
from healthcode.crypto.suites import suite
from healthcode.domain.time import minute_of
from healthcode.table.feed import FeedKind, RecallNote, key_from_bytes, note_decode
from tests.control_world import World
from tests.intake import NOW, lead, leads, proposed, result, results, reviewed, with_code
from tests.people import LIN, SUN, ZHAO

JSON = "application/json"
PHONE = suite("intl").generate_signing_key()
POINT = PHONE.public.to_bytes()


def trusted():
    from healthcode.control.ports import ports

    issuer = ports().person_issuer
    return {issuer.kid: suite(issuer.suite).private_from_bytes(issuer.private).public}


def give(world: World, number: int, *, now=NOW):
    from healthcode.control.credentials.services import pass_give

    with world.acting(number):
        return pass_give(number=number, holder=POINT, now=now)


def shown(given, now=NOW):
    text = pass_show(PHONE, given.code, minute=minute_of(now))
    return pass_open(trusted(), text, region=140000, now_s=now.timestamp())


def look_through(world: World, now):
    from healthcode.control.credentials.services import passes_forget, passes_recall_worsened

    with world.system():
        return passes_recall_worsened(now=now), passes_forget(now=now)


def recalled(world: World) -> set[bytes]:
    query = "SELECT payload FROM bridge_published WHERE kind = %s AND length(payload) > 0"
    rows = world.superuser(query, [int(FeedKind.RECALL)])
    return {note_decode(bytes(payload), RecallNote).handle for (payload,) in rows}


def test_lins_pass_says_green_for_four_hours_and_no_longer(world):
    [number] = with_code(world, LIN)
    claim = shown(give(world, number)).claim
    assert (claim.timeline[0].state, claim.expires - claim.issued) == (2, 240)


def test_a_pass_ends_at_the_next_change_that_is_known(world):
    [number] = with_code(world, ZHAO)
    leads(world, lead(ZHAO))
    reviewed(world, proposed(world, ZHAO))
    evening = NOW.replace(hour=15, minute=30)  # half past eleven at night in the region
    claim = shown(give(world, number, now=evening), evening).claim
    assert claim.expires <= minute_of(evening) + 240
    assert all(step.minute <= claim.issued or step.minute >= claim.expires for step in claim.timeline)


def test_zhaos_green_pass_is_on_the_recall_list_when_she_turns_red(world):
    [number] = with_code(world, ZHAO)
    handle = shown(give(world, number)).claim.handle
    leads(world, lead(ZHAO))
    reviewed(world, proposed(world, ZHAO), now=NOW + timedelta(minutes=5))
    assert look_through(world, NOW + timedelta(minutes=6)) == (1, 0)
    assert handle in recalled(world)


def test_a_test_that_renews_its_age_recalls_no_pass(world):
    [number] = with_code(world, LIN)
    give(world, number)
    results(world, result(LIN, at=NOW - timedelta(hours=2)), now=NOW + timedelta(minutes=5))
    assert look_through(world, NOW + timedelta(minutes=6)) == (0, 0)


def test_a_pass_that_ended_is_forgotten_and_leaves_the_recall_list(world):
    [number] = with_code(world, ZHAO)
    give(world, number)
    leads(world, lead(ZHAO))
    reviewed(world, proposed(world, ZHAO), now=NOW + timedelta(minutes=5))
    look_through(world, NOW + timedelta(minutes=6))
    assert look_through(world, NOW + timedelta(hours=5)) == (0, 1)
    assert recalled(world) == set()


def test_who_holds_no_code_gets_no_pass(world):
    from healthcode.control.problems import Problem

    with world.system():
        number = world.subject(SUN)
    with pytest.raises(Problem) as refusal:
        give(world, number)
    assert (refusal.value.status, refusal.value.code) == (409, "no_code")


def test_a_key_that_is_none_is_refused_with_what_to_send(world):
    [number] = with_code(world, LIN)
    answer = world.client(number).post("/api/credentials/passes", {"key": b64_encode(b"\x04" * 65)}, JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "device_key")


def test_a_phone_gets_its_pass_through_the_api(world):
    [number] = with_code(world, LIN)
    answer = world.client(number).post("/api/credentials/passes", {"key": b64_encode(POINT)}, JSON)
    assert answer.status_code == 200, answer.content
    assert answer.json()["masked_name"] == shown(give(world, number)).claim.masked_name


def test_nobody_holds_more_passes_than_phones(world):
    [number] = with_code(world, LIN)
    client = world.client(number)
    asked = [client.post("/api/credentials/passes", {"key": b64_encode(POINT)}, JSON) for _ in range(9)]
    assert [answer.status_code for answer in asked] == [200] * 8 + [429]


def test_suns_paper_says_her_mask_and_no_color_and_a_reissue_recalls_it(world):
    [number] = with_code(world, SUN)
    client = world.client(number)
    first, second = (client.post("/api/credentials/papers", {}, JSON).json() for _ in range(2))
    claims = [
        paper_open(trusted(), paper["text"], region=140000, now=paper["expires_minute"] - 1)
        for paper in (first, second)
    ]
    assert {claim.masked_name for claim in claims} == {first["masked_name"]}
    assert recalled(world) == {claims[0].handle}


def test_suns_lost_paper_is_recalled_once(world):
    [number] = with_code(world, SUN)
    client = world.client(number)
    client.post("/api/credentials/papers", {}, JSON)
    answers = [client.post("/api/credentials/papers/lost", {}, JSON).json()["recalled"] for _ in range(2)]
    assert answers == [True, False]


def test_papers_that_ended_are_forgotten_by_the_edges_recalled_or_not(world):
    from healthcode.control.credentials.services import paper_give, papers_forget

    [number] = with_code(world, SUN)
    with world.acting(number):
        for days in (0, 30):
            paper_give(number=number, now=NOW + timedelta(days=days))
    left = []
    for days in (179, 181, 211):
        with world.system():
            papers_forget(now=NOW + timedelta(days=days))
        query = "SELECT count(*) FROM bridge_published WHERE kind IN (%s, %s) AND length(payload) > 0"
        [(published,)] = world.superuser(query, [int(FeedKind.PAPER), int(FeedKind.RECALL)])
        left.append((published, world.superuser("SELECT count(*) FROM credentials_paper")[0][0]))
    assert left == [(2, 2), (1, 1), (0, 0)]


def test_the_edges_find_suns_number_by_her_papers_handle_alone(world):
    [number] = with_code(world, SUN)
    world.client(number).post("/api/credentials/papers", {}, JSON)
    [(handle, subject)] = world.superuser("SELECT handle, subject_id FROM credentials_paper")
    [(key,)] = world.superuser("SELECT key FROM bridge_published WHERE kind = %s", [int(FeedKind.PAPER)])
    assert (subject, key) == (number, key_from_bytes(bytes(handle)))


def test_nobody_sees_anothers_papers(world):
    lin, sun = with_code(world, LIN, SUN)
    world.client(sun).post("/api/credentials/papers", {}, JSON)
    from healthcode.control.credentials.models import Paper

    with world.acting(lin):
        assert Paper.objects.count() == 0


def test_sun_cannot_make_the_system_forget_a_paper_that_works(world):
    """Else it would go on after a reissue: nothing would be left to recall it by."""
    from healthcode.control.credentials.models import Paper, Pass

    [number] = with_code(world, SUN)
    world.client(number).post("/api/credentials/papers", {}, JSON)
    give(world, number)
    with world.acting(number):
        assert (Paper.objects.all().delete()[0], Pass.objects.all().delete()[0]) == (0, 0)
        assert (Paper.objects.count(), Pass.objects.count()) == (1, 1)
