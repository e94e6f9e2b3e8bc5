"""A second reading of spec/code-format.md: slow, plain, stage by stage. It shares no format code with the product.

Only the primitives (AEAD, MAC, HKDF, signatures) come from the product's suites; their own vectors are in the tests.
`walk_*` return the stages that a code passed, the last of them with its verdict.
"""

# ruff: noqa: C901, PLR0911 - each section of the page is read in one go, in the order of the page

import base64
import hashlib
import hmac

import cbor2

from healthcode.crypto.errors import BadSignature, Tampered
from healthcode.crypto.suites import suite

ORIGIN = 26_297_280
ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
SUITES = {1: "intl", 2: "gm"}


def base45(data):
    """RFC 9285, the loop."""
    text = ""
    for at in range(0, len(data), 2):
        group = data[at : at + 2]
        number, count = int.from_bytes(group, "big"), 3 if len(group) == 2 else 2
        for _ in range(count):
            text += ALPHABET[number % 45]
            number //= 45
    return text


def unbase45(text):
    """The bytes of a text, or None."""
    if any(character not in ALPHABET for character in text) or len(text) % 3 == 1:
        return None
    data = b""
    for at in range(0, len(text), 3):
        group = text[at : at + 3]
        number = sum(ALPHABET.index(character) * 45**power for power, character in enumerate(group))
        size = 2 if len(group) == 3 else 1
        if number >= 256**size:
            return None
        data += number.to_bytes(size, "big")
    return data


