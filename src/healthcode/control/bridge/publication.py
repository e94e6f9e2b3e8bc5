"""What every edge must know before it can answer anything: colors, check policies, trusted issuer keys.

Published when a process of control starts (and when a ruleset changes): repeating it publishes only what differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime

from django.db import connection, transaction
from msgspec import structs

from healthcode.control.access import act_begin
from healthcode.control.bridge.bundle import bundle_publish
from healthcode.control.bridge.models import Published
from healthcode.control.bridge.services import publish
from healthcode.control.policies.selectors import adjustments_standing
from healthcode.control.ports import Ports, ports
from healthcode.control.rulesets.reading import rules_known
from healthcode.control.turns import STANDING_PUBLICATION
from healthcode.crypto.suites import suite
from healthcode.domain.condition import asked_words
from healthcode.domain.outcome import OUTCOME_ADVICE, OUTCOME_WORDS, STALE_SECONDS, VERDICT_WORDS
from healthcode.domain.policy import CheckPolicy
from healthcode.domain.time import Minute, minute_of
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import Rules, RulesetHistory, ruleset_at
from healthcode.table.feed import (
    ColorEntry,
    ColorsNote,
    FeedKind,
    NoticeEntry,
    PoliciesNote,
    PolicyEntry,
    TrustNote,
    key_from_bytes,
    note_decode,
    note_encode,
)

Message = tuple[FeedKind, int, bytes]


def standing_ensure(now: datetime | None = None) -> int:
    """`publish_standing` in an act of the system: what a process does first, so that no edge waits for it."""
    with transaction.atomic():
        act_begin(ports().system_token, "publish what every edge must know")
        sent = publish_standing(now)
        return sent + bundle_publish(now=now or datetime.now(UTC))


def bundle_ensure(now: datetime) -> int:
    """`bundle_publish` in an act of the system, and in its turn: the worker's every minute."""
    with transaction.atomic():
        act_begin(ports().system_token, "publish the offline bundle")
        standing_turn()
        return bundle_publish(now=now)


def publish_standing(now: datetime | None = None) -> int:
    """Publish colors, policies and this deployment's issuer key where they differ from what was published last.

    Works inside the act of its caller; returns how many messages went out. An issuer key published before stays
    trusted: posters signed with it hang on walls until it is recalled.
    """
    return standing_publish(rules_known().rules, minute_of(now or datetime.now(UTC)))


def standing_publish(rules: Rules, now: Minute) -> int:
    """Publish what edges need of the ruleset in force and of those announced; returns how many messages went out.

    An announced ruleset's notes stand under the minute from which it holds, and edges change to them by their clocks,
    also with control dead; what is no longer announced is taken back, after what replaces it. Works inside the act of
    its caller; repeating it publishes nothing.
    """
    standing_turn()
    present = ruleset_at(rules, now)
    ahead = [r for r in rules.rulesets if r.from_ > now] if isinstance(rules, RulesetHistory) else []
    starts = [(0, present), *((ruleset.from_, ruleset) for ruleset in ahead)]
    adjusted = adjustments_standing(now)
    colors = [colors_message(ruleset, at) for at, ruleset in starts]
    wanted = [*colors, *(policies_message(ruleset, at, adjusted) for at, ruleset in starts)]
    trusted = [message for message in trust_messages(ports()) if not _key_recalled(message[1])]
    changed = [message for message in [*wanted, *trusted] if not _published(message)]
    gone = _announced_but({(int(kind), key) for kind, key, _ in wanted})
    publish([*changed, *gone])
    return len(changed) + len(gone)


def standing_turn() -> None:
    """Wait for whoever else publishes what every edge must know: each says all of it, so none may be overtaken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [STANDING_PUBLICATION])


def colors_message(ruleset: Ruleset, at: Minute = 0) -> Message:
    """From minute `at` (0: now) the colors, what each notice bit says, the words of outcomes and verdicts."""
    note = ColorsNote(
        colors=[
            ColorEntry(
                id=color.id,
                state=color.state,
                severity=color.severity,
                word=dict(color.word),
                shape=color.shape,
                sound=color.sound,
                vibration=list(color.vibration),
                hue=dict(color.hue),
            )
            for color in ruleset.colors.definitions
        ],
        notices=[
            NoticeEntry(bit=notice.bit, id=notice.id, words=dict(notice.text)) for notice in ruleset.notices.values()
        ],
        texts=_texts(),
        ruleset=f"{ruleset.id} {ruleset.version}",
    )
    return FeedKind.COLORS, at, note_encode(note)


def policies_message(ruleset: Ruleset, at: Minute = 0, adjustments: Sequence[CheckPolicy] = ()) -> Message:
    """From minute `at` (0: now) every check policy with the offices' `adjustments`; the edge picks one (V5)."""
    words = {color.id: color.word for color in ruleset.colors.definitions}
    adjusted = [_adjusted(policy, ruleset.default_policy.colors, words) for policy in adjustments]
    note = PoliciesNote(
        default=_policy(ruleset.default_policy),
        policies=[_policy(policy) for policy in (*ruleset.policies, *adjusted)],
        stale_after_s=STALE_SECONDS,
    )
    return FeedKind.POLICIES, at, note_encode(note)


