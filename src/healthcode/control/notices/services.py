"""From steps that have come to notices that wait to be sent. Everything here takes many people in one statement.

Invariants: a step is claimed once (`announced`), and its notice, its audit event and the end of older notices stand in
the same transaction; nobody is evaluated here: colors follow the clock in every record, whether or not this runs.
If we die before a commit, the step is claimed by whoever comes next; after it, nothing is said twice (`key`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction

from healthcode.control.access import act_begin
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.notices.arrivals import Arrival, Arrived, Scale, arrival_read
from healthcode.control.notices.quiet import send_time
from healthcode.control.notices.states import OF_COLOR, TO_CALL, NoticeKind, NoticeState
from healthcode.control.ports import ports
from healthcode.control.rulesets.reading import rules_known
from healthcode.domain.time import date_of, day_of, minute_of
from healthcode.rules.succession import ruleset_last

CHUNK: Final = 5_000
GRACE: Final = timedelta(minutes=10)
"""How long the worker may take to announce a step before the nightly check calls it a difference."""
NAMED: Final = 50
_EVENTS: Final = {
    Arrival.RELEASED: EventName.COLOR_RELEASED,
    Arrival.HELD: EventName.COLOR_HELD,
    Arrival.TURNED: EventName.COLOR_TURNED,
}


@dataclass(frozen=True, slots=True)
class _Queued:
    """Columns of one notice to be."""

    subject: int
    kind: NoticeKind
    key: str
    content: str
    worst: bool
    urgent: bool
    send_at: datetime


def steps_announce(*, now: datetime) -> int:
    """Claim every step that has come by `now`, record releases and holds, queue notices; returns how many steps.

    Opens its own transactions, one per few thousand people.
    """
    announced = 0
    while True:
        with transaction.atomic():
            act_begin(ports().system_token, "announce what came by itself")
            arrived = _claim(now)
            _events_append(arrived)
            _queue([_notice(step, now) for step in arrived if step.kind is not None], now)
            _plain_forget([step.subject for step in arrived])
        announced += len(arrived)
        if len(arrived) < CHUNK:
            return announced


def scale_now() -> Scale:
    """What the numbers of a step mean under the rules as known."""
    ruleset = ruleset_last(rules_known().rules)
    return Scale(ruleset.colors, {notice.id: notice.bit for notice in ruleset.notices.values()}, ruleset.hold_notice)


def _claim(now: datetime) -> list[Arrived]:
    scale = scale_now()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notices_step s SET announced = true FROM ("
            "  SELECT id FROM notices_step WHERE NOT announced AND at <= %s ORDER BY at LIMIT %s FOR UPDATE SKIP LOCKED"
            ") due WHERE s.id = due.id"
            " RETURNING s.subject, s.place, s.at, s.state, s.notices, s.before_state, s.before_notices",
            [now, CHUNK],
        )
        rows = cursor.fetchall()
    return [arrival_read(*row, scale=scale) for row in sorted(rows)]


def _events_append(arrived: Sequence[Arrived]) -> None:
    """One event about each person whose timeline brought something; a decision's own answer has its event already."""
    told = [step for step in arrived if step.place > 0 and step.what in _EVENTS]
    if not told:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(audit_append(d.name, d.subject, COALESCE(NULLIF(p.present_division, ''),"
            " p.residence_division), '', d.detail::jsonb))"
            " FROM unnest(%s::text[], %s::bigint[], %s::text[]) AS d(name, subject, detail)"
            " JOIN people_subject p ON p.number = d.subject",
            [
                [_EVENTS[step.what].value for step in told],
                [step.subject for step in told],
                [json.dumps({"color": step.color, "before": step.before, "minute": step.minute}) for step in told],
            ],
        )


def _notice(step: Arrived, now: datetime) -> _Queued:
    assert step.kind is not None  # noqa: S101 # the caller's filter
    content = {"color": step.color, "before": step.before, "minute": step.minute, "notices": list(step.shown)}
    urgent = step.kind is NoticeKind.COLOR_GIVEN
    return _Queued(
        subject=step.subject,
        kind=step.kind,
        key=f"{step.kind}:{step.minute}:{step.color}",
        content=json.dumps(content),
        worst=step.worst,
        urgent=urgent,
        send_at=send_time(now, urgent=urgent, rules=ports().sending),
    )


def _queue(notices: Sequence[_Queued], now: datetime) -> None:
    """Add notices that are not there yet; of two about a color only the later one is still to be sent."""
    if not notices:
        return
    colored = [notice.subject for notice in notices if notice.kind in OF_COLOR]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notices_notice SET state = %s, settled_at = %s"
            " WHERE state = %s AND kind = ANY(%s) AND subject_id = ANY(%s::bigint[])",
            [NoticeState.SUPERSEDED, now, NoticeState.QUEUED, list(OF_COLOR), colored],
        )
        cursor.execute(
            "INSERT INTO notices_notice"
            " (subject_id, division, kind, key, content, worst, urgent, made_at, send_at, state, attempts)"
            " SELECT d.subject, COALESCE(NULLIF(p.present_division, ''), p.residence_division), d.kind, d.key,"
            " d.content::jsonb, d.worst, d.urgent, %s, d.send_at, %s, 0"
            " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bool[], %s::bool[], %s::timestamptz[])"
            " AS d(subject, kind, key, content, worst, urgent, send_at)"
            " JOIN people_subject p ON p.number = d.subject ON CONFLICT (subject_id, key) DO NOTHING",
            [
                now,
                NoticeState.QUEUED,
                [notice.subject for notice in notices],
                [notice.kind.value for notice in notices],
                [notice.key for notice in notices],
                [notice.content for notice in notices],
                [notice.worst for notice in notices],
                [notice.urgent for notice in notices],
                [notice.send_at for notice in notices],
            ],
        )


def _plain_forget(numbers: Sequence[int]) -> None:
    """Drop the only step of people who are plainly in order again: green, no notice, nothing to come."""
    state = scale_now().colors.default.state
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM notices_step s WHERE s.subject = ANY(%s::bigint[]) AND s.place = 0 AND s.announced"
            " AND s.state = %s AND s.notices = 0"
            " AND NOT EXISTS (SELECT 1 FROM notices_step o WHERE o.subject = s.subject AND o.place > 0)",
            [list(numbers), state],
        )


