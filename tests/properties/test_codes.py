"""Laws of codes: what was made opens as it was; nothing else opens, in any of ten thousand alterations."""

import random
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.codes.base45 import Base45Error, base45_decode, base45_encode, base45_encode_all
from healthcode.codes.base64url import Base64Error, b64_decode, b64_encode
from healthcode.codes.epoch import EpochKeys
from healthcode.codes.errors import CodeError
from healthcode.codes.handles import handle_named
from healthcode.codes.live import LiveClaim, live_mint, live_open
from healthcode.codes.paper import PaperClaim, paper_issue, paper_open
from healthcode.codes.passes import (
    PassClaim,
    Step,
    locator_open,
    locator_seal,
    pass_end,
    pass_issue,
    pass_open,
    pass_show,
)
from healthcode.codes.session import SessionClaim, session_open, session_seal
from healthcode.codes.venue import VenueClaim, VenueReader, venue_rotating, venue_static
from healthcode.crypto.suites import suite
from healthcode.domain.time import day_start

SHANXI = 140000
NOON = day_start(20_000) + 720
KEYS = EpochKeys.from_master(b"m" * 32, [20_000])
ISSUER = suite("intl").generate_signing_key()
READER = VenueReader({b"issuer01": ISSUER.public}, region=SHANXI)
MINUTES = st.integers(day_start(20_000), day_start(20_001) - 1)
NAMES = st.text(st.characters(codec="utf-8"), max_size=6)
SUBJECTS, GENERATIONS = st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 16) - 1)


def live_read(text):
    return live_open(KEYS, text, region=SHANXI, now_s=NOON * 60.0)


def session_read(text):
    return session_open(KEYS, text, region=SHANXI, now=NOON)


def venue_read(text):
    return READER.open(KEYS, text, now=NOON)


def paper_read(text):
    return paper_open({b"issuer01": ISSUER.public}, text, region=SHANXI, now=NOON)


def pass_read(text):
    return pass_open({b"issuer01": ISSUER.public}, text, region=SHANXI, now_s=NOON * 60.0)


PHONE = suite("intl").generate_signing_key()
PAPER = paper_issue(ISSUER, b"issuer01", PaperClaim(b"h" * 16, NOON, NOON + 1440, "孙**"), region=SHANXI)
PASS = PassClaim(b"h" * 16, 3, (Step(NOON, 2, 0),), "林**", NOON, NOON + 240, PHONE.public.to_bytes(), b"")
SHOWN = pass_show(PHONE, pass_issue(ISSUER, b"issuer01", PASS, region=SHANXI), minute=NOON)
LIVE = live_mint(KEYS, LiveClaim(7, 1, NOON, "林**", 0), region=SHANXI)
SESSION = session_seal(
    KEYS, SessionClaim("resident", 7, 1, "林**", 0, 0, b"d" * 16, NOON, NOON + 720), region=SHANXI, now=NOON
)
POSTER = venue_static(
    ISSUER, b"issuer01", VenueClaim(77, 2, place="晋源早市"), region=SHANXI, base_url="https://jkm.example"
).partition("#")[2]
SCREEN = venue_rotating(POSTER, KEYS, minute=NOON)


@given(st.builds(LiveClaim, SUBJECTS, GENERATIONS, MINUTES, NAMES, st.integers(0, 255)))
def test_a_live_code_opens_as_it_was_minted(claim):
    text = live_mint(KEYS, claim, region=SHANXI)
    assert live_open(KEYS, text, region=SHANXI, now_s=claim.minute * 60.0) == claim


@given(
    st.builds(
        SessionClaim,
        kind=st.sampled_from(["resident", "inspector"]),
        subject=SUBJECTS,
        generation=GENERATIONS,
        masked_name=NAMES,
        venue=SUBJECTS,
        checkpoint=GENERATIONS,
        device=st.binary(min_size=16, max_size=16),
        issued=st.integers(0, NOON),
        expires=st.integers(NOON + 1, 1 << 31),
        key_thumb=st.none() | st.binary(min_size=32, max_size=32),
    )
)
def test_a_session_opens_as_it_was_sealed(claim):
    assert session_read(session_seal(KEYS, claim, region=SHANXI, now=NOON)) == claim


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 16), NAMES)
def test_a_venue_code_opens_as_it_was_signed(venue, checkpoint, place):
    claim = VenueClaim(venue, checkpoint, place=place)
    assert venue_read(venue_static(ISSUER, b"issuer01", claim, region=SHANXI, base_url="https://x")) == claim


@given(st.binary(min_size=16, max_size=16), st.integers(1, 1 << 20), NAMES)
def test_a_paper_opens_as_it_was_issued(handle, life, name):
    claim = PaperClaim(handle, NOON, NOON + life, name)
    assert paper_read(paper_issue(ISSUER, b"issuer01", claim, region=SHANXI)) == claim


STEPS = st.builds(Step, st.integers(NOON - 99, NOON + 999), st.integers(0, 15), st.integers(0, (1 << 16) - 1))


