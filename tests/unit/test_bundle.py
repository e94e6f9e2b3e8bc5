"""The offline bundle: what is signed, what a device refuses, and what it need not fetch again."""

import cbor2
import pytest

from healthcode.codes.bundle import (
    FEW,
    Card,
    card_open,
    card_sign,
    head_next,
    head_open,
    head_sign,
    part_bytes,
    parts_check,
    recall_parts,
)
from healthcode.codes.errors import Forged, UpdateNeeded, WrongRegion
from healthcode.codes.signed import map_sign
from healthcode.crypto.suites import suite

SHANXI, HENAN = 140000, 410000
KEY, STRANGER = suite("intl").generate_signing_key(), suite("intl").generate_signing_key()
KID = b"bundle-1"
TRUSTED = {KID: KEY.public}
LOST = bytes(range(16))


def parts(*handles):
    return {"colors": part_bytes([]), **recall_parts(handles)}


def signed(head, key=KEY):
    return head_sign(key, KID, head)


def test_a_head_comes_back_as_it_was_signed():
    head = head_next(None, parts(LOST), region=SHANXI, made=1000)
    assert head_open(TRUSTED, signed(head), region=SHANXI) == head


def test_only_the_partition_of_a_newly_recalled_handle_changes():
    before = head_next(None, parts(), region=SHANXI, made=1000)
    after = head_next(before, parts(LOST), region=SHANXI, made=1060)
    assert {name for name, part in after.parts.items() if part.changed > before.number} == {"recall/0"}


def test_numbers_grow_although_the_clock_went_back():
    before = head_next(None, parts(), region=SHANXI, made=1000)
    assert head_next(before, parts(), region=SHANXI, made=400).number == 1001


def test_a_long_list_is_cut_finer():
    handles = [number.to_bytes(16, "big") for number in range(FEW + 1)]
    assert len(recall_parts(handles)) == 256


def test_what_is_no_handle_stands_on_no_list():
    assert recall_parts([b"short"]) == recall_parts([])


@pytest.mark.parametrize("at", [0, 30, -1])
def test_an_altered_head_is_refused(at):
    message = bytearray(signed(head_next(None, parts(), region=SHANXI, made=1000)))
    message[at] ^= 1
    with pytest.raises((Forged, UpdateNeeded)):
        head_open(TRUSTED, bytes(message), region=SHANXI)


def test_a_head_by_a_stranger_or_of_another_region_is_refused():
    head = head_next(None, parts(), region=HENAN, made=1000)
    with pytest.raises(Forged):
        head_open(TRUSTED, signed(head, STRANGER), region=HENAN)
    with pytest.raises(WrongRegion):
        head_open(TRUSTED, signed(head), region=SHANXI)


def test_a_card_is_no_head():
    card = card_sign(KEY, KID, Card(7, 1000, {"medical": True}), region=SHANXI)
    assert card_open(TRUSTED, card, region=SHANXI).says == {"medical": True}
    with pytest.raises(Forged):
        head_open(TRUSTED, card, region=SHANXI)


def test_a_bundle_that_needs_something_new_is_not_judged_by():
    head = head_next(None, parts(), region=SHANXI, made=1000)._replace(needs=("colors", "recall-by-batch"))
    with pytest.raises(UpdateNeeded):
        head_open(TRUSTED, signed(head), region=SHANXI)


def test_a_version_of_a_later_release_needs_an_update():
    message = map_sign(KEY, KID, {0: 2, 1: SHANXI}, context=b"healthcode/bundle/1")
    with pytest.raises(UpdateNeeded):
        head_open(TRUSTED, message, region=SHANXI)


@pytest.mark.parametrize("change", ["left out", "added", "altered"])
def test_parts_of_another_bundle_are_refused(change):
    held = parts(LOST)
    head = head_next(None, held, region=SHANXI, made=1000)
    parts_check(head, held)
    name = "recall/0"
    changed = {"left out": {}, "added": held | {"recall/x": b""}, "altered": held | {name: cbor2.dumps(b"")}}[change]
    with pytest.raises(Forged):
        parts_check(head, changed)
