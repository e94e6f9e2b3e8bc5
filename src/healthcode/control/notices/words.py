"""What a notice says, in both languages: what changed and since when, what to do, whom to ask. No name stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from healthcode.control.notices.states import NoticeKind
from healthcode.domain.time import local_of
from healthcode.rules.explain import color_word
from healthcode.rules.model import Ruleset
from healthcode.rules.words import Lang

SIGNATURE = {"zh": "【山西健康码】", "en": "[Shanxi Health Code] "}


@dataclass(frozen=True, slots=True)
class Told:
    """What one notice is about: as stored, and the office that answers for the person."""

    kind: NoticeKind
    content: Mapping[str, Any]
    office: Mapping[str, str] | None = None


def notice_text(told: Told, ruleset: Ruleset, lang: Lang) -> str:
    """The whole text in one language, without signature."""
    parts = [_what(told, ruleset, lang), *_to_do(told, ruleset, lang), _ask(told, ruleset, lang)]
    return ("" if lang == "zh" else " ").join(parts)


def sms_text(told: Told, ruleset: Ruleset) -> str:
    """The text message: signed, in Chinese, as every office's; the page has it in both languages."""
    return SIGNATURE["zh"] + notice_text(told, ruleset, "zh")


def _what(told: Told, ruleset: Ruleset, lang: Lang) -> str:
    if told.kind is NoticeKind.TEST_DUE:
        day = date.fromisoformat(told.content["day"])
        zh = f"您明天（{day.month}月{day.day}日）需做核酸检测，未按期检测会延后转码。"
        return zh if lang == "zh" else f"A test is due tomorrow ({day:%d %B}); without it your color stays longer."
    local = local_of(told.content["minute"])
    at = f"{local.month}月{local.day}日{local:%H:%M}" if lang == "zh" else f"{local:%H:%M} on {local:%d %B}"
    color = color_word(told.content["color"], ruleset, lang)
    if told.kind in (NoticeKind.COLOR_GIVEN, NoticeKind.COLOR_IMPROVED):
        return f"您的健康码自{at}起为{color}。" if lang == "zh" else f"Your code is {color} since {at}."
    if told.kind is NoticeKind.HELD:
        zh = f"有检测未完成，您的健康码自{at}起暂保持{color}。"
        return zh if lang == "zh" else f"A test is missing: your code stays {color} from {at} on."
    return f"您的健康码自{at}起有新提示。" if lang == "zh" else f"Your code shows a new notice since {at}."


def _to_do(told: Told, ruleset: Ruleset, lang: Lang) -> list[str]:
    """The way out that each shown notice declares; of a color, that the page says why and until when."""
    known = [ruleset.notices[name] for name in told.content.get("notices", ()) if name in ruleset.notices]
    texts = [notice.way_out[lang] for notice in known]
    if told.kind is NoticeKind.COLOR_GIVEN:
        texts.append(
            "原因、期限和申诉办法见健康码页面。"
            if lang == "zh"
            else "Your code page says why, until when, and how to appeal."
        )
    return texts


def _ask(told: Told, ruleset: Ruleset, lang: Lang) -> str:
    name, phone = (told.office[lang], told.office["phone"]) if told.office else ("", "")
    if not phone:
        name, phone = ruleset.hotline[0][lang], ruleset.hotline[1]
    return f"咨询：{name}{phone}。" if lang == "zh" else f"Ask {name}, {phone}."
