"""How the console names the steps of a run."""

from __future__ import annotations

from typing import Final

from healthcode.control.language import say
from healthcode.control.population.models import Step

_WORDS: Final = {
    Step.EXPORT: ("取数", "Reading the evidence"),
    Step.EVALUATE: ("全员判定", "Evaluating everybody"),
    Step.COMPARE: ("比对", "Comparing"),
    Step.COMMIT: ("写入变化", "Deciding what changed"),
    Step.PATCH: ("补判期间有变的人", "Deriving who changed meanwhile"),
    Step.TABLE: ("制作全员码表", "Making the table of everybody"),
    Step.DONE: ("完成", "Done"),
}


def step_word(step: str) -> str:
    """A step in the language of the request."""
    return say(*_WORDS[Step(step)])
