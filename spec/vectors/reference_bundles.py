"""The second reading of spec/offline-bundle.md: an answer of `GET /v1/bundle`, stage by stage."""

# ruff: noqa: C901, PLR0911 - the page is read in one go, in its order

import hashlib

import cbor2
from reference import Walk
from reference_passes import signed

FAMILIES = {"colors", "policies", "recall", "trust"}


def whole(walk, text):
    """The map of an answer, or the verdict."""
    data = bytes.fromhex(text)
    try:
        said = cbor2.loads(data)
        if cbor2.dumps(said, canonical=True) != data:
            raise ValueError
    except Exception:  # noqa: BLE001 - any failure to read it is one verdict
        return walk.stop("answer", "unreadable")
    if said[0] != 1 or not isinstance(said[3], bytes):
        return walk.stop("answer", "update_needed")
    walk.ok("answer")
    return said


def walk_bundle(context, text):
    """Sections 2 to 4."""
    walk = Walk()
    answer = whole(walk, text)
    if isinstance(answer, tuple):
        return answer
    head = signed(walk, context["keys"], answer[1], b"healthcode/bundle/1", "head")
    if isinstance(head, tuple):
        return head
    if head[0] != 1 or any(len(digest) != 32 for _, digest in head.get(5, {}).values()):
        return walk.stop("head payload", "update_needed")
    if head[1] != context["region"]:
        return walk.stop("head region", "wrong_region")
    if not set(head[4]) <= FAMILIES:
        return walk.stop("head needs", "update_needed")
    named = {name: digest for name, (_, digest) in head[5].items()}
    if named != {name: hashlib.sha256(data).digest() for name, data in answer[2].items()}:
        return walk.stop("parts", "forged")
    walk.ok("parts")
    card = signed(walk, context["keys"], answer[3], b"healthcode/venue-card/1", "card")
    if isinstance(card, tuple):
        return card
    if card[0] != 1:
        return walk.stop("card payload", "update_needed")
    if card[1] != context["region"]:
        return walk.stop("card region", "wrong_region")
    lists = {name[7:]: cbor2.loads(data) for name, data in answer[2].items() if name.startswith("recall/")}
    digits = len(next(iter(lists), ""))
    if len(lists) != 16**digits or not {"colors", "policies", "trust"} <= answer[2].keys():
        return walk.stop("families", "update_needed")
    walk.ok("families")
    listed = lists[context["handle"][:digits]].hex()
    handles = [listed[at : at + 32] for at in range(0, len(listed), 32)]
    claim = {"number": head[2], "made": head[3], "venue": card[2], "medical": card[4]["medical"]}
    return walk.done({**claim, "recalled": context["handle"] in handles})
