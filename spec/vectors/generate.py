"""Writes the vectors beside this file: `python spec/vectors/generate.py`. Deterministic; most are invalid on purpose.

Codes are put together here byte by byte as spec/code-format.md says, then read by `reference.py`, whose stages and
verdicts are what is written. The product is not asked; tests/unit/test_vectors.py compares it afterwards.
"""

import base64
import json
import sys
from pathlib import Path

import cbor2

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import bundles  # noqa: E402 - beside this file, which is no package
import passes  # noqa: E402 - beside this file, which is no package
import reference as ref  # noqa: E402
import reference_bundles as ref_bundles  # noqa: E402
import reference_passes as ref_passes  # noqa: E402
import tables  # noqa: E402

from healthcode.crypto.suites import suite  # noqa: E402

SHANXI, HENAN = 140000, 410000
DAY = 20_000
MIDNIGHT = DAY * 1440 - 480
NOON = MIDNIGHT + 720
NONCE = bytes(range(12))
MASTER = bytes(range(32))
ISSUER = suite("intl").private_from_bytes(
    bytes.fromhex(
        "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"  # the key of RFC 6979 A.2.5
        "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
        "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
    )
)
GM_PUBLIC = (
    "044d900e87785eed9d79f9da80091a6c13babb8467bb47edb138a7bb19ea721470"
    "c0b74f02c3fe23bc59dd12a15b8a7b74a2f2269c02bb5e2fe8691cfc770dba06"
)
KID = b"issuer01"
NAME = "林**".encode()


def b64(data):
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def epochs(name="intl", days=(DAY - 1, DAY, DAY + 1), master=MASTER, cut=0):
    """What a verifier holds: the keys of three days, cut anew so often."""
    more = cut.to_bytes(4, "big") if cut else b""
    return {
        str(day): {
            "key": suite(name).hkdf(master, b"healthcode/epoch" + day.to_bytes(2, "big") + more, 32).hex(),
            "valid_from": day * 1440 - 480,
            "valid_until": day * 1440 + 960,
        }
        for day in days
    }


