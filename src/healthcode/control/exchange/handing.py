"""Files that a unit hands in by machine: its signature over the digest is the authentication, nobody signs in.

The signature is verified over the announced digest before the body is read, so that nobody without the key makes us
keep anything; the body must then have that digest. The same file again is the same upload.
If we die before the commit nothing is kept; after it, the sender repeats the call and finds its upload.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from healthcode.control.access import act_begin_public
from healthcode.control.exchange.content import CHUNK
from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.messages import message
from healthcode.control.exchange.receiving import SealedSpool
from healthcode.control.exchange.schema import MAX_BYTES, SPECS, FileKind, FileSpec
from healthcode.control.exchange.signature import signature_check
from healthcode.control.exchange.tasks import upload_import_job
from healthcode.control.exchange.uploads import upload_receive
from healthcode.control.language import say
from healthcode.control.offices.models import Unit
from healthcode.control.problems import Problem
from healthcode.control.turns import UNIT_HANDING_IN
from healthcode.crypto.suites import SIGNATURE_BYTES
from healthcode.domain.unit import UnitKind

Read = Callable[[int], bytes]
UNIT, DIGEST, SIGNATURE = "Healthcode-Unit", "Content-Digest", "Healthcode-Signature"
WAITING: Final = 10
"""Files of one unit that may wait for their result at a time."""
HOURLY: Final = 600
"""Files that one unit may hand in within an hour."""
_LONGEST_NUMBER: Final = 15
_SALT: Final = "healthcode.exchange.state"
_UNSIGNED: Final = ("signature_missing", "signature_invalid", "signature_unreadable", "unit_without_key")


@dataclass(frozen=True, slots=True)
class Announced:
    """What the headers say, with the signature verified over the digest."""

    spec: FileSpec
    unit: Unit
    digest: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Handed:
    """The upload, whether it is new, and the token that shows its state to the unit."""

    upload: UUID
    new: bool
    token: str


def announced(kind: str, headers: Mapping[str, str]) -> Announced:
    """Who sends what, proven by the unit's key before anything of the body is read.

    Raises:
        Problem: 404 for an unknown kind, 400 for a header that cannot be read, 411 and 413 for the length, 401 where
            the signature does not hold, 403 where the unit may not send this kind.
    """
    spec = SPECS.get(kind)
    if spec is None:
        raise kind_unknown()
    _length_check(headers.get("Content-Length", ""))
    digest = _digest(headers.get(DIGEST, ""))
    given = _base64url(headers.get(SIGNATURE, ""))
    unit = _unit(headers.get(UNIT, ""))
    try:
        # an unknown unit is answered as one without a key: nobody learns which units there are
        signature = signature_check(bytes(unit.signing_key or b"") if unit else None, digest, given)
        if unit is None or UnitKind(unit.kind) not in spec.sources:
            raise FileFault("unit_kind")
    except FileFault as fault:
        raise _refused(fault) from None
    return Announced(spec, unit, digest, signature)


def signed_receive(said: Announced, body: Read, *, now: datetime) -> Handed:
    """Keep the file for the worker, once; opens its own act after the body has come.

    Raises:
        Problem: 413 and 422 for a body that is too large, empty or not the announced one; 429 where the unit has too
            many files waiting or has sent too many within the hour.
    """
    spool = SealedSpool()
    try:
        _spool(body, spool, said.digest)
        with transaction.atomic(durable=True):
            act_begin_public("hand in a signed file")
            return _keep(said, spool, now)
    except FileFault as fault:
        raise _refused(fault) from None
    finally:
        spool.close()


def state_token(upload: UUID, unit: int) -> str:
    """What shows the state of `upload` to its unit: made from the server's key, so that it is stored nowhere."""
    mac = salted_hmac(_SALT, f"{unit}:{upload}", algorithm="sha256").digest()
    return f"{unit}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def token_unit(token: str, upload: UUID) -> int | None:
    """The unit that holds the token of `upload`, or None where the token is not that upload's."""
    unit = _number(token.partition(".")[0])
    if unit is None:
        return None
    return unit if hmac.compare_digest(state_token(upload, unit).encode(), token.encode()) else None


def kind_unknown() -> Problem:
    """404: no such kind of file."""
    kinds = ", ".join(SPECS)
    return Problem(
        404,
        "kind_unknown",
        say("没有这类文件", "No such kind of file"),
        say(f"种类只有：{kinds}。", f"The kinds are: {kinds}."),
    )


def _unit(named: str) -> Unit | None:
    number = _number(named)
    return None if number is None else Unit.objects.filter(pk=number).first()


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None


