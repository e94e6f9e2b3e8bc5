"""Of two people of one shape of evidence, the one's answer is the other's with the ids exchanged."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from healthcode.control.evidence.replay import canonical_json
from healthcode.control.evidence.shapes import ids_exchange, ids_exchange_bytes
from healthcode.domain.area import Area
from healthcode.domain.evidence import Evidence
from healthcode.rules.document import evaluation_to_json
from healthcode.rules.evaluate import evaluate
from healthcode.table.payloads import GroundLine, GroundsNote, note_encode
from tests.rulebook import ninth
from tests.strategies import areas, evidence, minutes


def named(history: Sequence[Evidence], numbers: Sequence[int]) -> list[Evidence]:
    """The same evidence with other ids, in the same order."""
    keys = [str(UUID(int=number)) for number in numbers]
    ids = dict(zip(sorted({e.id for e in history}), sorted(keys), strict=False))

    def fields(record: Evidence) -> dict[str, object]:
        about = record.fields.get("about")
        known = [ids.get(a, a) for a in about] if isinstance(about, (list, tuple)) else about
        return {**record.fields, **({"about": known} if "about" in record.fields else {})}

    return [
        replace(e, id=ids[e.id], supersedes=ids.get(e.supersedes or "", e.supersedes), fields=fields(e))
        for e in history
    ]


pairs = st.lists(st.integers(0, 2**128 - 1), min_size=40, max_size=40, unique=True)


@settings(max_examples=150, deadline=None)
@given(evidence(9), areas(), minutes, st.booleans(), pairs)
def test_an_answer_is_anothers_with_the_ids_exchanged(
    history: list[Evidence], places: list[Area], now: int, holds: bool, ids: list[int]
) -> None:
    one, other = named(history, ids[:20]), named(history, ids[20:])
    answers = [evaluate(each, places, ninth(), now, holds_code=holds) for each in (one, other)]
    said = [canonical_json(evaluation_to_json(answer, ninth())).decode() for answer in answers]
    own = [[e.id for e in each] for each in (one, other)]
    assert ids_exchange(said[0], *own) == said[1]


@given(pairs)
def test_an_encoded_note_with_other_ids_is_the_note_of_those_ids(keys: list[int]) -> None:
    mine, theirs = str(UUID(int=keys[0])), str(UUID(int=keys[1]))
    lines = [GroundLine(key=f"close-contact:{key}", rule="r", state=4, since=1) for key in (mine, theirs)]
    notes = [note_encode(GroundsNote(version=300, grounds=[line])) for line in lines]
    assert ids_exchange_bytes(notes[0], [mine], [theirs]) == notes[1]
