"""The hosts that may hold epoch keys: enrolled, struck off, listed; and the keys themselves, as control derives them.

Invariants: the key of a day is cut anew once for each edge struck off well before that day began, so that the keys
handed out ahead to a stolen edge are not those that others use; a host once struck off is never enrolled again under
the same key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from healthcode.codes.epoch import CUT_NOTICE, EpochKeys
from healthcode.control.access import act_begin
from healthcode.control.audit.names import EventName
from healthcode.control.audit.services import event_append
from healthcode.control.bridge.models import Edge
from healthcode.control.language import say
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.domain.time import Day, day_of, minute_of

KEY_BYTES = 32


def epoch_keys(days: Iterable[Day]) -> EpochKeys:
    """The keys of these days, exactly as the enrolled edges hold them."""
    times = Edge.objects.exclude(struck_at=None).values_list("struck_at", flat=True)
    struck = [minute_of(at) for at in times if at is not None]
    return EpochKeys.from_master(ports().epoch_master, days, suite_name=ports().suite, struck=struck)


def edge_enrol(*, public: bytes, now: datetime) -> str:
    """Let the host with this X25519 public key receive epoch keys; returns its id. Repeating it changes nothing.

    Raises:
        Problem: 422 for what is no key; 409 where this host was struck off.
    """
    if len(public) != KEY_BYTES:
        raise _no_key()
    name = hashlib.sha256(public).hexdigest()[:16]
    edge, new = Edge.objects.get_or_create(id=name, defaults={"public_key": public, "enrolled_at": now})
    if edge.struck_at is not None:
        raise Problem(
            409,
            "edge_struck_off",
            say("该主机已被除名", "This host was struck off"),
            say(
                "请删除该主机的 identity.key，使其生成新密钥后再登记。",
                "Remove identity.key on that host, so that it makes a new key, and enrol that one.",
            ),
        )
    if new:
        event_append(EventName.EDGE_ENROLLED, now=now, reference=f"edge:{name}")
    return name


def edge_strike(*, edge: str, now: datetime) -> Day:
    """Take a host off; returns the first day whose key it cannot have. From then on nobody accepts what it mints.

    Raises:
        Problem: 404 where no host of that id holds keys.
    """
    if Edge.objects.filter(pk=edge, struck_at__isnull=True).update(struck_at=now) != 1:
        raise Problem(
            404,
            "edge_unknown",
            say("没有这台主机", "No such host"),
            say("`healthcode edge hosts` 列出现有主机。", "`healthcode edge hosts` lists those there are."),
        )
    first = day_of(minute_of(now) + CUT_NOTICE - 1) + 1
    event_append(EventName.EDGE_STRUCK, now=now, reference=f"edge:{edge}", detail={"first_day_without": first})
    return first


def edge_enrol_by_operator(public_key: str, *, now: datetime) -> str:
    """`edge_enrol` of a key in hexadecimal digits, in an act of the system."""
    try:
        public = bytes.fromhex(public_key)
    except ValueError:
        raise _no_key() from None
    with transaction.atomic():
        act_begin(ports().system_token, "enrol an edge")
        return edge_enrol(public=public, now=now)


def edge_strike_by_operator(edge: str, *, now: datetime) -> Day:
    """`edge_strike` in an act of the system."""
    with transaction.atomic():
        act_begin(ports().system_token, "strike off an edge")
        return edge_strike(edge=edge, now=now)


def edges_listed() -> list[tuple[str, str]]:
    """Every host by id, and since when it holds keys or when it was struck off."""
    with transaction.atomic():
        act_begin(ports().system_token, "list the edges")
        return [
            (row.id, f"struck off {row.struck_at:%Y-%m-%d}" if row.struck_at else f"since {row.enrolled_at:%Y-%m-%d}")
            for row in Edge.objects.order_by("enrolled_at")
        ]


def _no_key() -> Problem:
    return Problem(
        422,
        "edge_key",
        say("公钥应为 64 位十六进制", "A public key has 64 hexadecimal digits"),
        say("请在该主机运行 `healthcode edge key`。", "Run `healthcode edge key` on that host."),
    )