@given(GENERATIONS, st.lists(STEPS, min_size=1, max_size=4).map(sorted), NAMES)
def test_a_pass_opens_as_it_was_issued_and_shown(generation, timeline, name):
    claim = PassClaim(b"h" * 16, generation, tuple(timeline), name, NOON - 60, NOON + 9, PHONE.public.to_bytes(), b"l")
    shown = pass_read(pass_show(PHONE, pass_issue(ISSUER, b"issuer01", claim, region=SHANXI), minute=NOON))
    assert (shown.claim, shown.minute) == (claim, NOON)


@given(SUBJECTS, st.binary(min_size=16, max_size=16))
def test_an_edge_finds_the_subject_of_a_pass_and_only_by_its_own_handle(subject, handle):
    claim = PASS._replace(handle=handle, locator=locator_seal(KEYS, handle=handle, subject=subject, issued=NOON))
    assert locator_open(KEYS, claim) == subject
    with pytest.raises(CodeError):
        locator_open(KEYS, claim._replace(handle=bytes([handle[0] ^ 1]) + handle[1:]))


@given(st.lists(STEPS, min_size=1, max_size=4).map(sorted))
def test_a_pass_never_outlives_the_next_known_change(timeline):
    end = pass_end(NOON, timeline)
    assert NOON < end <= NOON + 240
    assert not any(NOON < step.minute < end for step in timeline)


@given(st.binary())
def test_base45_and_base64_are_inverse(data):
    assert base45_decode(base45_encode(data)) == data
    assert b64_decode(b64_encode(data)) == data


@given(st.integers(0, 60).flatmap(lambda size: st.lists(st.binary(min_size=size, max_size=size), min_size=1)))
def test_texts_made_together_are_those_made_one_by_one(parts):
    assert base45_encode_all(parts) == [base45_encode(part) for part in parts]


@given(st.text())
def test_a_text_that_decodes_is_the_one_text_of_its_bytes(text):
    for decode, encode, error in (
        (base45_decode, base45_encode, Base45Error),
        (b64_decode, b64_encode, Base64Error),
    ):
        with suppress(error):
            assert encode(decode(text)) == text


PREFIXES = st.sampled_from(["HL1:", "HP1:", "HB1:"])
HOSTILE = st.builds(lambda prefix, data: prefix + base45_encode(data), PREFIXES, st.binary())


@given(st.text() | st.text("HLSPB123.:", max_size=80) | HOSTILE)
def test_any_text_opens_or_is_refused_but_never_crashes(text):
    for read in (live_read, session_read, venue_read, paper_read, pass_read):
        with pytest.raises(CodeError):
            read(text)


def alteration(text, alphabet, rng):
    """One change to a code: characters replaced, removed, added, swapped, or a bit flipped in its bytes."""
    at, other = rng.randrange(len(text)), rng.randrange(len(text))
    match rng.randrange(6):
        case 0:
            return text[:at] + rng.choice(alphabet) + text[at + 1 :]
        case 1:
            return text[:at] + text[at + 1 :]
        case 2:
            return text[:at] + rng.choice(alphabet) + text[at:]
        case 3:
            low, high = sorted((at, other))
            return text[:low] + text[high:]
        case 4:
            letters = list(text)
            letters[at], letters[other] = letters[other], letters[at]
            return "".join(letters)
        case _:
            return text + "".join(rng.choices(alphabet, k=rng.randrange(1, 4)))


def flipped(data, rng):
    changed = bytearray(data)
    for _ in range(rng.randrange(1, 4)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def forged(code, read, alphabet, rng):
    if rng.random() < 0.5:
        return alteration(code, alphabet, rng)
    if code[3] == ":":
        return code[:4] + base45_encode(flipped(base45_decode(code[4:]), rng))
    if read is session_read:
        return "HS1." + b64_encode(flipped(b64_decode(code[4:]), rng))
    return ".".join(b64_encode(flipped(b64_decode(part), rng)) for part in code.split("."))


@pytest.mark.parametrize(
    ("code", "read"),
    [
        (LIVE, live_read),
        (SESSION, session_read),
        (POSTER, venue_read),
        (SCREEN, venue_read),
        (PAPER, paper_read),
        (SHOWN, pass_read),
    ],
    ids=["live", "session", "poster", "screen", "paper", "shown"],
)
def test_no_altered_code_is_accepted_in_ten_thousand_alterations(code, read):
    rng = random.Random(20221013)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcxyz0123456789-_ $%*+./:="
    accepted = read(code)
    for _ in range(10_000):
        text = forged(code, read, alphabet, rng)
        if text == code:
            continue
        try:
            claim = read(text)
        except CodeError:
            continue
        # A screen's code without its seal is a genuine poster; nothing else may open, and never as anything better.
        assert (text, claim) == (POSTER, accepted._replace(kind="static", minute=None)), text


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: "HB1:" + base45_encode(data)))
def test_the_handle_of_any_text_is_sixteen_bytes_or_a_refusal(text):
    with suppress(CodeError):
        assert len(handle_named(text)) == 16


def test_papers_and_passes_name_the_handle_that_was_issued():
    assert handle_named(PAPER) == paper_read(PAPER).handle
    assert handle_named(SHOWN) == pass_read(SHOWN).claim.handle
