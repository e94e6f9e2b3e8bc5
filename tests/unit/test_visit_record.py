"""The visit's key: time-ordered, and the same for each repetition of one scan."""

from uuid import UUID

import pytest

from healthcode.visits.record import VisitKeyError, visit_key, visit_key_for, visit_key_ms

NOON_MS = 1_763_870_400_000
LIN, QIAN = 17, 23


def test_a_key_is_a_uuid_of_version_7_and_tells_its_own_time():
    key = visit_key(NOON_MS, bytes(range(10)))
    assert (key.version, key.variant, visit_key_ms(key)) == (7, "specified in RFC 4122", NOON_MS)


def test_a_later_visit_has_a_greater_key_whatever_its_random_bits():
    assert visit_key(NOON_MS, b"\xff" * 10) < visit_key(NOON_MS + 1, b"\0" * 10)


def test_lin_repeats_her_scan_and_gets_the_same_visit():
    asked = str(visit_key(NOON_MS, b"phone-rand"))
    first = visit_key_for(asked, LIN, NOON_MS + 400)
    assert visit_key_for(asked, LIN, NOON_MS + 90_000) == first
    assert visit_key_ms(first) == NOON_MS


def test_qian_cannot_occupy_lins_visit_by_sending_her_key():
    asked = str(visit_key(NOON_MS, b"phone-rand"))
    assert visit_key_for(asked, QIAN, NOON_MS) != visit_key_for(asked, LIN, NOON_MS)


@pytest.mark.parametrize(
    "asked",
    [
        "not a key",
        str(UUID(int=4 << 76 | 2 << 62)),
        str(visit_key(NOON_MS - 25 * 3600 * 1000, b"0123456789")),
        str(visit_key(NOON_MS + 6 * 60 * 1000, b"0123456789")),
    ],
)
def test_a_key_of_another_kind_or_another_day_is_refused(asked):
    with pytest.raises(VisitKeyError):
        visit_key_for(asked, LIN, NOON_MS)
