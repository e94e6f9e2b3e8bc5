"""The live code: one minute, one person, one region; everything else is told apart."""

import pytest

from healthcode.codes.base45 import Base45Error, base45_decode, base45_encode
from healthcode.codes.epoch import EpochKeys, EpochMissing, epoch_id, epoch_key
from healthcode.codes.errors import Expired, Forged, NotYet, Unreadable, UpdateNeeded, WrongRegion
from healthcode.codes.live import LiveClaim, live_mint, live_mint_ahead, live_open
from healthcode.domain.time import day_of, day_start

MORNING = day_start(20_000) + 8 * 60
SECONDS = MORNING * 60.0
SHANXI, HENAN = 140000, 410000
MASTER = b"m" * 32
KEYS = EpochKeys.from_master(MASTER, [19_999, 20_000, 20_001])
LIN = LiveClaim(123_456, 3, MORNING, "林**", 0)
SHOWN = live_mint(KEYS, LIN, region=SHANXI)


def opened(text, *, keys=KEYS, region=SHANXI, now_s=SECONDS + 20):
    return live_open(keys, text, region=region, now_s=now_s)


def tampered(text, at, value):
    data = bytearray(base45_decode(text[4:]))
    data[at] = value
    return text[:4] + base45_encode(bytes(data))


def test_the_gate_reads_what_lins_phone_shows():
    assert opened(SHOWN) == LIN


def test_it_is_short_enough_for_a_small_qr():
    assert len(base45_decode(SHOWN[4:])) == 48
    assert len(SHOWN) == 76  # QR version 4 at level M holds 90 alphanumeric characters


def test_it_works_in_the_gm_suite():
    keys = EpochKeys.from_master(MASTER, [20_000], suite_name="gm")
    assert opened(live_mint(keys, LIN, region=SHANXI), keys=keys) == LIN
    with pytest.raises(UpdateNeeded):
        opened(SHOWN, keys=keys)


@pytest.mark.parametrize("now_s", [SECONDS - 15, SECONDS, SECONDS + 74.9])
def test_it_lives_its_minute_and_the_skew(now_s):
    assert opened(SHOWN, now_s=now_s) == LIN


@pytest.mark.parametrize(("now_s", "error"), [(SECONDS + 75, Expired), (SECONDS - 15.1, NotYet)])
def test_a_screenshot_dies_and_a_future_code_does_not_open(now_s, error):
    with pytest.raises(error):
        opened(SHOWN, now_s=now_s)


def test_codes_minted_ahead_cross_midnight_each_for_its_own_minute():
    late = LIN._replace(minute=day_start(20_001) - 2)
    texts = live_mint_ahead(KEYS, late, 5, region=SHANXI)
    minutes = range(late.minute, late.minute + 5)
    assert [opened(text, now_s=60 * m) for m, text in zip(minutes, texts, strict=True)] == [
        LIN._replace(minute=m) for m in minutes
    ]
    assert epoch_id(day_start(20_001)) == epoch_id(MORNING) + 1


def test_no_code_is_minted_beyond_the_last_key_and_no_two_share_a_nonce():
    late = LIN._replace(minute=day_start(20_002) - 3)
    texts = live_mint_ahead(KEYS, late, 30, region=SHANXI)
    assert len({base45_decode(text[4:])[8:20] for text in texts}) == 3
    with pytest.raises(EpochMissing):
        live_mint_ahead(KEYS, LIN._replace(minute=day_start(20_002)), 1, region=SHANXI)


def test_another_region_is_named():
    with pytest.raises(WrongRegion) as caught:
        opened(live_mint(KEYS, LIN, region=HENAN))
    assert caught.value.region == HENAN


def test_an_epoch_not_held_is_over_or_not_begun():
    for day, error in ((19_990, Expired), (20_010, NotYet)):
        minute = day_start(day)
        text = live_mint(EpochKeys.from_master(MASTER, [day]), LIN._replace(minute=minute), region=SHANXI)
        with pytest.raises(error):
            opened(text)


def test_a_stolen_edge_mints_nothing_outside_its_epoch():
    stolen = EpochKeys.from_master(MASTER, [20_000])
    with pytest.raises(EpochMissing):
        live_mint(stolen, LIN._replace(minute=day_start(20_001)), region=SHANXI)
    stretched = EpochKeys([stolen.get(20_000)._replace(valid_until=day_start(20_005))])
    later = LIN._replace(minute=day_start(20_001))
    with pytest.raises(Forged):
        opened(live_mint(stretched, later, region=SHANXI), now_s=later.minute * 60)


def test_moving_a_code_to_another_minute_breaks_the_seal():
    with pytest.raises(Forged):
        opened(tampered(SHOWN, 7, base45_decode(SHOWN[4:])[7] ^ 1))


def test_other_keys_of_the_same_epoch_are_forgers():
    forger = EpochKeys.from_master(b"f" * 32, [20_000])
    with pytest.raises(Forged):
        opened(live_mint(forger, LIN, region=SHANXI))


@pytest.mark.parametrize("text", ["HL2:ABC", "HL99:ABC", tampered(SHOWN, 0, 7)], ids=["HL2", "HL99", "inside"])
def test_a_later_version_asks_for_an_update(text):
    with pytest.raises(UpdateNeeded):
        opened(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HL",
        "HL1:",
        SHOWN[:-2],
        SHOWN.lower(),
        SHOWN + "AB",
        "HL1:" + "A" * 99_999,
        "HL1:" + "林" * 72,
        "https://example.com",
        "::::",
    ],
    ids=["nothing", "HL", "HL1:", "cut", "small", "longer", "very long", "Chinese", "address", "colons"],
)
def test_what_is_no_code_is_unreadable(text):
    with pytest.raises(Unreadable):
        opened(text)


@pytest.mark.parametrize("change", [{"masked_name": "林" * 9}, {"minute": 0}])
def test_a_claim_that_does_not_fit_is_not_minted(change):
    with pytest.raises((ValueError, EpochMissing)):
        live_mint(KEYS, LIN._replace(**change), region=SHANXI)


def test_base45_gives_the_vectors_of_rfc_9285():
    for plain, coded in (
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
    ):
        assert (base45_encode(plain), base45_decode(coded)) == (coded, plain)


@pytest.mark.parametrize("text", ["A", "GGW", ":::", "::", "a00", "é00", "ABCD"])
def test_base45_refuses_what_encodes_nothing(text):
    with pytest.raises(Base45Error):
        base45_decode(text)


def test_epoch_keys_differ_by_day_and_master():
    assert len({epoch_key(MASTER, 1), epoch_key(MASTER, 2), epoch_key(b"n" * 32, 1)}) == 3


def test_epoch_keys_given_by_id_are_of_the_nearest_day():
    far = day_start(65536 + 10)
    keys = EpochKeys.from_mapping({10: b"k" * 32}, near=far)
    assert day_of(keys.current(far).valid_from) == 65536 + 10
    assert keys.ids == (10,)


def test_the_key_cache_forgets_rather_than_grows():
    for minute in range(MORNING, MORNING + 1100):
        KEYS.cipher(20_000, b"live", minute)
        KEYS.mac(20_000, b"venue", minute, b"")
    assert max(len(KEYS._ciphers), len(KEYS._secrets)) <= 1024
    assert opened(SHOWN) == LIN
