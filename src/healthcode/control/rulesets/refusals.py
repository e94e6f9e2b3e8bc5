"""What these pages and this API refuse, each with what to do next."""

from __future__ import annotations

from healthcode.control.language import say
from healthcode.control.problems import Problem


def missing() -> Problem:
    """Nothing of that number, or nothing that this post may see."""
    return Problem(
        404,
        "ruleset_missing",
        say("没有此记录", "There is no such record"),
        say("请返回规则集列表。", "Go back to the list of rulesets."),
    )


def incomplete(field: str, message: str) -> Problem:
    """A field that must be filled in."""
    return Problem(
        422,
        "ruleset_incomplete",
        say("填写不完整", "Something is missing"),
        message,
        errors=[{"field": field, "code": "field_required", "message": message}],
    )


def unproven(message: str) -> Problem:
    """A step before its turn: checks, then rehearsal, then approval."""
    return Problem(409, "ruleset_unproven", say("还不能进行这一步", "This step must wait"), message)


def decided() -> Problem:
    """Somebody was quicker."""
    return Problem(
        409,
        "ruleset_decided",
        say("已有结论", "This is decided"),
        say("同事已先处理。请返回列表查看。", "A colleague was quicker. Go back to the list."),
    )


def own_work() -> Problem:
    """Four eyes."""
    return Problem(
        403,
        "ruleset_four_eyes",
        say("不能批准自己的草案", "Nobody approves a draft of his own"),
        say("请由另一位批准人处理。", "Another approver must decide."),
    )
