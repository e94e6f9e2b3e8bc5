"""Sessions: sealed, short, of one region; opened without any database."""

import pytest

from healthcode.codes.base64url import Base64Error, b64_decode, b64_encode
from healthcode.codes.epoch import EpochKeys
from healthcode.codes.errors import Expired, Forged, NotYet, Unreadable, UpdateNeeded, WrongRegion
from healthcode.codes.session import SessionClaim, session_open, session_seal
from healthcode.domain.time import day_start

NOW = day_start(20_000) + 600
SHANXI = 140000
KEYS = EpochKeys.from_master(b"m" * 32, [20_000])
LIN = SessionClaim("resident", 7, 1, "林**", 0, 0, b"d" * 16, NOW, NOW + 720)
KONG = SessionClaim("inspector", 0, 0, "孔*", 12, 2, b"e" * 16, NOW, NOW + 720, b"t" * 32)


def altered(position, change):
    token = session_seal(KEYS, LIN, region=SHANXI, now=NOW)
    data = bytearray(b64_decode(token[4:]))
    data[position] ^= change
    return "HS1." + b64_encode(bytes(data))


@pytest.mark.parametrize("claim", [LIN, KONG, LIN._replace(masked_name="")])
def test_a_session_says_who_and_where(claim):
    token = session_seal(KEYS, claim, region=SHANXI, now=NOW)
    assert session_open(KEYS, token, region=SHANXI, now=NOW + 719) == claim


@pytest.mark.parametrize(("now", "error"), [(NOW + 720, Expired), (NOW - 2, NotYet)])
def test_it_is_good_in_its_time_only(now, error):
    token = session_seal(KEYS, LIN, region=SHANXI, now=NOW)
    with pytest.raises(error):
        session_open(KEYS, token, region=SHANXI, now=now)


def test_it_dies_with_the_key_of_its_epoch():
    token = session_seal(KEYS, LIN, region=SHANXI, now=NOW)
    with pytest.raises(Expired):
        session_open(EpochKeys.from_master(b"m" * 32, [20_001]), token, region=SHANXI, now=NOW)


def test_another_region_and_another_master_are_refused():
    token = session_seal(KEYS, LIN, region=SHANXI, now=NOW)
    with pytest.raises(WrongRegion):
        session_open(KEYS, token, region=410000, now=NOW)
    with pytest.raises(Forged):
        session_open(EpochKeys.from_master(b"f" * 32, [20_000]), token, region=SHANXI, now=NOW)


def test_an_altered_session_is_forged_and_a_later_one_needs_an_update():
    with pytest.raises(Forged):
        session_open(KEYS, altered(-1, 1), region=SHANXI, now=NOW)
    for token in (altered(0, 8), "HS2.AAAA"):
        with pytest.raises(UpdateNeeded):
            session_open(KEYS, token, region=SHANXI, now=NOW)


@pytest.mark.parametrize(
    "token", ["", "HS1.", "HS1.AAAA", "HS1.****", "Bearer x", "HS1." + "A" * 65, "HS1." + "A" * 600]
)
def test_what_is_no_session_is_unreadable(token):
    with pytest.raises(Unreadable):
        session_open(KEYS, token, region=SHANXI, now=NOW)


@pytest.mark.parametrize(
    "change", [{"device": b"short"}, {"masked_name": "林" * 100}, {"key_thumb": b"x"}, {"subject": 1 << 32}]
)
def test_a_claim_that_does_not_fit_is_not_sealed(change):
    with pytest.raises(ValueError, match="session"):
        session_seal(KEYS, LIN._replace(**change), region=SHANXI, now=NOW)


@pytest.mark.parametrize("text", ["A", "AA=", "A A", "AB", "AA+A", "é"])
def test_base64_has_one_form(text):
    with pytest.raises(Base64Error):
        b64_decode(text)
