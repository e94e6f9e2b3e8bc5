"""The second reading of sections 6 and 7 of spec/code-format.md: passes and papers, stage by stage."""

# ruff: noqa: C901, PLR0911 - each section of the page is read in one go, in the order of the page

import hashlib

import cbor2
from reference import Walk, unbase45

from healthcode.crypto.errors import BadSignature, CryptoError
from healthcode.crypto.suites import suite

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ALGORITHMS = {-7: "intl", -65793: "gm"}
OURS = -70_000


def parts(message):
    """(protected, header, payload, signature) of a COSE_Sign1 in its one form, or None."""
    try:
        tagged = cbor2.loads(message)
        protected, unprotected, payload, signature = tagged.value
        header = cbor2.loads(protected)
        again = cbor2.dumps(tagged, canonical=True) == message and cbor2.dumps(header, canonical=True) == protected
        whole = again and tagged.tag == 18 and unprotected == {} and isinstance(header, dict) and len(signature) == 64
    except Exception:  # noqa: BLE001 - any failure to read it is one verdict
        return None
    return (protected, header, payload, signature) if whole else None


def signed(walk, keys, message, context, stage):
    """The payload map that a key of `keys` signed, or the verdict as a text."""
    found = parts(message)
    if found is None:
        return walk.stop(f"{stage} cose", "forged")
    protected, header, payload, signature = found
    if header.get(1) not in ALGORITHMS or 2 in header:
        return walk.stop(f"{stage} algorithm", "update_needed")
    known = keys.get(header[4].hex())
    if known is None:
        return walk.stop(f"{stage} key", "forged")
    structure = cbor2.dumps(["Signature1", protected, context, payload])
    try:
        twin = known["suite"] == "intl" and int.from_bytes(signature[32:], "big") > ORDER // 2
        if twin or ALGORITHMS[header[1]] != known["suite"]:
            raise BadSignature
        suite(known["suite"]).public_from_bytes(bytes.fromhex(known["public"])).verify(structure, signature)
    except CryptoError:
        return walk.stop(f"{stage} signature", "forged")
    walk.ok(f"{stage} signature", kid=header[4].hex(), to_be_signed=structure.hex())
    said = cbor2.loads(payload)
    return said if isinstance(said, dict) else walk.stop(f"{stage} payload", "update_needed")


def unprefixed(walk, text, prefix, longest):
    """The bytes behind the prefix, or the verdict."""
    if not text.startswith(prefix):
        later = text.startswith(prefix[:2]) and ":" in text[2:6]
        return walk.stop("prefix", "update_needed" if later else "unreadable")
    data = unbase45(text[4:])
    if data is None or len(data) > longest:
        return walk.stop("base45", "unreadable")
    walk.ok("base45", bytes=data.hex())
    return data


def walk_paper(context, text):
    """Section 7."""
    walk = Walk()
    data = unprefixed(walk, text, "HB1:", 256)
    if isinstance(data, tuple):
        return data
    said = signed(walk, context["keys"], data, b"healthcode/paper/1", "issuer")
    if isinstance(said, tuple):
        return said
    ours = said.get(OURS)
    if not isinstance(ours, list) or ours[0] != 1 or len(said.get(7, b"")) != 16:
        return walk.stop("payload", "update_needed")
    if ours[1] != context["region"]:
        return walk.stop("region", "wrong_region")
    issued, expires, now = said[6] // 60, said[4] // 60, context["now"]
    if now < issued - 10 or now >= expires:
        return walk.stop("clock", "not_yet" if now < expires else "expired")
    walk.ok("clock")
    return walk.done({"handle": said[7].hex(), "issued": issued, "expires": expires, "masked_name": ours[2]})


def walk_pass(context, text):
    """Section 6."""
    walk = Walk()
    data = unprefixed(walk, text, "HP1:", 640)
    if isinstance(data, tuple):
        return data
    try:
        outer = cbor2.loads(parts(data)[2])
        version, minute, issued = outer[0], outer[1], outer[2]
        readable = (
            isinstance(version, int) and type(minute) is int and 0 <= minute < 2**32 and isinstance(issued, bytes)
        )
    except Exception:  # noqa: BLE001 - any failure to read it is one verdict
        return walk.stop("holder", "unreadable")
    if readable and version != 1:
        return walk.stop("holder", "update_needed")
    if not readable:
        return walk.stop("holder", "unreadable")
    walk.ok("holder", minute=minute)
    said = signed(walk, context["keys"], issued, b"healthcode/pass/1", "issuer")
    if isinstance(said, tuple):
        return said
    ours, key = said.get(OURS), said.get(8, {}).get(1, {})
    if not isinstance(ours, list) or ours[0] != 1 or len(said.get(7, b"")) != 16:
        return walk.stop("payload", "update_needed")
    if ours[1] != context["region"]:
        return walk.stop("region", "wrong_region")
    if not ours[3] or (key.get(1), key.get(-1)) != (2, 1):
        return walk.stop("payload", "update_needed")
    walk.ok("payload")
    point = b"\x04" + key[-2] + key[-3]
    own = {hashlib.sha256(point).digest()[:8].hex(): {"suite": "intl", "public": point.hex()}}
    shown = signed(walk, own, data, b"healthcode/holder/1", "holder")
    if isinstance(shown, tuple):
        return shown
    issued_at, expires, now_s = said[6] // 60, said[4] // 60, context["now_s"]
    if now_s >= expires * 60 or now_s >= minute * 60 + 75:
        return walk.stop("clock", "expired")
    if now_s < minute * 60 - 15 or minute < issued_at - 1:
        return walk.stop("clock", "not_yet")
    walk.ok("clock")
    now = int(now_s // 60)
    at = [step for step in ours[3] if step[0] <= now][-1:] or ours[3][:1]
    claim = {"handle": said[7].hex(), "generation": ours[2], "timeline": [step[:3] for step in ours[3]]}
    claim |= {
        "masked_name": ours[4],
        "issued": issued_at,
        "expires": expires,
        "holder": point.hex(),
        "locator": ours[5].hex(),
    }
    return walk.done({"claim": claim, "minute": minute, "state": at[0][1], "notices": at[0][2]})