def _keep(said: Announced, spool: SealedSpool, now: datetime) -> Handed:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [UNIT_HANDING_IN, said.unit.pk])
        cursor.execute(
            "SELECT * FROM exchange_uploads_before(%s, %s, %s, %s)",
            [said.spec.kind, said.unit.pk, said.digest, now - timedelta(hours=1)],
        )
        same, waiting, recent = cursor.fetchone()
    if same is not None:
        return Handed(same, new=False, token=state_token(same, said.unit.pk))
    _rate_check(waiting, recent)
    kind: FileKind = said.spec.kind
    made = upload_receive(
        kind=kind,
        unit=said.unit,
        file_name=f"{kind}-{said.digest.hex()[:12]}",
        content=spool.chunks,
        signature=said.signature,
        uploaded_by=None,
        now=now,
    )
    upload_import_job.defer(upload_id=str(made.pk))
    return Handed(made.pk, new=True, token=state_token(made.pk, said.unit.pk))


def _spool(body: Read, spool: SealedSpool, expected: bytes) -> None:
    digest = hashlib.sha256()
    while chunk := body(CHUNK):
        digest.update(chunk)
        spool.write(chunk)
        if spool.size > MAX_BYTES:
            raise FileFault("file_too_large", limit=MAX_BYTES >> 20)
    if not spool.size:
        raise FileFault("file_empty")
    if not hmac.compare_digest(digest.digest(), expected):
        raise Problem(
            422,
            "digest_differs",
            say("内容与摘要不符", "The body does not have the announced digest"),
            say(
                "文件在签名后或传输中被改过。请重新计算摘要、签名并发送。",
                "It was changed after signing or on its way. Compute the digest, sign it and send the file again.",
            ),
        )


def _length_check(length: str) -> None:
    if not (length.isascii() and length.isdigit()):
        raise Problem(
            411,
            "length_required",
            say("缺少长度", "The length is missing"),
            say("请发送 Content-Length，不要分块传输。", "Send Content-Length; chunked transfer is not taken."),
        )
    if int(length[:18]) > MAX_BYTES:
        raise _refused(FileFault("file_too_large", limit=MAX_BYTES >> 20))


def _digest(header: str) -> bytes:
    """SHA-256 of `sha-256=:BASE64:` (RFC 9530)."""
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "sha-256" and len(value) == 46 and value[0] == value[-1] == ":":
            try:
                found = base64.b64decode(value[1:-1], validate=True)
            except (binascii.Error, ValueError):
                break
            if len(found) == hashlib.sha256().digest_size:
                return found
    raise Problem(
        400,
        "digest_missing",
        say("缺少文件摘要", "The file's digest is missing"),
        say(
            f"请在 {DIGEST} 头中写 sha-256=:Base64:（RFC 9530）。",
            f"Send the header {DIGEST}: sha-256=:BASE64: (RFC 9530).",
        ),
    )


def _base64url(header: str) -> bytes:
    """64 bytes r || s; raises Problem 401 for an empty header and for anything else."""
    if not header.strip():
        raise _refused(FileFault("signature_missing"))
    try:
        found = base64.b64decode(header.strip().rstrip("=") + "==", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != SIGNATURE_BYTES:
        raise _refused(FileFault("signature_unreadable"))
    return found


def _rate_check(waiting: int, recent: int) -> None:
    if waiting < WAITING and recent < HOURLY:
        return
    raise Problem(
        429,
        "too_many_files",
        say("文件过多", "Too many files"),
        say(
            f"每个机构同时等候的文件不超过 {WAITING} 份，一小时不超过 {HOURLY} 份。请把行合成较大的文件，稍后再发。",
            f"At most {WAITING} files of a unit wait at a time, and {HOURLY} come within an hour."
            " Put more rows into each file and send it later.",
        ),
        headers={"Retry-After": "60" if recent < HOURLY else "3600"},
    )


def _refused(fault: FileFault) -> Problem:
    status: dict[str, Any] = {**dict.fromkeys(_UNSIGNED, 401), "unit_kind": 403, "file_too_large": 413}
    told = _WORDS.get(fault.code)
    return Problem(
        status.get(fault.code, 422),
        fault.code,
        say("文件没有收下", "The file was not taken"),
        say(*told) if told else message(fault.code, fault.params),
    )


_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "signature_missing": (
        f"请在 {SIGNATURE} 头中附上机构私钥对文件摘要的 ES256 签名（base64url）。",
        f"Send the header {SIGNATURE}: the unit's ES256 signature over the file's digest, base64url.",
    ),
    "signature_unreadable": (
        "签名应为 64 字节 r || s 的 base64url。OpenSSL 给出的 DER 须先转换。",
        "Expected 64 bytes r || s in base64url. Convert the DER that OpenSSL writes.",
    ),
    "unit_without_key": (
        f"{UNIT} 头应为已登记公钥的机构编号。请先由省专班登记公钥。",
        f"The header {UNIT} names a unit whose key is registered. Have the province register the key first.",
    ),
}
