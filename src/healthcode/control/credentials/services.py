"""Issuing and recalling passes and papers (H6; codes-and-edge: pass, paper). The caller's act is the resident's own.

Invariants: what an edge or an offline reader may hear of a recalled code is its handle alone; a pass ends no later than
the next change known when it was issued; a person has one paper that works.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F

from healthcode.codes.paper import HANDLE_BYTES, LIFE_MINUTES, PaperClaim, paper_issue
from healthcode.codes.passes import PassClaim, Step, locator_seal, pass_end, pass_issue
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.bridge.edges import epoch_keys
from healthcode.control.bridge.services import publish
from healthcode.control.credentials.models import Paper, Pass
from healthcode.control.credentials.recalling import handles_recall, papers_recall
from healthcode.control.language import say
from healthcode.control.people.models import SubjectState
from healthcode.control.people.vault import identity_masked
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.control.rulesets.reading import ruleset_in_force
from healthcode.crypto.errors import BadKey
from healthcode.crypto.interfaces import SigningKey
from healthcode.crypto.suites import suite
from healthcode.domain.color import ABSENT_STATE, UNKNOWN_STATE
from healthcode.domain.time import Minute, day_of, instant_of, minute_of
from healthcode.table.feed import FeedKind, PaperNote, key_from_bytes, note_encode
from healthcode.table.record import Record, record_decode, record_effective

_MOST_AT_ONCE: Final = 8
"""Passes of one person at a time: her phones, renewed every few hours."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A code and the minute at which it ends. `code`: a paper's QR text, or the issuer's part of a pass."""

    code: str | bytes
    expires: Minute
    masked_name: str


def pass_give(*, number: int, holder: bytes, now: datetime) -> Issued:
    """Issue a pass to the phone whose P-256 point (65 bytes) is `holder`.

    Raises:
        Problem: 409 where the person holds no code or her state is not known; 422 for a point that is no key; 429 for
            more passes than a person's phones need.
    """
    minute = minute_of(now)
    state, record = _record_of(number)
    timeline = _timeline(record, minute)
    if timeline[0].state in (ABSENT_STATE, UNKNOWN_STATE):
        raise _no_state()
    if Pass.objects.filter(subject_id=number, expires_at__gt=now, recalled_at=None).count() >= _MOST_AT_ONCE:
        raise _too_many()
    handle, expires = secrets.token_bytes(HANDLE_BYTES), pass_end(minute, timeline)
    keys = epoch_keys([day_of(minute)])
    claim = PassClaim(
        handle=handle,
        generation=state.generation,
        timeline=timeline,
        masked_name=_masked_name(number),
        issued=minute,
        expires=expires,
        holder=holder,
        locator=locator_seal(keys, handle=handle, subject=number, issued=minute),
    )
    code = _pass_code(claim)
    Pass.objects.create(
        handle=handle,
        subject_id=number,
        generation=state.generation,
        state=timeline[0].state,
        issued_at=now,
        expires_at=instant_of(expires),
    )
    return Issued(code, expires, claim.masked_name)


def paper_give(*, number: int, now: datetime) -> Issued:
    """Issue a paper; the former one, if any, is recalled at every gate within a second.

    Raises:
        Problem: 409 where the person holds no code.
    """
    _, record = _record_of(number)
    if _timeline(record, minute_of(now))[0].state == ABSENT_STATE:
        raise _no_state()
    papers_recall(Paper.objects.filter(subject_id=number), "reissued", now)
    minute = minute_of(now)
    handle, expires = secrets.token_bytes(HANDLE_BYTES), minute + LIFE_MINUTES
    Paper.objects.create(handle=handle, subject_id=number, issued_at=now, expires_at=instant_of(expires))
    publish([(FeedKind.PAPER, key_from_bytes(handle), note_encode(PaperNote(papers=[(handle, number)])))])
    event_append(EventName.PAPER_ISSUED, now=now, subject=number, detail={"expires": expires})
    claim = PaperClaim(handle, minute, expires, _masked_name(number))
    key, kid = _issuer()
    return Issued(paper_issue(key, kid, claim, region=int(ports().region)), expires, claim.masked_name)


