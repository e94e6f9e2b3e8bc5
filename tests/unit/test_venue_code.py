"""Venue codes: a signed place, static or of this minute; a link to elsewhere is recognised."""

import cbor2
import pytest

from healthcode.codes.base64url import b64_decode, b64_encode
from healthcode.codes.epoch import EpochKeys
from healthcode.codes.errors import Expired, ForeignPlace, Forged, NotYet, Unreadable, UpdateNeeded, WrongRegion
from healthcode.codes.venue import CONTEXT, VenueClaim, VenueReader, venue_open, venue_rotating, venue_static
from healthcode.crypto.cose import sign1
from healthcode.crypto.suites import suite
from healthcode.domain.time import day_start

NOW = day_start(20_000) + 600
SHANXI = 140000
BASE = "https://jkm.example"
ISSUER = suite("intl").generate_signing_key()
TRUSTED = {b"issuer01": ISSUER.public}
KEYS = EpochKeys.from_master(b"m" * 32, [19_999, 20_000])
MARKET = VenueClaim(77, 2, place="晋源早市")
POSTER = venue_static(ISSUER, b"issuer01", MARKET, region=SHANXI, base_url=BASE)
SCREEN = venue_rotating(POSTER, KEYS, minute=NOW)


def opened(text, *, trusted=TRUSTED, keys=KEYS, region=SHANXI, now=NOW, hosts=None):
    return venue_open(trusted, keys, text, region=region, now=now, hosts=hosts)


def signed(payload):
    return f"{BASE}/v#{b64_encode(sign1(ISSUER, b'issuer01', payload, context=CONTEXT))}"


def test_a_poster_opens_as_a_static_place_at_any_time():
    assert opened(POSTER) == opened(POSTER, now=NOW + 500_000) == MARKET


def test_a_screen_opens_as_this_minute():
    assert opened(SCREEN) == MARKET._replace(kind="rotating", minute=NOW)


def test_what_follows_the_hash_is_enough():
    assert opened(POSTER.partition("#")[2]) == MARKET


def test_a_place_without_a_name_is_smaller():
    bare = venue_static(ISSUER, b"issuer01", VenueClaim(77, 2), region=SHANXI, base_url=BASE + "/")
    assert opened(bare) == VenueClaim(77, 2)
    assert len(bare) < len(POSTER)


@pytest.mark.parametrize(("now", "error"), [(NOW + 2, Expired), (NOW - 2, NotYet)])
def test_a_photograph_of_the_screen_dies(now, error):
    assert opened(SCREEN, now=NOW + 1).kind == "rotating"
    with pytest.raises(error):
        opened(SCREEN, now=now)


def test_without_its_seal_a_screen_is_a_weak_poster():
    assert opened(SCREEN.rpartition(".")[0]).kind == "static"


def test_a_seal_fits_its_own_place_only():
    other = venue_static(ISSUER, b"issuer01", VenueClaim(78, 1), region=SHANXI, base_url=BASE)
    with pytest.raises(Forged):
        opened(f"{other}.{SCREEN.rpartition('.')[2]}")


def test_a_seal_moved_to_another_minute_is_forged():
    seal = bytearray(b64_decode(SCREEN.rpartition(".")[2]))
    seal[6] ^= 1
    with pytest.raises(Forged):
        opened(f"{POSTER}.{b64_encode(bytes(seal))}")


def test_seals_of_other_epochs_and_suites_are_told_apart():
    for keys, error in (
        (EpochKeys.from_master(b"m" * 32, [20_001]), Expired),
        (EpochKeys.from_master(b"m" * 32, [20_000], suite_name="gm"), UpdateNeeded),
    ):
        with pytest.raises(error):
            opened(SCREEN, keys=keys)
    future = venue_rotating(POSTER, EpochKeys.from_master(b"m" * 32, [20_009]), minute=day_start(20_009))
    with pytest.raises(NotYet):
        opened(future)


def test_a_poster_by_a_stranger_is_forged():
    with pytest.raises(Forged):
        opened(venue_static(suite("intl").generate_signing_key(), b"issuer01", MARKET, region=SHANXI, base_url=BASE))
    with pytest.raises(Forged):
        opened(POSTER, trusted={})


def test_another_regions_poster_is_named():
    with pytest.raises(WrongRegion) as caught:
        opened(POSTER, region=410000)
    assert caught.value.region == SHANXI


def test_a_link_to_elsewhere_is_recognised():
    assert opened(POSTER, hosts={"jkm.example"}) == MARKET
    for host in ("https://evil.example", "https://jkm.example.evil", "https://jkm.example@evil", "http://[", "x"):
        with pytest.raises(ForeignPlace):
            opened(POSTER.replace(BASE, host), hosts={"jkm.example"})
    for text in ("https://evil.example/menu", f"https://evil.example/#{POSTER}"):
        with pytest.raises(ForeignPlace):
            opened(text, hosts={"jkm.example"})


@pytest.mark.parametrize("payload", [b"", b"\xff", b"\x01", {0: 2}, {0: 1}, {0: 1, 1: "14", 2: 1, 3: 1}])
def test_what_a_later_release_signs_asks_for_an_update(payload):
    data = payload if isinstance(payload, bytes) else cbor2.dumps(payload)
    with pytest.raises(UpdateNeeded):
        opened(signed(data))


def test_labels_of_later_releases_are_ignored():
    payload = cbor2.dumps({0: 1, 1: SHANXI, 2: 77, 3: 2, 99: "new"}, canonical=True)
    assert opened(signed(payload)) == VenueClaim(77, 2)


@pytest.mark.parametrize("text", ["", "#", "x", POSTER + ".", POSTER + ".AAAA", POSTER + "=", "A" * 2000])
def test_what_is_no_venue_code_is_refused(text):
    with pytest.raises((Unreadable, Forged)):
        opened(text)


def test_a_reader_remembers_only_what_held():
    reader = VenueReader(TRUSTED, region=SHANXI)
    assert reader.open(KEYS, POSTER, now=NOW) == reader.open(KEYS, POSTER, now=NOW)
    with pytest.raises(Forged):
        reader.open(KEYS, POSTER[:-3] + "AAA", now=NOW)
    assert len(reader._verified) == 1
