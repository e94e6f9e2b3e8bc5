"""The Merkle tree over leaf hashes and its proofs: RFC 6962 section 2.1, verification as in RFC 9162 section 2.1.3."""

from collections.abc import Sequence

from healthcode.crypto.compare import constant_time_equal
from healthcode.crypto.suites import suite

_hash = suite("intl").hash


class ProofError(ValueError):
    """A proof does not lead from the leaf to the root."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 || left || right)."""
    return _hash(b"\x01" + left + right)


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; of no leaves, SHA-256 of nothing."""
    if not leaves:
        return _hash(b"")
    if len(leaves) == 1:
        return leaves[0]
    split = _split(len(leaves))
    return node_hash(root(leaves[:split]), root(leaves[split:]))


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the siblings from leaf `index` up to the root; raises `IndexError` for a leaf that is not there."""
    if not 0 <= index < len(leaves):
        raise IndexError(f"there is no leaf {index} among {len(leaves)}")
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_proof(leaves[:split], index), root(leaves[split:])]
    return [*inclusion_proof(leaves[split:], index - split), root(leaves[:split])]


def inclusion_verify(expected_root: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> None:
    """Return if `leaf` is number `index` of the tree of `size` leaves with that root; raise `ProofError` otherwise."""
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    node, last, current = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("the proof is longer than the tree is high")
        if node & 1 or node == last:
            current = node_hash(sibling, current)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            current = node_hash(current, sibling)
        node >>= 1
        last >>= 1
    if last != 0 or not constant_time_equal(current, expected_root):
        raise ProofError("the proof does not lead to this root")


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