def paper_report_lost(*, number: int, now: datetime) -> bool:
    """Recall the person's paper; returns whether there was one that worked."""
    recalled = papers_recall(Paper.objects.filter(subject_id=number), "lost", now) > 0
    if recalled:
        event_append(EventName.PAPER_RECALLED, now=now, subject=number, detail={"reason": "lost"})
    return recalled


def passes_recall_worsened(*, now: datetime) -> int:
    """Put on the recall list every pass that says better than the truth is, or is of a former generation.

    One query over the passes still alive; for the worker's timer, in an act of the system. Returns how many. An edge
    that is asked online answers from its table anyway: the list is for readers without network.
    """
    alive = Pass.objects.filter(expires_at__gt=now, recalled_at=None).select_related("subject__state")
    colors, minute, worse = ruleset_in_force(minute_of(now)).colors, minute_of(now), []
    for one in alive.filter(subject__state__evaluated_at__gt=F("issued_at")).iterator(chunk_size=5_000):
        state, severity = one.subject.state, colors.severity_of_state
        true = record_effective(record_decode(bytes(state.record or b"")), minute, severity=severity)[0]
        if one.generation != state.generation or severity(true) > severity(one.state):
            worse.append(bytes(one.handle))
    handles_recall(worse, "worsened", now)
    Pass.objects.filter(handle__in=worse).update(recalled_at=now)
    return len(worse)


def passes_forget(*, now: datetime) -> int:
    """Drop passes that have ended, and take them off the recall list; returns how many. In an act of the system."""
    ended = list(Pass.objects.filter(expires_at__lte=now).values_list("handle", "recalled_at"))
    listed = [bytes(handle) for handle, recalled_at in ended if recalled_at is not None]
    publish([(FeedKind.RECALL, key_from_bytes(handle), b"") for handle in listed])
    Pass.objects.filter(expires_at__lte=now).delete()
    return len(ended)


def papers_forget(*, now: datetime) -> int:
    """Drop papers that have ended, at the edges too; returns how many. In an act of the system."""
    ended = list(Paper.objects.filter(expires_at__lte=now).values_list("handle", "recalled_at"))
    gone = [
        (FeedKind.PAPER if recalled_at is None else FeedKind.RECALL, key_from_bytes(bytes(handle)), b"")
        for handle, recalled_at in ended
    ]
    publish(gone, lane=1 if len(gone) > 1 else 0)
    Paper.objects.filter(handle__in=[handle for handle, _ in ended]).delete()
    return len(ended)


def _record_of(number: int) -> tuple[SubjectState, Record]:
    state = SubjectState.objects.get(pk=number)
    if state.record is None:
        raise _no_state()
    return state, record_decode(bytes(state.record))


def _timeline(record: Record, minute: Minute) -> tuple[Step, ...]:
    """What holds now, and the changes that are known to come."""
    severity = ruleset_in_force(minute).colors.severity_of_state
    state, notices = record_effective(record, minute, severity=severity)
    later = [Step(*transition) for transition in record.transitions if transition.minute > minute]
    return (Step(minute, state, notices), *later)


def _pass_code(claim: PassClaim) -> bytes:
    key, kid = _issuer()
    try:
        return pass_issue(key, kid, claim, region=int(ports().region))
    except BadKey:
        raise Problem(
            422,
            "device_key",
            say("手机密钥不符合要求", "The phone's key does not fit"),
            say("请重新登录后再试。", "Sign in again and try once more."),
            errors=[
                {"field": "key", "message": say("须为 P-256 公钥（65 字节）。", "A P-256 public key of 65 bytes.")}
            ],
        ) from None


def _issuer() -> tuple[SigningKey, bytes]:
    issuer = ports().person_issuer
    return suite(issuer.suite).private_from_bytes(issuer.private), issuer.kid


def _masked_name(number: int) -> str:
    shown = identity_masked(number)
    return shown.name if shown is not None else ""


def _no_state() -> Problem:
    return Problem(
        409,
        "no_code",
        say("暂无可离线出示的健康码", "There is no code to show without network"),
        say(
            "请先申领健康码；不申领也可凭身份证登记后通行。",
            "Apply for a code first; without one, an ID card and registration let you pass.",
        ),
    )


def _too_many() -> Problem:
    return Problem(
        429,
        "rate_limited",
        say("请求过于频繁", "Too many requests"),
        say("现有的离线码仍然有效，请稍后再试。", "The passes you hold still work; try again later."),
    )
