"""The 32-byte record, and cutting a timeline to what it holds."""

import pytest

from healthcode.domain.time import day_start
from healthcode.table.record import LAST_MINUTE, UNKNOWN, Record, RecordError, Transition, record_decode, record_encode
from healthcode.table.record import record_effective as effective
from healthcode.table.timeline import record_build, timeline_cut

GREEN, YELLOW, RED = 2, 3, 4
TODAY = day_start(20_000)
MIDNIGHTS = [day_start(20_000 + day) for day in range(12)]
ZHAO = Record(RED, 3, 0b101, 2, TODAY - 600, 9, (Transition(MIDNIGHTS[8], YELLOW, 4), Transition(MIDNIGHTS[11], GREEN)))


def severity(state):
    return {GREEN: 1, YELLOW: 2, RED: 3}.get(state, -1)


def test_zhaos_record_is_read_as_written():
    assert record_decode(record_encode(ZHAO)) == ZHAO


def test_the_layout_is_the_published_one():
    numbers = "090000000200430500082c26"  # version, generation, state and doses, notices, last negative
    changes = "605b26030400406c26020000" + "00" * 6
    assert record_encode(ZHAO)[:30].hex() == numbers + changes


def test_zeros_are_unknown():
    assert record_decode(bytes(32)) == UNKNOWN == Record(0)


@pytest.mark.parametrize("at", range(32))
def test_any_flipped_byte_is_noticed(at):
    data = bytearray(record_encode(ZHAO))
    data[at] ^= 0x40
    with pytest.raises(RecordError):
        record_decode(bytes(data))


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33), b"\xff" * 32])
def test_other_bytes_are_no_record(data):
    with pytest.raises(RecordError):
        record_decode(data)


@pytest.mark.parametrize(
    "change",
    [
        {"state": 16},
        {"doses": -1},
        {"notices": 1 << 16},
        {"generation": 1 << 16},
        {"version": 1 << 32},
        {"last_negative": 5},
        {"last_negative": LAST_MINUTE + 1},
        {"transitions": (Transition(TODAY, 99),)},
        {"transitions": (Transition(TODAY, 3), Transition(TODAY, 2))},
        {"transitions": tuple(Transition(TODAY + n, 3) for n in range(4))},
    ],
)
def test_what_does_not_fit_is_not_written(change):
    with pytest.raises(RecordError):
        record_encode(ZHAO._replace(**change))


def test_zhao_turns_yellow_and_green_at_midnight_by_the_clock_alone():
    seen = [effective(ZHAO, minute, severity=severity)[0] for minute in MIDNIGHTS]
    assert seen == [RED] * 8 + [YELLOW] * 3 + [GREEN]
    assert effective(ZHAO, MIDNIGHTS[8] - 1, severity=severity) == (RED, 0b101)


def test_a_wrong_clock_never_makes_her_better():
    for now, trusted, state in (
        (MIDNIGHTS[11], MIDNIGHTS[7], RED),  # the own clock is four days fast
        (MIDNIGHTS[11], MIDNIGHTS[9], YELLOW),
        (MIDNIGHTS[7], MIDNIGHTS[11], RED),  # four days slow: nothing improves before both say so
        (MIDNIGHTS[11], None, RED),
    ):
        assert effective(ZHAO, now, severity=severity, skew="withhold_improving", trusted=trusted)[0] == state


def test_a_wrong_clock_applies_what_worsens():
    missed = Record(GREEN, transitions=(Transition(TODAY, YELLOW), Transition(MIDNIGHTS[1], GREEN)))
    for now, trusted in ((TODAY, TODAY - 60), (TODAY - 60, TODAY), (MIDNIGHTS[2], TODAY)):
        seen = effective(missed, now, severity=severity, skew="withhold_improving", trusted=trusted)
        assert seen[0] == YELLOW


def steps(*pairs):
    return [Transition(MIDNIGHTS[day], state, notices) for day, state, notices in pairs]


def test_a_short_timeline_is_kept_whole():
    timeline = steps((0, RED, 0), (8, YELLOW, 0), (11, GREEN, 0))
    assert timeline_cut(timeline, severity=severity) == (tuple(timeline), None)


def test_steps_that_change_nothing_are_dropped():
    timeline = steps((0, RED, 0), (1, RED, 0), (8, YELLOW, 0))
    assert timeline_cut(timeline, severity=severity).steps == tuple(steps((0, RED, 0), (8, YELLOW, 0)))


def test_notices_are_cut_before_colors():
    timeline = steps((0, RED, 0), (1, RED, 1), (3, RED, 2), (8, YELLOW, 4), (11, GREEN, 0))
    cut = timeline_cut(timeline, severity=severity)
    assert cut.steps == tuple(steps((0, RED, 0), (1, RED, 3), (8, YELLOW, 4), (11, GREEN, 0)))
    assert cut.exact_until == MIDNIGHTS[1]


def test_the_end_of_a_long_timeline_becomes_its_worst_color():
    timeline = steps((0, RED, 0), (1, YELLOW, 0), (2, GREEN, 0), (3, YELLOW, 1), (4, GREEN, 0))
    cut = timeline_cut(timeline, severity=severity)
    assert cut.steps == tuple(steps((0, RED, 0), (1, YELLOW, 0), (2, GREEN, 0), (3, YELLOW, 1)))
    assert cut.exact_until == MIDNIGHTS[4]


@pytest.mark.parametrize("timeline", [[], steps((1, RED, 0), (0, GREEN, 0)), steps((1, RED, 0), (1, GREEN, 0))])
def test_a_timeline_ascends(timeline):
    with pytest.raises(ValueError, match="ascends"):
        timeline_cut(timeline, severity=severity)


def test_a_record_is_built_from_a_timeline():
    timeline = steps((0, RED, 5), (8, YELLOW, 4), (11, GREEN, 0))
    built = record_build(timeline, version=9, generation=2, severity=severity, doses=3, last_negative=TODAY - 600)
    assert built == ZHAO
