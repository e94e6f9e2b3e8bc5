"""One view of the whole database for a whole step: nothing that commits meanwhile is seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.db import connection, transaction

from healthcode.control.access import act_begin
from healthcode.control.ports import ports

_PURPOSE: Final = "read everybody by number"


@contextmanager
def everything_seen(*, writing: bool = True) -> Iterator[None]:
    """An act of the system in one REPEATABLE READ snapshot.

    Without `writing` the database refuses every write from here on, and what the act itself left goes too.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        act_begin(ports().system_token, _PURPOSE)
        if writing:
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
        yield
        transaction.set_rollback(True)
