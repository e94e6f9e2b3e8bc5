"""Publications over the rulebook on disk: what was known when, composed into one history (C2)."""

from __future__ import annotations

import pytest

from healthcode.adapters.rulebook_files import ruleset_load
from healthcode.control.rulesets.book import BASE_ALONE, Entry, RulesetBook, base_of, rulesets_decided
from healthcode.rules.evaluate import evaluate
from healthcode.rules.succession import RulesetHistory
from tests.rulebook import at, fact, ninth

SWITCH = at(4)
CONTACT = fact("close_contact", "zhao")


def twenty(minute: int = SWITCH, *, number: int = 3) -> Entry:
    return Entry(number, minute, ruleset_load("twenty-measures"), None, (ninth().key,))


def test_nothing_published_is_the_rulebook_alone() -> None:
    assert RulesetBook(ninth()).known(BASE_ALONE) is ninth()


def test_a_publication_takes_over_at_its_minute_whatever_the_files_say_about_the_beginning() -> None:
    rules = RulesetBook(ninth(), [twenty()]).known(3)
    assert isinstance(rules, RulesetHistory)
    assert [rules.at(SWITCH - 1).id, rules.at(SWITCH).id] == ["ninth-edition", "twenty-measures"]


def test_what_was_known_before_the_publication_stays_what_it_was() -> None:
    book = RulesetBook(ninth(), [twenty()])
    assert book.known(2) is ninth()
    assert [book.names(key, 2) for key in ("ninth-edition@1.1", "twenty-measures@1.0")] == [True, False]


def test_a_stopped_publication_never_takes_over_for_who_knows_of_the_stop() -> None:
    book = RulesetBook(ninth(), [twenty(), Entry(5, at(3), None, stops=3)])
    assert book.known(5) is ninth()
    assert isinstance(book.known(4), RulesetHistory)


def test_zhaos_timeline_announces_the_published_switch() -> None:
    rules = RulesetBook(ninth(), [twenty()]).known(3)
    alone, announced = (evaluate([CONTACT], (), r, at(3), holds_code=True) for r in (ninth(), rules))
    assert alone.color == announced.color == "red"
    assert {step.minute for step in announced.timeline} != {step.minute for step in alone.timeline}


def test_a_decision_names_a_ruleset_that_was_known_to_it_or_nothing_is_found() -> None:
    found = rulesets_decided(ninth(), [twenty()], {ninth().key: ninth()}.get)
    assert found("twenty-measures@1.0", 2) is None
    assert found("ninth-edition@1.1", 0) is ninth()


def test_a_rulebook_that_lost_the_followed_set_says_which() -> None:
    with pytest.raises(LookupError, match="eighth@9"):
        base_of(["eighth@9"], ninth(), {}.get)
