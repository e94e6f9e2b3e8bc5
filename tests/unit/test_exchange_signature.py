"""A laboratory's signature: over the digest of its file, by its own key, in any usual form."""

import base64
import hashlib

import pytest

from healthcode.control.exchange.faults import FileFault
from healthcode.control.exchange.signature import signature_check
from healthcode.crypto.suites import suite

KEY, OTHER = suite("intl").generate_signing_key(), suite("intl").generate_signing_key()
PUBLIC = KEY.public.to_bytes()
DIGEST = hashlib.sha256(b"file").digest()
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200") + PUBLIC


def der(signature: bytes) -> bytes:
    halves = b""
    for half in (signature[:32], signature[32:]):
        number = half.lstrip(b"\0")
        number = (b"\0" if number[:1] >= b"\x80" else b"") + number
        halves += bytes([2, len(number)]) + number
    return bytes([0x30, len(halves)]) + halves


def fault(public: bytes | None, given: bytes) -> str:
    with pytest.raises(FileFault) as raised:
        signature_check(public, DIGEST, given)
    return raised.value.code


@pytest.mark.parametrize("public", [PUBLIC, SPKI], ids=["point", "SPKI"])
def test_every_usual_form_of_a_genuine_signature_holds(public: bytes) -> None:
    raw = KEY.sign(DIGEST)
    for given in (raw, der(raw), base64.b64encode(raw), base64.encodebytes(der(raw))):
        assert signature_check(public, DIGEST, given) == raw


def test_what_another_key_or_for_another_file_signed_does_not_hold() -> None:
    assert fault(PUBLIC, OTHER.sign(DIGEST)) == "signature_invalid"
    assert fault(PUBLIC, KEY.sign(hashlib.sha256(b"other").digest())) == "signature_invalid"


@pytest.mark.parametrize("given", [b"hello", b"\x30\x06\x02\x01\x01\x02\x01", b"A" * 5000, b"\x30\x80" + b"\x02" * 70])
def test_what_is_no_signature_is_told_apart(given: bytes) -> None:
    assert fault(PUBLIC, given) == "signature_unreadable"


def test_without_a_registered_key_nothing_holds() -> None:
    for public in (None, b"", b"\x04" + bytes(64)):
        assert fault(public, KEY.sign(DIGEST)) == "unit_without_key"


def test_a_missing_signature_is_named() -> None:
    assert fault(PUBLIC, b" \n") == "signature_missing"