def tests_remind(*, now: datetime) -> int:
    """Queue a notice for everybody whose ground asks for a test tomorrow; one statement. Returns how many."""
    tomorrow = day_of(minute_of(now)) + 1
    send_at = send_time(now, urgent=False, rules=ports().sending)
    with transaction.atomic(), connection.cursor() as cursor:
        act_begin(ports().system_token, "remind of tests due")
        cursor.execute(
            "INSERT INTO notices_notice"
            " (subject_id, division, kind, key, content, worst, urgent, made_at, send_at, state, attempts)"
            " SELECT p.number, COALESCE(NULLIF(p.present_division, ''), p.residence_division), %(kind)s,"
            " 'due:' || %(day)s, jsonb_build_object('day', %(day)s::text), false, false,"
            " %(now)s, %(send)s, %(queued)s, 0"
            " FROM (SELECT DISTINCT subject FROM notices_step) s JOIN people_subject p ON p.number = s.subject"
            " CROSS JOIN LATERAL (SELECT evaluation FROM evidence_decision d WHERE d.subject_id = s.subject"
            "                     ORDER BY version DESC LIMIT 1) d"
            " WHERE EXISTS (SELECT 1 FROM jsonb_array_elements(d.evaluation -> 'grounds') g,"
            "                             jsonb_array_elements(g -> 'tests_due') t WHERE t ->> 'day' = %(day)s)"
            " ON CONFLICT (subject_id, key) DO NOTHING",
            {
                "kind": NoticeKind.TEST_DUE,
                "day": date_of(tomorrow).isoformat(),
                "now": now,
                "send": send_at,
                "queued": NoticeState.QUEUED,
            },
        )
        return int(cursor.rowcount)


def steps_reconcile(*, now: datetime) -> int:
    """Compare what was announced with what each record says; name the differences in one alarm. Returns how many."""
    with transaction.atomic(), connection.cursor() as cursor:
        act_begin(ports().system_token, "reconcile announcements with the table")
        cursor.execute(
            "SELECT subject, record_state, announced_state FROM notices_steps_differ(%s, make_interval(secs => %s))",
            [now, GRACE.total_seconds()],
        )
        found = cursor.fetchall()
        if found:
            rows = [{"subject": number, "record": record, "announced": told} for number, record, told in found[:NAMED]]
            event_append(
                EventName.TIMELINE_DIFFERS, now=now, detail={"people": len(found), "first": rows, "minutes": 10}
            )
    return len(found)


def notice_told(*, notice: int, officer: int, now: datetime) -> bool:
    """Say that somebody no text reached was told by telephone or in person; False where it was said already."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notices_notice SET state = %s, settled_at = %s, settled_by_id = %s"
            " WHERE id = %s AND state = ANY(%s) RETURNING subject_id, division",
            [NoticeState.TOLD, now, officer, notice, list(TO_CALL)],
        )
        row = cursor.fetchone()
    if row is None:
        return False
    event_append(EventName.NOTICE_TOLD, now=now, subject=row[0], division=row[1], reference=f"notice:{notice}")
    return True


def texts_choose(*, number: int, texts: bool, now: datetime) -> None:
    """Whether the acting resident wants text messages. The most severe color is said by text all the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notices_choice (subject_id, texts, chosen_at) VALUES (%s, %s, %s)"
            " ON CONFLICT (subject_id) DO UPDATE SET texts = EXCLUDED.texts, chosen_at = EXCLUDED.chosen_at",
            [number, texts, now],
        )
    event_append(EventName.NOTICE_CHOICE, now=now, subject=number, detail={"texts": texts})
