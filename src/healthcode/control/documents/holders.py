"""Which hosts may hold the document index's keys. What they get is sealed to each (`keys.py`)."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from healthcode.control.access import act_begin
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.documents.generations import generation_begin, keys_publish
from healthcode.control.documents.models import Holder
from healthcode.control.language import say
from healthcode.control.ports import ports
from healthcode.control.problems import Problem


def holder_id(public: bytes) -> str:
    """A host's id: the beginning of its public key's digest, as the host itself computes it."""
    return hashlib.sha256(public).hexdigest()[:16]


def holder_enrol(*, public: bytes, now: datetime) -> str:
    """Let a host hold the keys. Enrolling it again changes nothing, also where it was struck off."""
    made, new = Holder.objects.get_or_create(id=holder_id(public), defaults={"public_key": public, "enrolled_at": now})
    if new:
        event_append(EventName.DOCUMENT_HOST_ENROLLED, now=now, reference=f"document_host:{made.id}")
    return made.id


def holder_strike(*, holder: str, now: datetime) -> None:
    """Take a host off and begin a new generation, whose key it never gets.

    Raises:
        Problem: 404 where no host of that id holds keys.
    """
    if Holder.objects.filter(pk=holder, struck_at__isnull=True).update(struck_at=now) != 1:
        raise Problem(
            404,
            "document_host_unknown",
            say("没有这台主机", "No such host"),
            say("`healthcode documents hosts` 列出现有主机。", "`healthcode documents hosts` lists those there are."),
        )
    generation_begin(now=now)
    keys_publish()
    event_append(EventName.DOCUMENT_HOST_STRUCK, now=now, reference=f"document_host:{holder}")


def holder_enrol_here(*, now: datetime) -> None:
    """On one machine the index process beside us is ours: enrol it. Elsewhere an operator does, by command."""
    path = ports().document_identity
    if path is not None and path.exists():
        holder_enrol(public=bytes.fromhex(path.read_text(encoding="ascii")), now=now)


def holder_enrol_by_operator(public_key: str, *, now: datetime) -> str:
    """`holder_enrol` in an act of the system. Raises Problem 422 for what is no public key."""
    try:
        public = bytes.fromhex(public_key)
    except ValueError:
        public = b""
    if len(public) != 32:
        raise Problem(
            422,
            "document_host_key",
            say("公钥应为 64 位十六进制", "A public key has 64 hexadecimal digits"),
            say("请在该主机运行 `healthcode documents key`。", "Run `healthcode documents key` on that host."),
        )
    with transaction.atomic():
        act_begin(ports().system_token, "enrol a document host")
        made = holder_enrol(public=public, now=now)
        keys_publish()
    return made


def holder_strike_by_operator(holder: str, *, now: datetime) -> None:
    """`holder_strike` in an act of the system."""
    with transaction.atomic():
        act_begin(ports().system_token, "strike off a document host")
        holder_strike(holder=holder, now=now)


def holders_listed() -> list[tuple[str, str]]:
    """Every host and since when it holds keys, or until when it did."""
    with transaction.atomic():
        act_begin(ports().system_token, "list document hosts")
        return [
            (row.id, f"struck off {row.struck_at:%Y-%m-%d}" if row.struck_at else f"since {row.enrolled_at:%Y-%m-%d}")
            for row in Holder.objects.order_by("enrolled_at")
        ]
