"""Vectors of offline bundles, byte by byte as spec/offline-bundle.md says. The text is an edge's answer in hex."""

import hashlib

import cbor2
from passes import HENAN, KID, NOON_S, SHANXI, cose, flip

RECALLED = bytes(range(16, 32))
OTHER = bytes([200] * 16)
HEAD, CARD = b"healthcode/bundle/1", b"healthcode/venue-card/1"
FAMILIES = ["colors", "policies", "recall", "trust"]
COLORS = [[0, {"colors": [{"id": "green", "state": 2, "severity": 0, "word": {"zh": "绿码", "en": "Green"}}]}]]
GREEN_ONLY = {"id": "green-only", "venue_types": [], "areas": [], "from": None, "until": None, "colors": ["green"]}
POLICIES = [[0, {"default": GREEN_ONLY, "policies": [], "stale_after_s": 14400}]]
PLACE = {"name": "城关农贸市场", "type": "market", "division": "140728", "medical": False, "record_visits": True}


def encoded(value):
    """Deterministic CBOR."""
    return cbor2.dumps(value, canonical=True)


def parts_of(handles=(RECALLED,), digits=0):
    """The parts by name; the recall list cut by so many digits."""
    prefixes = [f"{n:0{digits}x}" if digits else "" for n in range(16**digits)]
    listed = {p: b"".join(sorted(h for h in handles if h.hex().startswith(p))) for p in prefixes}
    said = {"colors": COLORS, "policies": POLICIES, "trust": []}
    return {name: encoded(value) for name, value in said.items()} | {
        f"recall/{prefix}": encoded(data) for prefix, data in listed.items()
    }


class Maker:
    """Makes answers with one issuer's key."""

    def __init__(self, issuer):
        self.issuer = issuer

    def head(self, parts, *, version=1, region=SHANXI, needs=FAMILIES, context=HEAD, **how):
        """The signed head that names `parts`."""
        named = {name: [NOON_S - 60, hashlib.sha256(data).digest()] for name, data in parts.items()}
        said = {0: version, 1: region, 2: NOON_S - 60, 3: NOON_S - 60, 4: list(needs), 5: how.pop("named", named)}
        return cose(self.issuer, how.pop("kid", KID), said, context, **how)

    def card(self, *, version=1, region=SHANXI, says=PLACE, context=CARD, **how):
        """The signed card of venue 77."""
        said = {0: version, 1: region, 2: 77, 3: NOON_S - 900, 4: says}
        return cose(self.issuer, how.pop("kid", KID), said, context, **how)

    def answer(self, parts=None, *, head=None, card=None, version=1):
        """What an edge answers, in hex."""
        parts = parts_of() if parts is None else parts
        head, card = head or self.head(parts), self.card() if card is None else card
        return encoded({0: version, 1: head, 2: parts, 3: card or None, 4: NOON_S * 1000}).hex()


def bundle_cases(issuer):
    """Name, text, and what differs from the common context."""
    make = Maker(issuer)
    good = parts_of()
    without = {name: data for name, data in good.items() if name != "recall/"}
    cut = parts_of((RECALLED, OTHER), digits=1)
    yield "a bundle with one recalled handle", make.answer(), {}
    yield "a handle that is not on its list", make.answer(), {"handle": OTHER.hex()}
    yield "a list cut by its first digit", make.answer(cut), {}
    yield "an unknown part beside those that are needed", make.answer(good | {"news": encoded(1)}), {}
    yield "a card of a hospital", make.answer(card=make.card(says=PLACE | {"medical": True})), {}
    yield "not CBOR", "ffff", {}
    yield "nothing", "", {}
    yield "bytes after it", make.answer() + "00", {}
    yield "an answer of a later release", make.answer(version=2), {}
    yield "an answer without card", make.answer(card=b""), {}
    yield "a head of a later release", make.answer(head=make.head(good, version=2)), {}
    yield "a head of another region", make.answer(head=make.head(good, region=HENAN)), {}
    yield "a head that needs a family of a later release", make.answer(head=make.head(good, needs=["batches"])), {}
    yield "a head by an unknown key", make.answer(head=make.head(good, kid=b"stranger")), {}
    yield "a head of an algorithm of a later release", make.answer(head=make.head(good, alg=-48)), {}
    yield "a head signed as a venue card", make.answer(head=make.head(good, context=CARD)), {}
    yield "a card in the place of the head", make.answer(head=make.card()), {}
    yield "an altered head", make.answer(head=flip(make.head(good), 60)), {}
    yield "something unsigned beside the head", make.answer(head=make.head(good, extra={9: 1})), {}
    yield "a digest that is too short", make.answer(head=make.head(good, named={"colors": [1, b"short"]})), {}
    yield "the recall list left out of the parts", make.answer(without, head=make.head(good)), {}
    yield "a part that no head names", make.answer(good | {"recall/0": b""}, head=make.head(good)), {}
    yield "an emptied recall list", make.answer(parts_of(()), head=make.head(good)), {}
    yield "a bundle signed without its recall list", make.answer(without), {}
    yield "a bundle signed without one of its partitions", make.answer(dict(list(cut.items())[:-1])), {}
    yield "a card of another region", make.answer(card=make.card(region=HENAN)), {}
    yield "a card of a later release", make.answer(card=make.card(version=2)), {}
    yield "a card signed as a head", make.answer(card=make.card(context=HEAD)), {}
    yield "an altered card", make.answer(card=flip(make.card(), 70)), {}
    yield "a card by an unknown key", make.answer(card=make.card(kid=b"stranger")), {}