def unbase64(text):
    """The bytes of the one unpadded base64url form, or None."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
    except ValueError:
        return None
    return data if base64.urlsafe_b64encode(data).decode().rstrip("=") == text else None


def derive(name, epoch_key, purpose, minute, size=None):
    """HKDF of an epoch key (section 2); SHA-256 written out, SM3 through the suite."""
    info = b"healthcode/" + purpose + minute.to_bytes(4, "big")
    chosen = suite(name)
    if name == "gm":
        return chosen.hkdf(epoch_key, info, size or chosen.key_size)
    prk = hmac.new(bytes(32), epoch_key, hashlib.sha256).digest()
    return hmac.new(prk, info + b"\x01", hashlib.sha256).digest()[: size or chosen.key_size]


class Walk:
    """Collects stages; `stop` ends them with a verdict."""

    def __init__(self):
        self.stages = []

    def ok(self, stage, **facts):
        """A stage passed, with what it found."""
        self.stages.append({"stage": stage, "ok": True, **facts})

    def stop(self, stage, verdict):
        """A stage refused: the end."""
        self.stages.append({"stage": stage, "ok": False})
        return self.stages, verdict, None

    def done(self, claim):
        """Every stage passed."""
        return self.stages, "accepted", claim


def opened(name, key, sealed, aad):
    """The plaintext, or None."""
    try:
        return suite(name).open(key, sealed, aad)
    except Tampered:
        return None


def walk_live(context, text):
    """Section 3."""
    walk = Walk()
    prefix, name, now_s = "HL1:", context["suite"], context["now_s"]
    if not text.startswith(prefix):
        later = text.startswith("HL") and ":" in text[2:6]
        return walk.stop("prefix", "update_needed" if later else "unreadable")
    walk.ok("prefix")
    data = unbase45(text[4:])
    if data is None:
        return walk.stop("base45", "unreadable")
    walk.ok("base45", bytes=data.hex())
    if not 43 <= len(data) <= 67:
        return walk.stop("length", "unreadable")
    header, sealed = data[:8], data[8:]
    if SUITES.get(header[0]) != name:
        return walk.stop("suite", "update_needed")
    walk.ok("suite")
    if int.from_bytes(header[1:3], "big") != context["region"] // 100:
        return walk.stop("region", "wrong_region")
    walk.ok("region")
    epoch, minute = int.from_bytes(header[3:5], "big"), ORIGIN + int.from_bytes(header[5:8], "big")
    held = context["epochs"].get(str(epoch))
    if held is None:
        return walk.stop("epoch", "not_yet" if minute * 60 > now_s else "expired")
    if not held["valid_from"] <= minute < held["valid_until"]:
        return walk.stop("epoch", "forged")
    walk.ok("epoch", epoch=epoch, minute=minute)
    key = derive(name, bytes.fromhex(held["key"]), b"live", minute)
    body = opened(name, key, sealed, prefix.encode() + header)
    if body is None:
        return walk.stop("seal", "forged")
    walk.ok("seal", key=key.hex(), aad=(prefix.encode() + header).hex(), plaintext=body.hex())
    try:
        masked = body[7:].decode()
    except UnicodeDecodeError:
        return walk.stop("name", "forged")
    if now_s >= minute * 60 + 75:
        return walk.stop("clock", "expired")
    if now_s < minute * 60 - 15:
        return walk.stop("clock", "not_yet")
    walk.ok("clock")
    subject, generation = int.from_bytes(body[:4], "big"), int.from_bytes(body[4:6], "big")
    return walk.done(
        {"subject": subject, "generation": generation, "minute": minute, "masked_name": masked, "flags": body[6]}
    )


def walk_session(context, text):
    """Section 5."""
    walk = Walk()
    name, now = context["suite"], context["now"]
    if not text.startswith("HS1."):
        later = text.startswith("HS") and "." in text[2:6]
        return walk.stop("prefix", "update_needed" if later else "unreadable")
    walk.ok("prefix")
    data = unbase64(text[4:])
    if data is None or len(data) < 72:
        return walk.stop("base64", "unreadable")
    walk.ok("base64", bytes=data.hex())
    if SUITES.get(data[0]) != name:
        return walk.stop("suite", "update_needed")
    if int.from_bytes(data[1:3], "big") != context["region"] // 100:
        return walk.stop("region", "wrong_region")
    held = context["epochs"].get(str(int.from_bytes(data[3:5], "big")))
    if held is None:
        return walk.stop("epoch", "expired")
    walk.ok("epoch")
    key = derive(name, bytes.fromhex(held["key"]), b"session", 0)
    body = opened(name, key, data[5:], b"HS1." + data[:5])
    if body is None:
        return walk.stop("seal", "forged")
    walk.ok("seal", key=key.hex(), plaintext=body.hex())
    number = {}
    at = 0
    for label, size in (("kind", 1), ("subject", 4), ("generation", 2), ("venue", 4), ("checkpoint", 2)):
        number[label], at = int.from_bytes(body[at : at + size], "big"), at + size
    device = body[13:29].hex()
    issued, expires = int.from_bytes(body[29:33], "big"), int.from_bytes(body[33:37], "big")
    thumb, length = body[37], body[38]
    if number["kind"] > 1 or thumb not in (0, 32) or len(body) != 39 + thumb + length:
        return walk.stop("claim", "update_needed")
    try:
        masked = body[39 + thumb :].decode()
    except UnicodeDecodeError:
        return walk.stop("claim", "forged")
    walk.ok("claim")
    if now >= expires:
        return walk.stop("clock", "expired")
    if issued > now + 1:
        return walk.stop("clock", "not_yet")
    walk.ok("clock")
    number["kind"] = ("resident", "inspector")[number["kind"]]
    rest = body[39:]
    return walk.done(
        number
        | {"device": device, "issued": issued, "expires": expires}
        | {"key_thumb": rest[:thumb].hex() or None, "masked_name": masked}
    )


def walk_venue(context, text):
    """Section 4."""
    walk = Walk()
    _, mark, fragment = text.rpartition("#")
    if (mark or "://" in text) and text.split("/")[2:3] != context["hosts"]:
        return walk.stop("host", "foreign_place")
    walk.ok("host")
    signed_text, dot, seal_text = fragment.partition(".")
    signed, seal = unbase64(signed_text), unbase64(seal_text)
    if not signed or seal is None or (dot and not seal):
        return walk.stop("base64", "unreadable")
    walk.ok("base64", cose=signed.hex())
    try:
        message = cbor2.loads(signed)
        protected, unprotected, payload, signature = message.value
        header = cbor2.loads(protected)
        whole = cbor2.dumps(message, canonical=True) == signed and message.tag == 18 and not unprotected
    except Exception:  # noqa: BLE001 - any failure to read it is one verdict
        return walk.stop("cose", "forged")
    if not whole:
        return walk.stop("cose", "forged")
    if header.get(1) not in (-7, -65793):
        return walk.stop("algorithm", "update_needed")
    known = context["keys"].get(header[4].hex())
    if known is None:
        return walk.stop("key", "forged")
    walk.ok("key", kid=header[4].hex())
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    structure = cbor2.dumps(["Signature1", protected, b"healthcode/venue/1", payload])
    try:
        if known["suite"] == "intl" and int.from_bytes(signature[32:], "big") > order // 2:
            raise BadSignature
        chosen = suite(known["suite"])
        chosen.public_from_bytes(bytes.fromhex(known["public"])).verify(structure, signature)
    except BadSignature:
        return walk.stop("signature", "forged")
    walk.ok("signature", to_be_signed=structure.hex())
    said = cbor2.loads(payload)
    if said.get(0) != 1:
        return walk.stop("payload", "update_needed")
    if not isinstance(said.get(5, 0), int):
        return walk.stop("payload", "update_needed")
    if said[1] != context["region"]:
        return walk.stop("region", "wrong_region")
    claim = {"venue": said[2], "checkpoint": said[3], "place": said.get(4, ""), "edition": said.get(5, 0)}
    claim |= {"kind": "static", "minute": None}
    if not dot:
        return walk.done(claim)
    return _walk_seal(walk, context, signed, seal, claim)


def _walk_seal(walk, context, signed, seal, claim):
    if len(seal) != 23:
        return walk.stop("seal", "unreadable")
    if SUITES.get(seal[0]) != context["suite"]:
        return walk.stop("seal", "update_needed")
    epoch, minute = int.from_bytes(seal[1:3], "big"), int.from_bytes(seal[3:7], "big")
    held, now = context["epochs"].get(str(epoch)), context["now"]
    if held is None:
        return walk.stop("epoch", "not_yet" if minute > now else "expired")
    key = derive(context["suite"], bytes.fromhex(held["key"]), b"venue", minute, 32)
    mac = suite(context["suite"]).mac(key, signed)[:16]
    if mac != seal[7:] or not held["valid_from"] <= minute < held["valid_until"]:
        return walk.stop("seal", "forged")
    walk.ok("seal", key=key.hex(), mac=mac.hex())
    if now > minute + 1:
        return walk.stop("clock", "expired")
    if now < minute - 1:
        return walk.stop("clock", "not_yet")
    return walk.done(claim | {"kind": "rotating", "minute": minute})
