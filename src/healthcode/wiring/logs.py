"""Logs: one JSON object per line on standard error, with nothing personal in it.

Two nets, because one has holes: fields whose name says that they hold something personal or secret are replaced, and so
is whatever looks like a document or phone number in the finished line, tracebacks and library messages included.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

REDACTED = "[redacted]"
PERSONAL_FIELDS = frozenset(
    {
        *("name", "names", "masked_name", "real_name", "birth_date", "address", "residence"),
        *("document", "document_number", "phone", "phone_code", "mobile", "text", "body", "params"),
        *("code", "codes", "paper", "token", "session", "invite", "cookie", "authorization"),
        *("secret", "password", "key", "dsn"),
    }
)
# Resident ID and permanent residence cards; permits and passports; mobile phones; URLs with a password.
PERSONAL_SHAPES = re.compile(
    r"(?<![0-9A-Za-z.-])"
    r"(?:[1-9]\d{16}[\dXx]|[A-Z]{3}\d{12}|[EGHMPDS][A-Z]?\d{7,10}|(?:\+?86[- ]?)?1[3-9]\d{9})"
    r"(?![0-9A-Za-z])"
    r"|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)"
)


def redact_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: replace the values of fields that hold something personal or secret, at any depth."""
    return {key: _clean(key, value) for key, value in event.items()}


def redact_text(line: str) -> str:
    """`line` without anything that looks like a document number, a phone number or a password in a URL."""
    return PERSONAL_SHAPES.sub(REDACTED, line)


def _redact_line(_logger: Any, _method: str, line: Any) -> str:
    return redact_text(str(line))


def _clean(key: str, value: Any) -> Any:
    if key.lower() in PERSONAL_FIELDS:
        return REDACTED
    if isinstance(value, dict):
        return {inner: _clean(str(inner), content) for inner, content in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", content) for content in value]
    return value


def logs_setup(process: str, level: str = "info") -> None:
    """Send this process's logs, structlog's and the standard library's, through the redaction to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_fields,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _drop_color,
                _add_process(process),
                structlog.processors.JSONRenderer(ensure_ascii=False),
                _redact_line,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _drop_color(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """uvicorn's second copy of each message, for terminals."""
    event.pop("color_message", None)
    return event


def _add_process(process: str) -> Any:
    def add(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {"process": process, **event}

    return add
