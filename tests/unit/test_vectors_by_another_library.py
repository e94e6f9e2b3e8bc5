"""The COSE parts of spec/vectors as an independent library (python-cwt) judges them: `intl`, genuine and forged."""

import json
from pathlib import Path

import cbor2
import pytest
from cwt import COSE, COSEKey
from cwt.exceptions import CWTError

FOLDER = Path(__file__).parents[2] / "spec" / "vectors"
CONTEXTS = {"pass": b"healthcode/pass/1", "paper": b"healthcode/paper/1", "venue": b"healthcode/venue/1"}
FORGED = {  # what the signature, the key or the purpose decides, and nothing of our own rules
    "pass": {"an unknown issuer", "an issuer's part signed as a paper", "an altered color"},
    "paper": {"an unknown issuer", "signed as a venue code", "an altered handle"},
    "venue": {"signed for another purpose", "an unknown key", "an altered venue"},
}


def vectors(name):
    content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return [{**content["context"], **vector} for vector in content["vectors"]]


def message(name, case):
    """The bytes of the issuer's COSE_Sign1; None where an earlier stage ends the reading."""
    if name == "venue":
        found = next((bytes.fromhex(stage["cose"]) for stage in case["stages"] if "cose" in stage), None)
    else:
        found = next((bytes.fromhex(stage["bytes"]) for stage in case["stages"] if "bytes" in stage), None)
    if found is None or name != "pass":
        return found
    return cbor2.loads(cbor2.loads(found).value[2])[2]


def library_keys(case):
    """The trusted P-256 keys, as the library holds them."""
    points = {kid: key["public"] for kid, key in case["keys"].items() if key["suite"] == "intl"}
    return [
        COSEKey.new({1: 2, 2: bytes.fromhex(kid), 3: -7, -1: 1, -2: bytes.fromhex(p[2:66]), -3: bytes.fromhex(p[66:])})
        for kid, p in points.items()
    ]


def library_reads(name, case):
    return COSE.new().decode(message(name, case), library_keys(case), external_aad=CONTEXTS[name])


def signed_by_us(case, name):
    header = cbor2.loads(cbor2.loads(message(name, case)).value[0])
    return header[1] == -7


@pytest.mark.parametrize("name", CONTEXTS)
def test_every_genuine_intl_vector_is_genuine_to_the_library(name):
    genuine = [case for case in vectors(name) if case["verdict"] == "accepted" and signed_by_us(case, name)]
    payloads = [library_reads(name, case) for case in genuine]
    assert len(payloads) >= 4
    assert all(isinstance(p if isinstance(p, dict) else cbor2.loads(p), dict) for p in payloads)


@pytest.mark.parametrize("name", CONTEXTS)
def test_every_forged_signature_is_forged_to_the_library(name):
    forged = [case for case in vectors(name) if case["name"] in FORGED[name]]
    assert {case["name"] for case in forged} == FORGED[name]
    for case in forged:
        assert case["verdict"] == "forged"
        with pytest.raises((CWTError, ValueError)):
            library_reads(name, case)


def test_the_phones_part_of_lins_pass_is_signed_by_the_key_that_the_issuer_names():
    case = vectors("pass")[0]
    shown = next(bytes.fromhex(stage["bytes"]) for stage in case["stages"] if "bytes" in stage)
    kid = cbor2.loads(cbor2.loads(shown).value[0])[4]
    confirmed = cbor2.loads(cbor2.loads(message("pass", case)).value[2])[8][1]
    key = COSEKey.new({**confirmed, 2: kid, 3: -7})
    assert COSE.new().decode(shown, key, external_aad=b"healthcode/holder/1")
    with pytest.raises((CWTError, ValueError)):
        COSE.new().decode(shown, key, external_aad=b"healthcode/pass/1")
