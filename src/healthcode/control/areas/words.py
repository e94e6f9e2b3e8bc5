"""What the consoles call levels and verdicts, in both languages, with the hue that stands beside the word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from healthcode.control.areas.models import LIFTED, Carried, Verdict
from healthcode.control.areas.steps import Step
from healthcode.control.language import say
from healthcode.domain.area import AreaLevel
from healthcode.domain.time import REGION_TZ, Day, date_of, instant_of


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


_CARRYING: Final = {
    Carried.WAIT: ("排队等候", "Waiting its turn"),
    Carried.RECORD: ("逐批列入居民", "Taking the residents in"),
    Carried.RESCIND: ("逐批撤回居民", "Taking the residents back"),
    Carried.DERIVE: ("推导其余涉及的人", "Deriving the others concerned"),
    Carried.DONE: ("已完成", "Finished"),
}


class Saying(Protocol):
    """What a draft and a designation have in common."""

    @property
    def level(self) -> str | None: ...
    @property
    def residents(self) -> bool: ...
    @property
    def rescinds_id(self) -> int | None: ...
    @property
    def case_day(self) -> int | None: ...
    @property
    def hold_until(self) -> datetime | None: ...


def level_word(level: str) -> str:
    """A level in the language of the request; the empty one is a lifting."""
    found = LEVEL_WORDS[level]
    return say(found.zh, found.en)


def said_word(said: Saying) -> str:
    """What a draft or a designation says: its level, with the residents where it takes them in, or something else."""
    if said.case_day is not None:
        return say("发现病例 ", "Case found ") + date_of(said.case_day).isoformat()
    if said.hold_until is not None:
        return say("暂缓按规则调整，至 ", "No change by rule until ") + clock(said.hold_until)
    if said.rescinds_id is not None:
        return say("撤回列入的居民", "Takes the residents back")
    return level_word(said.level or LIFTED) + (say("，列入居民", ", with residents") if said.residents else "")


def step_word(step: Step) -> str:
    """What a rule will do to a level, and when."""
    to = level_word(step.to.value if step.to else LIFTED)
    until = clock(instant_of(step.due))
    return say(f"{until} 起为{to}", f"{to} from {until}")


def clear_word(days: int, since: Day) -> str:
    """Why a rule ends a level."""
    first = date_of(since).isoformat()
    return say(f"按规则：连续{days}天无新增病例（自{first}次日起）", f"By rule: {days} clear days after {first}")


def clock(at: datetime) -> str:
    """An instant on the region's clock."""
    return f"{at.astimezone(REGION_TZ):%Y-%m-%d %H:%M}"


def carrying_word(step: Carried) -> str:
    """What the worker is at."""
    zh, en = _CARRYING[step]
    return say(zh, en)


def level_choices() -> list[tuple[str, str]]:
    """(value, word) of every level that may be designated."""
    return [(level.value, level_word(level.value)) for level in AreaLevel]


def verdict_word(verdict: Verdict | None) -> str:
    """What became of a proposal."""
    if verdict is None:
        return say("待市级审批", "Waits for the city")
    return say("已批准", "Approved") if verdict is Verdict.APPROVE else say("已退回", "Returned")
