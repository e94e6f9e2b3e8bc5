"""Words and dates of explanations, in every UI language. Written by thought, not translated word by word."""

from collections.abc import Mapping
from typing import Final, Literal

from healthcode.domain.time import Day, Minute, date_of, day_of, day_start, local_of

Lang = Literal["zh", "en"]
LANGS: Final[tuple[Lang, ...]] = ("zh", "en")

_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

WORDS: Final[Mapping[str, Mapping[Lang, str]]] = {
    "none": {"zh": "您目前没有赋码事由。", "en": "There is no reason for another color."},
    "absent": {
        "zh": "您还没有申领健康码，凭有效证件登记即可通行。",
        "en": "You hold no code; register with an ID document and pass.",
    },
    "unknown": {
        "zh": "有记录暂时无法读取，正在核实；凭有效证件登记即可通行。",
        "en": "A record cannot be read and is being checked; register with an ID document and pass.",
    },
    "also_unclear": {
        "zh": "另有记录暂时无法读取，正在核实。",
        "en": "Another record cannot be read; it is being checked.",
    },
    "because": {"zh": "您的健康码目前为{color}，原因：{titles}。", "en": "Your code is {color} because of: {titles}."},
    "notice_only": {
        "zh": "您的健康码目前为{color}，请留意提示：{titles}。",
        "en": "Your code is {color}; please note: {titles}.",
    },
    "absent_word": {"zh": "未申领", "en": "No code"},
    "unknown_word": {"zh": "暂无数据", "en": "Unknown"},
    "evidence": {
        "zh": "依据：{kind}，由{source}于{learned}登记",
        "en": "Evidence: {kind}, recorded by {source} on {learned}",
    },
    "anchor": {"zh": "{what}：{day}", "en": "{what}: {day}"},
    "until": {"zh": "{end}自动结束", "en": "ends by itself {end}"},
    "planned": {
        "zh": "检测均为阴性的，{end}自动结束；检测未完成的，颜色保持不变",
        "en": "ends by itself {end} if every test is negative; otherwise the color stays",
    },
    "tests_end": {"zh": "规定的检测全部阴性后立即结束", "en": "ends as soon as the tests due are negative"},
    "held": {"zh": "补齐检测并出阴性结果后立即变化", "en": "changes as soon as the missing tests are made good"},
    "pending": {"zh": "检测结果出来后立即变化", "en": "changes as soon as the result is known"},
    "event": {"zh": "没有固定日期，{review}前复核一次", "en": "no fixed date; looked at again before {review}"},
    "turns": {"zh": "{at}自动转为{color}", "en": "turns {color} by itself {at}"},
    "turns_if": {"zh": "检测均为阴性的，{at}自动转为{color}", "en": "turns {color} {at} if every test is negative"},
    "test_upcoming": {"zh": "{day}做一次核酸检测", "en": "one test on {day}"},
    "test_due": {"zh": "今天（{day}）做一次核酸检测", "en": "one test today ({day})"},
    "test_pending": {"zh": "{day}已采样，等待结果", "en": "sampled on {day}, result pending"},
    "test_overdue": {"zh": "{day}的检测没有完成", "en": "the test of {day} is missing"},
    "test_make_up": {
        "zh": "补做{number}次核酸检测，每次间隔{hours}小时以上",
        "en": "{number} more test(s), at least {hours} hours apart",
    },
    "count_due": {
        "zh": "还需{number}次核酸检测，每次间隔{hours}小时以上",
        "en": "{number} more test(s), at least {hours} hours apart",
    },
    "ask": {"zh": "{office}，电话{phone}", "en": "{office}, phone {phone}"},
    "unnamed_source": {"zh": "登记单位", "en": "the recording office"},
}


def word(key: str, lang: Lang, **values: object) -> str:
    """One phrase in a language, filled in; raises KeyError for a phrase that does not exist."""
    return WORDS[key][lang].format(**values)


def day_text(day: Day, lang: Lang) -> str:
    """A calendar day of the region: `10月8日`, `8 October`."""
    date = date_of(day)
    return f"{date.month}月{date.day}日" if lang == "zh" else f"{date.day} {_MONTHS[date.month - 1]}"


def date_text(day: Day, lang: Lang) -> str:
    """A calendar day with its year."""
    year = date_of(day).year
    return f"{year}年{day_text(day, lang)}" if lang == "zh" else f"{day_text(day, lang)} {year}"


def end_text(minute: Minute, lang: Lang) -> str:
    """When something ends; midnight is the end of the day before: `10月8日24时`, `when 8 October ends`."""
    if minute == day_start(day_of(minute)):
        before = day_text(day_of(minute) - 1, lang)
        return f"{before}24时" if lang == "zh" else f"when {before} ends"
    moment = local_of(minute)
    clock = f"{moment.hour:02d}:{moment.minute:02d}"
    day = day_text(day_of(minute), lang)
    return f"{day}{clock}" if lang == "zh" else f"on {day} at {clock}"
