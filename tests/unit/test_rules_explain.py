"""One explanation, in both languages: rule, clause, evidence, phase, end, tests, whom to ask."""

import pytest

from healthcode.rules.explain import Explanation, explain, explanation_document
from healthcode.rules.words import LANGS, WORDS, Lang
from tests.rulebook import area, ask, at, fact, ninth, swab

OFFICES = {"140728": {"zh": "平遥县赋码专班", "en": "Pingyao code office", "phone": "0354-5620001"}}
CONTACT = [fact("close_contact", "zhao"), swab(2)]


def told(lang: Lang, now: int = at(3, 8)) -> Explanation:
    return explain(ask(CONTACT, now), ninth(), CONTACT, lang, offices=OFFICES)


def test_zhaos_page_says_why_until_when_which_tests_and_whom_to_ask() -> None:
    """Story 3, in Chinese."""
    (ground,) = told("zh").grounds
    assert (ground.title, ground.color_word, ground.phase) == ("密切接触者", "红码", "集中隔离医学观察")
    assert ground.evidence == "依据：密切接触，由平遥县疫情防控办于2022年10月1日登记；末次接触之日：2022年10月1日"
    assert ground.changes == "检测均为阴性的，10月8日24时自动转为黄码"
    assert ground.tests[0] == "今天（10月3日）做一次核酸检测"
    assert ground.ask == "平遥县赋码专班，电话0354-5620001"


def test_the_same_in_english() -> None:
    """English is complete."""
    (ground,) = told("en").grounds
    assert ground.until == "ends by itself when 11 October ends if every test is negative; otherwise the color stays"
    assert ground.tests[1] == "one test on 4 October"
    assert ground.ask == "Pingyao code office, phone 0354-5620001"
    assert told("en").headline == "Your code is Red because of: Close contact."


def test_without_an_office_the_hotline_is_named() -> None:
    """Nobody is left without a number."""
    explanation = explain(ask(CONTACT, at(3)), ninth(), CONTACT, "zh")
    assert "平遥县" in explanation.grounds[0].ask
    assert "12345" in explanation.grounds[0].ask


def test_a_held_color_says_how_many_tests_make_it_good() -> None:
    """What is still to do, in numbers."""
    held = told("zh", at(20)).grounds[0]
    assert held.until == "补齐检测并出阴性结果后立即变化"
    assert "补做2次核酸检测，每次间隔24小时以上" in held.tests


def test_a_sample_without_result_says_that_it_is_waited_for() -> None:
    """Pending is not overdue."""
    evidence = [fact("venue_exposure", "v", venue="7", presence="rotating"), swab(2), swab(4, 9, result="pending")]
    ground = explain(ask(evidence, at(5)), ninth(), evidence, "en").grounds[0]
    assert (ground.until, ground.tests) == (
        "changes as soon as the result is known",
        ("sampled on 4 October, result pending",),
    )


def test_the_end_of_an_area_is_told_with_its_date() -> None:
    """Known designations are known ends."""
    evidence = [fact("area_stay", "home", area="ring-road", relation="resident")]
    answer = ask(evidence, at(3), area("high", at(2), at(9)), area("medium", at(9), at(12)))
    ground = explain(answer, ninth(), evidence, "zh").grounds[0]
    assert (ground.changes, ground.until) == ("10月8日24时自动转为黄码", "10月11日24时自动结束")


@pytest.mark.parametrize(("holds", "word"), [(True, "没有赋码事由"), (False, "还没有申领")])
def test_lins_green_and_a_missing_code_are_explained_too(holds: bool, word: str) -> None:
    """Every answer says why."""
    assert word in explain(ask([], at(3), holds_code=holds), ninth(), [], "zh").headline


def test_an_unreadable_record_is_admitted() -> None:
    """The person is told to register and pass."""
    evidence = [fact("area_stay", "lost", area="nowhere", relation="resident")]
    assert "正在核实" in explain(ask(evidence, at(3)), ninth(), evidence, "zh").headline


def test_every_phrase_and_every_notice_exists_in_both_languages() -> None:
    """No key is shown to anybody."""
    assert all(set(phrase) == set(LANGS) and all(phrase.values()) for phrase in WORDS.values())
    document = explanation_document(ask(CONTACT, at(20)), ninth(), CONTACT)
    assert document["zh"]["notices"][0]["id"] == document["en"]["notices"][0]["id"] == "test_missing"
