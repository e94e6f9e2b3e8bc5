"""Laws of the spool's segments: whole frames survive whatever happens to the others, and nobody can alter one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.domain.presence import Presence
from healthcode.visits.record import Visit, visit_key
from healthcode.visits.spool import HEAD_BYTES, Segment, SpoolError, segment_read

KEY, NAME = bytes(32), b"n" * 16
VISITS = st.builds(
    Visit,
    id=st.builds(visit_key, st.integers(0, (1 << 48) - 1), st.binary(min_size=10, max_size=10)),
    venue=st.integers(0, 1 << 40),
    checkpoint=st.integers(0, 300),
    subject=st.integers(0, 1 << 32),
    at_ms=st.integers(0, 1 << 45),
    grade=st.sampled_from(Presence),
    device=st.none() | st.binary(min_size=16, max_size=16),
    outcome=st.sampled_from(["green", "unknown", "stale"]),
    verdict=st.sampled_from(["pass", "do_not_pass"]),
)
BATCHES = st.lists(st.lists(VISITS, min_size=1, max_size=3), min_size=1, max_size=4)


def written(batches, name=NAME, suite_name="intl"):
    """(the segment's bytes, where each frame ends)."""
    segment = Segment(KEY, name, suite_name=suite_name)
    data, ends = segment.head, []
    for batch in batches:
        data += segment.frame(batch)
        ends.append(len(data))
    return data, ends


@given(BATCHES, st.sampled_from(["intl", "gm"]))
def test_what_was_written_is_read(batches, suite_name):
    assert segment_read(written(batches, suite_name=suite_name)[0], KEY) == (batches, 0, 0)


@given(BATCHES, st.data(), st.integers(0, 64))
def test_torn_anywhere_and_followed_by_zeros_every_whole_frame_is_read(batches, data, zeros):
    segment, ends = written(batches)
    cut = data.draw(st.integers(0, len(segment)))
    read = segment_read(segment[:cut] + bytes(zeros if cut in (*ends, HEAD_BYTES) else 0), KEY)
    assert read.batches == batches[: sum(end <= cut for end in ends)]
    assert read.damaged == 0


@given(BATCHES, st.data())
def test_a_flipped_bit_never_gives_another_visit(batches, data):
    segment, _ = written(batches)
    place = data.draw(st.integers(HEAD_BYTES, len(segment) - 1))
    altered = bytearray(segment)
    altered[place] ^= 1 << data.draw(st.integers(0, 7))
    assert all(batch in batches for batch in segment_read(bytes(altered), KEY).batches)


@given(BATCHES)
def test_frames_of_one_segment_open_in_no_other(batches):
    segment, _ = written(batches)
    other, _ = written(batches, name=b"m" * 16)
    assert segment_read(other[:HEAD_BYTES] + segment[HEAD_BYTES:], KEY).batches == []


def test_another_hosts_segment_is_refused_and_not_thrown_away():
    with pytest.raises(SpoolError, match="spool key"):
        segment_read(written([])[0], b"x" * 32)
