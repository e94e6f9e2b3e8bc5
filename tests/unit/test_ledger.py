"""Leaves commit without telling; trees prove what is in them."""

import pytest

from healthcode.ledger.leaf import LeafError, leaf_commit, leaf_hash, leaf_verify
from healthcode.ledger.tree import ProofError, inclusion_proof, inclusion_verify, root

SALT = b"s" * 32
DECISION = ("officer:case:reviewed", 1_665_600_000_000, SALT, b"Zhao is a close contact")
# The tree of RFC 6962's reference tests: leaves "", 00, 10, 2021, 3031, 40414243, ... and its roots by size.
LEAVES = [leaf_hash(bytes.fromhex(text)) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
}


def test_a_decision_is_verified_by_its_content_and_salt():
    leaf_verify(leaf_commit(*DECISION), *DECISION)


@pytest.mark.parametrize(
    "claimed",
    [
        ("officer:case:proposed", *DECISION[1:]),
        (DECISION[0], DECISION[1] + 1, *DECISION[2:]),
        (*DECISION[:2], b"t" * 32, DECISION[3]),
        (*DECISION[:3], b"Zhao is a case"),
    ],
)
def test_another_decision_is_not(claimed):
    with pytest.raises(LeafError):
        leaf_verify(leaf_commit(*DECISION), *claimed)


@pytest.mark.parametrize("claimed", [("", *DECISION[1:]), ("x", -1, *DECISION[2:]), ("x", 1, b"short", b"")])
def test_what_no_leaf_holds_is_refused(claimed):
    with pytest.raises(LeafError):
        leaf_commit(*claimed)


@pytest.mark.parametrize(("size", "expected"), ROOTS.items())
def test_roots_are_those_of_rfc_6962(size, expected):
    assert root(LEAVES[:size]).hex() == expected


def test_the_root_of_nothing_is_the_hash_of_nothing():
    assert root([]).hex().startswith("e3b0c44298fc1c14")


@pytest.mark.parametrize("size", range(1, 8))
def test_every_leaf_of_every_tree_is_proven_and_no_other(size):
    leaves = LEAVES[:size]
    for index, leaf in enumerate(leaves):
        proof = inclusion_proof(leaves, index)
        inclusion_verify(root(leaves), size, index, leaf, proof)
        for wrong in (
            (root(leaves), size, index, leaf_hash(b"other"), proof),
            (root(leaves), size, index, leaf, [*proof, leaf]),
            (leaf_hash(b"other"), size, index, leaf, proof),
            (root(leaves), size, size, leaf, proof),
        ):
            with pytest.raises(ProofError):
                inclusion_verify(*wrong)


def test_a_leaf_that_is_not_there_has_no_proof():
    with pytest.raises(IndexError):
        inclusion_proof(LEAVES, 7)
