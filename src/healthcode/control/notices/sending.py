"""From queued notices to texts: claimed, opened, sent, settled. At most once per notice, a phone never at rest.

If we die between claim and provider, nobody knows whether the text went out: it is not sent again, and after a while it
stands in the county's call list. A provider that refuses is asked again after a pause, a few times.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction

from healthcode.control.access import act_begin
from healthcode.control.evidence.notes import offices_of
from healthcode.control.notices.states import NoticeKind, NoticeState
from healthcode.control.notices.words import Told, sms_text
from healthcode.control.people.models import Identity
from healthcode.control.people.ports import SmsUnavailable
from healthcode.control.people.vault import identity_open, person_keys
from healthcode.control.ports import ports
from healthcode.control.rulesets.reading import rules_known
from healthcode.rules.model import Ruleset
from healthcode.rules.succession import ruleset_last

PAUSES: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""After the first, second, … refusal of the provider; after the last the notice has failed."""
LOST_AFTER: Final = timedelta(minutes=10)
_BATCH: Final = 100
_CLAIM: Final = """
    UPDATE notices_notice n
       SET state = CASE WHEN c.texts IS FALSE AND NOT n.worst THEN 'declined'
                        WHEN NOT p.holds_code OR i.phone_sealed IS NULL THEN 'unreachable'
                        ELSE 'sending' END,
           attempts = n.attempts + 1, settled_at = %(now)s
      FROM (SELECT id FROM notices_notice WHERE state = 'queued' AND send_at <= %(now)s
             ORDER BY urgent DESC, send_at, id LIMIT %(most)s FOR UPDATE SKIP LOCKED) due
      JOIN notices_notice q ON q.id = due.id
      JOIN people_subject p ON p.number = q.subject_id
      LEFT JOIN people_identity i ON i.subject_id = q.subject_id
      LEFT JOIN notices_choice c ON c.subject_id = q.subject_id
     WHERE n.id = due.id
    RETURNING n.id, n.subject_id, n.division, n.kind, n.content::text, n.attempts, n.state
"""


@dataclass(frozen=True, slots=True)
class _Claimed:
    id: int
    subject: int
    division: str
    told: Told
    attempts: int
    phone: str


def notices_send(*, now: datetime) -> int:
    """Send what is due, up to the provider's number a minute; returns how many texts the provider took."""
    took, left = 0, ports().sending.per_minute
    while left > 0:
        looked, claimed, ruleset = _claim(min(_BATCH, left), now)
        took += _send(claimed, ruleset, now)
        left -= looked
        if looked < _BATCH:
            break
    return took


def notices_lost(*, now: datetime) -> int:
    """Give up what was under way when somebody died: whether it arrived is not known, so the county calls."""
    with transaction.atomic(), connection.cursor() as cursor:
        act_begin(ports().system_token, "find texts of unknown fate")
        cursor.execute(
            "UPDATE notices_notice SET state = %s WHERE state = %s AND settled_at < %s",
            [NoticeState.FAILED, NoticeState.SENDING, now - LOST_AFTER],
        )
        return int(cursor.rowcount)


def _claim(most: int, now: datetime) -> tuple[int, list[_Claimed], Ruleset]:
    """Mark up to `most` as under way and open their phones; returns how many were looked at and those to be sent."""
    with transaction.atomic(), connection.cursor() as cursor:
        act_begin(ports().system_token, "send notices")
        cursor.execute(_CLAIM, {"now": now, "most": most})
        rows = cursor.fetchall()
        wanted = [row for row in rows if row[6] == NoticeState.SENDING]
        phones = _phones({row[1] for row in wanted})
        offices = offices_of({row[2] for row in wanted})
        claimed = [_claimed(row, phones, offices) for row in wanted]
        unreadable = [one.id for one in claimed if not one.phone]
        _settle(unreadable, NoticeState.UNREACHABLE, now)
        return len(rows), [one for one in claimed if one.phone], ruleset_last(rules_known().rules)


def _claimed(row: tuple[Any, ...], phones: Mapping[int, str], offices: Mapping[str, Mapping[str, str]]) -> _Claimed:
    key, subject, division, kind, content, attempts, _ = row
    told = Told(NoticeKind(kind), json.loads(content), offices.get(division))
    return _Claimed(key, subject, division, told, attempts, phones.get(subject, ""))


def _phones(numbers: set[int]) -> dict[int, str]:
    """The proved phones of those who hold a code, opened here and nowhere kept."""
    rows, keys = Identity.objects.in_bulk(numbers), person_keys(numbers)
    return {number: identity_open(row, keys[number])["phone"] for number, row in rows.items() if number in keys}


def _send(claimed: list[_Claimed], ruleset: Ruleset, now: datetime) -> int:
    sent: list[int] = []
    again: list[_Claimed] = []
    failed: list[_Claimed] = []
    for one in claimed:
        try:
            ports().sms.send(one.phone, sms_text(one.told, ruleset))
            sent.append(one.id)
        except SmsUnavailable:
            (again if one.attempts <= len(PAUSES) else failed).append(one)
    with transaction.atomic():
        act_begin(ports().system_token, "settle notices")
        _settle(sent, NoticeState.SENT, now)
        _settle([one.id for one in failed], NoticeState.FAILED, now)
        _again(again, now)
    return len(sent)


def _settle(notices: list[int], state: NoticeState, now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notices_notice SET state = %s, settled_at = %s WHERE id = ANY(%s::bigint[])", [state, now, notices]
        )


def _again(refused: list[_Claimed], now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notices_notice n SET state = %s, settled_at = NULL, send_at = d.at"
            " FROM unnest(%s::bigint[], %s::timestamptz[]) AS d(id, at) WHERE n.id = d.id",
            [NoticeState.QUEUED, [one.id for one in refused], [now + PAUSES[one.attempts - 1] for one in refused]],
        )