def trust_messages(deployment: Ports) -> list[Message]:
    """The public keys that venue codes, and passes and papers, of this deployment verify under, by their ids."""
    person, bundle = deployment.person_issuer, deployment.bundle_issuer
    return [
        _trust(deployment.issuer_suite, deployment.issuer_kid, deployment.issuer_key, "venue"),
        _trust(person.suite, person.kid, person.private, "person"),
        _trust(bundle.suite, bundle.kid, bundle.private, "bundle"),
    ]


def _trust(suite_name: str, kid: bytes, private: bytes, purpose: str) -> Message:
    key = suite(suite_name).private_from_bytes(private)
    note = TrustNote(kid=kid, suite=key.suite, public=key.public.to_bytes(), purpose=purpose)
    return FeedKind.TRUST, key_from_bytes(kid), note_encode(note)


def trust_recall(kid: bytes, *, now: datetime) -> bool:
    """Have nothing believed any more that an issuer key of venues or persons signed; whether there was such a key.

    Its entry stays, ended: a process of control that starts with the same key does not publish it anew.
    """
    standing_turn()
    key = key_from_bytes(kid)
    note = _trusted(key)
    if note is None or note.kid != kid or note.purpose not in ("venue", "person") or note.until is not None:
        return False
    publish([(FeedKind.TRUST, key, note_encode(structs.replace(note, until=minute_of(now))))])
    return True


def _key_recalled(key: int) -> bool:
    note = _trusted(key)
    return note is not None and note.until is not None


def _trusted(key: int) -> TrustNote | None:
    payload = Published.objects.filter(kind=int(FeedKind.TRUST), key=key).values_list("payload", flat=True).first()
    return note_decode(bytes(payload), TrustNote) if payload else None


def _announced_but(kept: set[tuple[int, int]]) -> list[Message]:
    """Removals of announced colors and policies that are not among `kept`."""
    kinds = (FeedKind.COLORS, FeedKind.POLICIES)
    rows = Published.objects.filter(kind__in=[int(kind) for kind in kinds]).exclude(payload=b"")
    found = rows.order_by("kind", "key").values_list("kind", "key")
    return [(FeedKind(kind), key, b"") for kind, key in found if (kind, key) not in kept]


def _published(message: Message) -> bool:
    kind, key, payload = message
    row = Published.objects.filter(kind=int(kind), key=key).values_list("payload", flat=True).first()
    return row is not None and bytes(row) == payload


def _adjusted(policy: CheckPolicy, colors: frozenset[str], words: Mapping[str, Mapping[str, str]]) -> CheckPolicy:
    """An office's adjustment beside a ruleset's colors, with its sentence for devices that show what a gate asks."""
    asking = replace(policy, colors=colors)
    asks = asked_words(asking, words)
    texts = {"zh": f"{asks['zh']}。依据：{policy.basis}", "en": f"{asks['en']}. Basis: {policy.basis}"}
    return replace(asking, texts=texts)


def _policy(policy: CheckPolicy) -> PolicyEntry:
    values = asdict(policy)
    for name in ("venue_types", "areas", "colors"):
        values[name] = sorted(values[name])
    return PolicyEntry(**{**values, "texts": dict(policy.texts)})


def _texts() -> dict[str, dict[str, str]]:
    outcomes = {f"outcome.{outcome.value}": words for outcome, words in OUTCOME_WORDS.items()}
    advice = {f"advice.{outcome.value}": words for outcome, words in OUTCOME_ADVICE.items()}
    verdicts = {f"verdict.{verdict.value}": words for verdict, words in VERDICT_WORDS.items()}
    return {name: {"zh": zh, "en": en} for name, (zh, en) in {**outcomes, **advice, **verdicts}.items()}