def live(
    *,
    minute=NOON,
    region=SHANXI,
    epoch=None,
    number=1,
    body=None,
    name="intl",
    purpose=b"live",
    aad=b"HL1:",
    master=MASTER,
    cut=0,
):
    """The bytes of a live code, right but for what is given."""
    epoch = (minute + 480) // 1440 if epoch is None else epoch
    header = bytes([number]) + (region // 100).to_bytes(2, "big") + epoch.to_bytes(2, "big")
    header += (minute - ref.ORIGIN).to_bytes(3, "big")
    if body is None:
        body = (123456).to_bytes(4, "big") + (3).to_bytes(2, "big") + b"\0" + "林**".encode()
    key = ref.derive(name, bytes.fromhex(epochs(name, [epoch], master, cut)[str(epoch)]["key"]), purpose, minute)
    return header + suite(name).seal(key, body, aad + header, NONCE)


def flip(data, at):
    """The same bytes with one bit changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def live_cases():
    """Name, text, and what differs from the common context."""
    good = live()
    shown = "HL1:" + ref.base45(good)

    def text(data):
        return "HL1:" + ref.base45(data)

    yield "a code of this minute", shown, {}
    yield "at the last moment of the skew before", shown, {"now_s": NOON * 60 - 15}
    yield "just before its minute is over with the skew", shown, {"now_s": NOON * 60 + 74.5}
    yield "the last minute of an epoch", text(live(minute=MIDNIGHT + 1439)), {"now_s": (MIDNIGHT + 1439) * 60}
    yield "the first minute of the next epoch", text(live(minute=MIDNIGHT + 1440)), {"now_s": (MIDNIGHT + 1440) * 60}
    yield "an empty name", text(live(body=bytes(7))), {}
    yield "the highest generation, flags of a later release", text(live(body=b"\xff" * 7)), {}
    yield "the longest name", text(live(body=bytes(7) + "长".encode() * 8)), {}
    yield "suite gm", text(live(number=2, name="gm")), {"suite": "gm", "epochs": epochs("gm")}
    yield "nothing", "", {}
    yield "the prefix alone", "HL1:", {}
    yield "another prefix", "HC1:" + shown[4:], {}
    yield "a later version", "HL2:" + shown[4:], {}
    yield "a far later version", "HL17:" + shown[4:], {}
    yield "lower case", shown.lower(), {}
    yield "a character outside the alphabet", shown[:-1] + "_", {}
    yield "a group above 65535", "HL1:" + ":::" + shown[7:], {}
    yield "one character short", shown[:-1], {}
    yield "a link", "https://jkm.example/", {}
    yield "too short", text(good[:42]), {}
    yield "too long", text(live(body=bytes(32))), {}
    yield "an unknown suite", text(live(number=7)), {}
    yield "suite gm where intl is used", text(live(number=2)), {}
    yield "another region", text(live(region=HENAN)), {}
    yield "another region's number over our seal", text(flip(good, 2)), {"region": 140100}
    yield "an epoch whose key is dropped", text(live(minute=NOON - 3 * 1440)), {}
    yield "an epoch whose key has not come", text(live(minute=NOON + 3 * 1440)), {}
    yield "the key of yesterday for a minute of today", text(live(epoch=DAY - 1)), {}
    yield "moved to the next minute", text(flip(good, 7)), {"now_s": NOON * 60 + 60}
    yield "an altered nonce", text(flip(good, 8)), {}
    yield "an altered subject", text(flip(good, 20)), {}
    yield "an altered tag", text(flip(good, len(good) - 1)), {}
    yield "keys of somebody else", text(live(master=bytes(32))), {}
    yield "sealed without the prefix in the associated data", text(live(aad=b"")), {}
    yield "sealed with the key of sessions", text(live(purpose=b"session")), {}
    yield "a name that is not UTF-8", text(live(body=bytes(7) + b"\xff\xfe")), {}
    yield "a screenshot after its minute", shown, {"now_s": NOON * 60 + 75}
    yield "a code of the future", shown, {"now_s": NOON * 60 - 16}
    yield from live_edges(shown)


def live_edges(shown):
    """The same at the edges of clocks, versions and keys."""

    def text(data):
        return "HL1:" + ref.base45(data)

    yield "a fraction of a second after its end", shown, {"now_s": NOON * 60 + 75.001}
    yield "a fraction of a second too early", shown, {"now_s": NOON * 60 - 15.001}
    yield "a clock a day behind", shown, {"now_s": (NOON - 1440) * 60}
    yield "suite 0", text(live(number=0)), {}
    yield "a version of two letters", "HLX:" + shown[4:], {}
    yield "something before it", " " + shown, {}
    yield "something after it", shown + "0", {}
    yield "the day's key from before it was cut anew", shown, {"epochs": epochs(cut=1)}
    yield "the day's key after it was cut anew", text(live(cut=1)), {"epochs": epochs(cut=1)}


def session(*, number=1, region=SHANXI, epoch=DAY, body=None, purpose=b"session", **claim):
    """The bytes of a session, right but for what is given."""
    header = bytes([number]) + (region // 100).to_bytes(2, "big") + epoch.to_bytes(2, "big")
    key = ref.derive("intl", bytes.fromhex(epochs(days=[epoch])[str(epoch)]["key"]), purpose, 0)
    return header + suite("intl").seal(key, session_body(**claim) if body is None else body, b"HS1." + header, NONCE)


def session_body(*, kind=0, generation=1, issued=NOON, expires=NOON + 720, thumb=b"", name=NAME):
    """The plaintext of a session, right but for what is given."""
    numbers = [(kind, 1), (7, 4), (generation, 2), (12 * kind, 4), (2 * kind, 2)]
    body = b"".join(value.to_bytes(size, "big") for value, size in numbers) + b"d" * 16
    return body + issued.to_bytes(4, "big") + expires.to_bytes(4, "big") + bytes([len(thumb), len(name)]) + thumb + name


def session_cases():
    """Name, text, and what differs from the common context."""
    good = session()
    token = "HS1." + b64(good)
    yield "a resident", token, {}
    yield "an inspector with a phone's key", "HS1." + b64(session(kind=1, thumb=b"t" * 32)), {}
    yield "its last minute", token, {"now": NOON + 719}
    yield "a minute before its issue: clocks differ", token, {"now": NOON - 1}
    yield "over", token, {"now": NOON + 720}
    yield "not begun", token, {"now": NOON - 2}
    yield "nothing", "", {}
    yield "a later version", "HS2." + token[4:], {}
    yield "padded", token + "=", {}
    yield "a stray character", token[:20] + "." + token[21:], {}
    yield "too short", "HS1." + b64(good[:71]), {}
    yield "an unknown suite", "HS1." + b64(session(number=9)), {}
    yield "another region", "HS1." + b64(session(region=HENAN)), {}
    yield "an epoch not held", "HS1." + b64(session(epoch=DAY - 9)), {}
    yield "sealed with the key of live codes", "HS1." + b64(session(purpose=b"live")), {}
    yield "an altered claim", "HS1." + b64(flip(good, 30)), {}
    yield "an altered tag", "HS1." + b64(flip(good, len(good) - 1)), {}
    yield "a kind of a later release", "HS1." + b64(session(kind=2)), {}
    yield "a name that is not UTF-8", "HS1." + b64(session(name=b"\xff\xfe")), {}
    yield "a thumbprint of another length", "HS1." + b64(session(thumb=b"t" * 31)), {}
    yield "the highest generation", "HS1." + b64(session(generation=65_535)), {}
    yield "issued one minute ahead and over in that minute", "HS1." + b64(session(issued=NOON + 1, expires=NOON)), {}
    yield "a far later version", "HS12." + token[4:], {}
    yield "a live code's prefix", "HL1:" + token[4:], {}
    yield "a name longer than it says", "HS1." + b64(session(body=session_body() + b"x")), {}


def cose(*, payload=None, alg=-7, kid=KID, context=b"healthcode/venue/1", extra=None, key=ISSUER, signature=None):
    """A COSE_Sign1 of a place, right but for what is given."""
    said = {0: 1, 1: SHANXI, 2: 77, 3: 2, 4: "晋源早市"} if payload is None else payload
    protected = cbor2.dumps({1: alg, 4: kid}, canonical=True)
    encoded = cbor2.dumps(said, canonical=True)
    signature = signature or key.sign(cbor2.dumps(["Signature1", protected, context, encoded]))
    return cbor2.dumps(cbor2.CBORTag(18, [protected, extra or {}, encoded, signature]), canonical=True)


def seal(signed, *, minute=NOON, number=1, epoch=DAY, purpose=b"venue"):
    """The seal of a minute over a signed place."""
    key = ref.derive("intl", bytes.fromhex(epochs(days=[epoch])[str(epoch)]["key"]), purpose, minute, 32)
    head = bytes([number]) + epoch.to_bytes(2, "big") + minute.to_bytes(4, "big")
    return head + suite("intl").mac(key, signed)[:16]


def other_form(signed):
    """The same signature with n - s for s."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return signed[:-32] + (order - int.from_bytes(signed[-32:], "big")).to_bytes(32, "big")


def venue_cases():
    """Name, text, and what differs from the common context."""
    link, good = "https://jkm.example/v#", cose()
    poster, screen = link + b64(good), f"{link}{b64(good)}.{b64(seal(good))}"
    yield "a poster", poster, {}
    yield "a poster at any time", poster, {"now": NOON + 500_000}
    yield "what follows the hash alone", b64(good), {}
    yield "a screen", screen, {}
    yield "a screen one minute later", screen, {"now": NOON + 1}
    yield "a place without a name", link + b64(cose(payload={0: 1, 1: SHANXI, 2: 78, 3: 1})), {}
    yield "a second edition", link + b64(cose(payload={0: 1, 1: SHANXI, 2: 77, 3: 2, 5: 1})), {}
    yield "an edition that is no number", link + b64(cose(payload={0: 1, 1: SHANXI, 2: 77, 3: 2, 5: "b"})), {}
    yield "a label of a later release", link + b64(cose(payload={0: 1, 1: SHANXI, 2: 78, 3: 1, 9: "new"})), {}
    yield "a photograph of a screen", screen, {"now": NOON + 2}
    yield "a screen of the future", screen, {"now": NOON - 2}
    yield "a seal of another place", f"{link}{b64(good)}.{b64(seal(cose(payload={0: 1, 1: SHANXI, 2: 78, 3: 1})))}", {}
    yield "a seal moved to another minute", f"{link}{b64(good)}.{b64(flip(seal(good), 6))}", {"now": NOON + 1}
    yield "a seal with the key of live codes", f"{link}{b64(good)}.{b64(seal(good, purpose=b'live'))}", {}
    yield "a seal by yesterday's key", f"{link}{b64(good)}.{b64(seal(good, epoch=DAY - 1))}", {}
    yield (
        "a seal of an epoch dropped",
        f"{link}{b64(good)}.{b64(seal(good, epoch=DAY - 9, minute=NOON - 9 * 1440))}",
        {},
    )
    yield "a seal of an unknown suite", f"{link}{b64(good)}.{b64(seal(good, number=9))}", {}
    yield "half a seal", f"{link}{b64(good)}.{b64(seal(good)[:10])}", {}
    yield "an empty seal", poster + ".", {}
    yield "nothing", "", {}
    yield "a link to elsewhere", poster.replace("jkm.example", "jkm.example.evil"), {}
    yield "a link to elsewhere that is no code at all", "https://example.com/menu", {}
    yield "our link as a part of another", "https://evil.example/#" + poster, {}
    yield "our host as a user name", poster.replace("jkm.example", "jkm.example@evil.example"), {}
    yield "padded", poster + "==", {}
    yield "not CBOR", link + b64(b"\xff\xff"), {}
    yield "CBOR after it", link + b64(good + b"\0"), {}
    yield "something unsigned beside it", link + b64(cose(extra={9: 1})), {}
    yield "a longer way to say the same", link + b64(good[:1] + b"\x98\x04" + good[2:]), {}
    yield "the other form of the signature", link + b64(other_form(good)), {}
    yield "signed for another purpose", link + b64(cose(context=b"healthcode/paper/1")), {}
    yield "an unknown key", link + b64(cose(kid=b"stranger")), {}
    yield "a key of another suite", link + b64(cose(kid=b"gm-key")), {}
    yield "an altered venue", link + b64(flip(good, 30)), {}
    yield "an algorithm of a later release", link + b64(cose(alg=-48)), {}
    yield "a payload of a later release", link + b64(cose(payload={0: 2, 1: SHANXI, 2: 77, 3: 2})), {}
    yield "another region", link + b64(cose(payload={0: 1, 1: HENAN, 2: 77, 3: 2})), {}


def written(walk, cases, context):
    """Each case with its own clock and keys, the stages that it passes, and the verdict."""
    vectors = []
    for name, text, change in cases:
        stages, verdict, claim = walk({**context, **change}, text)
        vectors.append({"name": name, "text": text, **change, "stages": stages, "verdict": verdict, "claim": claim})
    return {"context": context, "vectors": vectors}


def files():
    """Every vector file by name."""
    common = {"suite": "intl", "region": SHANXI, "epochs": epochs(), "master": MASTER.hex()}
    keys = {
        KID.hex(): {"suite": "intl", "public": ISSUER.public.to_bytes().hex()},
        b"gm-key".hex(): {"suite": "gm", "public": GM_PUBLIC},
    }
    venue = {**common, "now": NOON, "keys": keys, "hosts": ["jkm.example"]}
    signed = {"region": SHANXI, "keys": {**keys, "676d313233343536": {"suite": "gm", "public": passes.GM_PUBLIC}}}
    return {
        "live.json": written(ref.walk_live, live_cases(), {**common, "now_s": NOON * 60 + 20}),
        "session.json": written(ref.walk_session, session_cases(), {**common, "now": NOON}),
        "venue.json": written(ref.walk_venue, venue_cases(), venue),
        "pass.json": written(ref_passes.walk_pass, passes.pass_cases(ISSUER), {**signed, "now_s": NOON * 60 + 20}),
        "paper.json": written(ref_passes.walk_paper, passes.paper_cases(ISSUER), {**signed, "now": NOON}),
        "bundle.json": written(
            ref_bundles.walk_bundle, bundles.bundle_cases(ISSUER), {**signed, "handle": bundles.RECALLED.hex()}
        ),
        "record.json": tables.records(),
        "timeline.json": tables.timelines(),
        "heartbeat.json": tables.heartbeats(ISSUER),
        "snapshot.json": tables.snapshots(ISSUER),
    }


if __name__ == "__main__":
    for file, content in files().items():
        (FOLDER / file).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
