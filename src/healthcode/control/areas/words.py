"""What the consoles call levels and verdicts, in both languages, with the hue that stands beside the word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from healthcode.control.areas.models import LIFTED, Verdict
from healthcode.control.language import say
from healthcode.domain.area import AreaLevel


@dataclass(frozen=True, slots=True)
class LevelWord:
    """A level in both languages."""

    zh: str
    en: str
    hue: str


LEVEL_WORDS: Final[dict[str, LevelWord]] = {
    AreaLevel.high.value: LevelWord("高风险", "High risk", "red"),
    AreaLevel.medium.value: LevelWord("中风险", "Medium risk", "yellow"),
    AreaLevel.low.value: LevelWord("低风险", "Low risk", "blue"),
    LIFTED: LevelWord("解除", "Lifted", "grey"),
}


def level_word(level: str) -> str:
    """A level in the language of the request; the empty one is a lifting."""
    found = LEVEL_WORDS[level]
    return say(found.zh, found.en)


def said_word(level: str, *, rescinds: bool, residents: bool) -> str:
    """What a designation says: its level, with the residents where it takes them in, or that it takes them back."""
    if rescinds:
        return say("撤回列入的居民", "Takes the residents back")
    return level_word(level) + (say("，列入全县居民", ", with every resident") if residents else "")


def level_choices() -> list[tuple[str, str]]:
    """(value, word) of every level that may be designated."""
    return [(level.value, level_word(level.value)) for level in AreaLevel]


def verdict_word(verdict: Verdict | None) -> str:
    """What became of a proposal."""
    if verdict is None:
        return say("待市级审批", "Waits for the city")
    return say("已批准", "Approved") if verdict is Verdict.APPROVE else say("已退回", "Returned")
