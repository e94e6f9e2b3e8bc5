"""Whole columns of records are the records one by one: same bytes, same values, same refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthcode.table.block import (
    NEVER,
    Columns,
    block_crc,
    block_decode,
    block_encode,
    block_of,
    block_renew,
    block_versions,
)
from healthcode.table.record import (
    LAST_MINUTE,
    ORIGIN,
    Record,
    RecordError,
    Transition,
    record_decode,
    record_encode,
    record_version,
)

MINUTES = st.integers(ORIGIN + 1, LAST_MINUTE)
STEPS = st.lists(MINUTES, max_size=3, unique=True).map(sorted)
STEP = st.tuples(st.integers(0, 15), st.integers(0, 65535))
RECORDS = st.builds(
    Record,
    state=st.integers(0, 15),
    doses=st.integers(0, 15),
    notices=st.integers(0, 65535),
    generation=st.integers(0, 65535),
    last_negative=st.none() | MINUTES,
    version=st.integers(0, (1 << 32) - 2),
    transitions=STEPS.flatmap(
        lambda at: st.tuples(*(st.builds(lambda m, s: Transition(m, *s), st.just(m), STEP) for m in at))
    ),
)
EMPTY = Transition(NEVER, 0, 0)


def columns_of(records):
    steps = [[*record.transitions, EMPTY, EMPTY, EMPTY][:3] for record in records]
    plain = [
        [getattr(record, name) or 0 for record in records]
        for name in ("version", "generation", "state", "doses", "notices", "last_negative")
    ]
    nested = [np.array([[step[at] for step in row] for row in steps], np.int64).reshape(-1, 3) for at in range(3)]
    return Columns(*(np.array(column, np.int64) for column in plain), *nested)


def block_of_records(records):
    return block_of(b"".join(map(record_encode, records)))


@given(st.lists(RECORDS, max_size=40))
def test_columns_of_records_encode_as_each_record_does(records):
    assert block_encode(columns_of(records)).tobytes() == b"".join(map(record_encode, records))


@given(st.lists(RECORDS, max_size=40))
def test_columns_of_records_are_read_as_each_record_is(records):
    found, wanted = block_decode(block_of_records(records)), columns_of(records)
    assert all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


@given(st.lists(RECORDS, min_size=1, max_size=20), st.data())
def test_renewing_a_block_changes_version_and_last_negative_and_nothing_else(records, data):
    tests = [data.draw(st.none() | MINUTES) for _ in records]
    wanted = [
        record._replace(
            version=record.version + 1, last_negative=max(filter(None, (record.last_negative, test)), default=None)
        )
        for record, test in zip(records, tests, strict=True)
    ]
    renewed = block_renew(
        block_of_records(records),
        last_negative=np.array([test or NEVER for test in tests]),
        versions=np.array([record.version for record in wanted]),
    )
    assert [record_decode(row.tobytes()) for row in renewed] == wanted


@given(st.lists(st.binary(min_size=32, max_size=32) | RECORDS.map(record_encode), max_size=20))
def test_versions_of_a_block_are_those_of_its_rows_also_where_a_row_is_damaged(rows):
    assert block_versions(block_of(b"".join(rows))).tolist() == [record_version(row) for row in rows]


@given(st.lists(RECORDS, min_size=1, max_size=9), st.data())
def test_a_column_that_does_not_fit_is_refused_naming_its_row(records, data):
    at = data.draw(st.integers(0, len(records) - 1))
    name = data.draw(st.sampled_from(list(Columns._fields)))
    columns = columns_of(records)
    getattr(columns, name)[at] = data.draw(st.sampled_from([-1, 1 << 33]))
    with pytest.raises(RecordError, match=f"row {at} "):
        block_encode(columns)


BODIES = st.lists(st.sampled_from([0, 0, 0, 1, 2, 255]), min_size=30, max_size=30).map(bytes)


@given(BODIES | st.binary(min_size=30, max_size=30))
def test_a_block_refuses_the_rows_that_a_record_refuses(body):
    data = bytearray(body + bytes(2))
    data[30:] = block_crc(block_of(bytes(data))).tobytes()
    try:
        wanted = columns_of([record_decode(bytes(data))])
    except RecordError:
        with pytest.raises(RecordError):
            block_decode(block_of(bytes(data)))
    else:
        assert all(np.array_equal(a, b) for a, b in zip(block_decode(block_of(bytes(data))), wanted, strict=True))


def test_a_block_longer_than_one_part_names_the_row_by_its_place_in_the_whole():
    block = np.zeros((50_000, 32), np.uint8)
    block[40_000, 0] = 1
    with pytest.raises(RecordError, match="row 40000 "):
        block_decode(block)


def test_bytes_that_are_no_whole_number_of_records_are_no_block():
    with pytest.raises(RecordError, match="33 bytes"):
        block_of(bytes(33))
