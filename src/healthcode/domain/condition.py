"""The one condition that failed at a gate, in words: what the place asks, what was found, who asks it, until when."""

from collections.abc import Mapping
from typing import Final

from healthcode.domain.division import division_get
from healthcode.domain.outcome import OUTCOME_ADVICE, Outcome, Verdict
from healthcode.domain.policy import DEFAULT_POLICY, CheckPolicy, Judgement
from healthcode.domain.time import REGION_TZ, Minute, instant_of

Words = Mapping[str, str]
_MEDICAL: Final = {
    "zh": "医疗机构不拒绝任何人，请走发热/缓冲通道。",
    "en": "A medical place refuses nobody: use the buffer entrance.",
}


def condition_words(
    judgement: Judgement,
    outcome: str,
    policy: CheckPolicy,
    colors: Mapping[str, Words],
    *,
    last_negative: Minute | None,
    now: Minute,
) -> dict[str, str] | None:
    """By language the sentence under a verdict; None where nothing failed. `colors` gives colors' words by id."""
    failed = judgement.failed_condition
    if failed is None:
        return None
    asked = policy if policy.in_force(now) else DEFAULT_POLICY
    if failed == "code":
        zh, en = OUTCOME_ADVICE[Outcome(outcome)]
    elif failed == "color":
        zh, en = _color(outcome, asked, colors)
    else:
        zh, en = _test(asked, last_negative, now)
    if judgement.verdict is Verdict.buffer:
        zh, en = zh + _MEDICAL["zh"], f"{en} {_MEDICAL['en']}"
    return {"zh": zh, "en": en}


def asked_words(policy: CheckPolicy, colors: Mapping[str, Words]) -> dict[str, str]:
    """What a policy asks, by language: `绿码，48小时内核酸检测阴性`."""
    zh, en = _passing(policy, colors)
    if policy.asks_test:
        zh, en = f"{zh}，{_age(policy)[0]}核酸检测阴性", f"{en}, and a negative test {_age(policy)[1]}"
    return {"zh": zh, "en": en}


def _color(outcome: str, policy: CheckPolicy, colors: Mapping[str, Words]) -> tuple[str, str]:
    zh, en = _passing(policy, colors)
    now_zh, now_en = _word(outcome, colors)
    said_zh, said_en = _source(policy)
    return f"本场所凭{zh}通行，现在是{now_zh}。{said_zh}", f"This place lets {en} pass; the code is {now_en}.{said_en}"


def _test(policy: CheckPolicy, last: Minute | None, now: Minute) -> tuple[str, str]:
    zh, en = _age(policy)
    said_zh, said_en = _source(policy)
    if last is None:
        found_zh, found_en = "没有查到阴性记录", "none is on record"
    else:
        hours = max(0, now - last) // 60
        found_zh, found_en = f"最近一次采样在{hours}小时前", f"the last was sampled {hours} hours ago"
    return (
        f"本场所要求{zh}核酸检测阴性，{found_zh}。{said_zh}",
        f"This place asks for a negative test {en}; {found_en}.{said_en}",
    )


def _age(policy: CheckPolicy) -> tuple[str, str]:
    if policy.test_age_h is not None:
        return f"{policy.test_age_h}小时内", f"of the last {policy.test_age_h} hours"
    days = policy.test_age_days or 0
    return f"{days}天内", f"of the last {days} calendar days"


def _passing(policy: CheckPolicy, colors: Mapping[str, Words]) -> tuple[str, str]:
    words = [_word(color, colors) for color in sorted(policy.colors)]
    return "、".join(zh for zh, _ in words), " or ".join(en for _, en in words)


def _word(color: str, colors: Mapping[str, Words]) -> tuple[str, str]:
    word = colors.get(color, {})
    return word.get("zh", color), word.get("en", color)


def _source(policy: CheckPolicy) -> tuple[str, str]:
    """Who asks it, on what basis and until when; the default needs no saying."""
    if policy.until is None:
        return "", ""
    end = instant_of(policy.until).astimezone(REGION_TZ)
    try:
        division = division_get(policy.authority)
        who_zh, who_en = division.name_zh, division.name_en
    except KeyError:
        who_zh = who_en = policy.authority
    return (
        f"{who_zh}：{policy.basis}，至{end:%-m月%-d日%H:%M}。",
        f" {who_en}: {policy.basis}, until {end:%Y-%m-%d %H:%M}.",
    )
