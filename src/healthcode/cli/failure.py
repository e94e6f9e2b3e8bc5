"""Failures that the reader of the terminal can mend: shown as text that teaches, without a traceback."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import typer
from rich.console import Console

from healthcode.adapters.document_socket import SocketPathError
from healthcode.adapters.postgres_binaries import PostgresError
from healthcode.adapters.secret_files import SecretsError
from healthcode.adapters.sms_demo import DevelopmentTwinRefused
from healthcode.adapters.supervisor import SupervisorError
from healthcode.wiring.settings import SettingsError

TEACHING = (SettingsError, SecretsError, SupervisorError, PostgresError, DevelopmentTwinRefused, SocketPathError)

P = ParamSpec("P")
R = TypeVar("R")


def teaching(command: Callable[P, R]) -> Callable[P, R]:
    """Wrap a command so that a failure of TEACHING prints its message and ends with exit code 1."""

    @wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except TEACHING as error:
            Console(stderr=True, highlight=False).print(str(error), style="red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from error

    return guarded
