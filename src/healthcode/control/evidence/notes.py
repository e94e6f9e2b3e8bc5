"""What the resident's page shows of the grounds: short texts and ends in both languages, for the edges' side file."""

from __future__ import annotations

from collections.abc import Sequence

from healthcode.domain.evidence import Evidence
from healthcode.rules.model import Ruleset
from healthcode.rules.result import Evaluation, Ground
from healthcode.table.payloads import GroundLine, GroundsNote, note_encode


def grounds_note(
    evaluation: Evaluation, ruleset: Ruleset, evidence: Sequence[Evidence], *, version: int
) -> bytes | None:
    """The payload of a GROUNDS message, or None where no ground and no notice is open."""
    if not evaluation.grounds and not evaluation.notices:
        return None
    note = GroundsNote(
        version=version,
        grounds=[_line(ground, ruleset, evidence) for ground in evaluation.grounds],
        notices=[{"id": notice.id, **ruleset.notices[notice.id].text} for notice in evaluation.notices],
    )
    return note_encode(note)
