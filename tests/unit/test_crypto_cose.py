"""COSE_Sign1: one message has one form, and says who signed it for what."""

import cbor2
import pytest

from healthcode.crypto.cose import UnknownKey, key_id, sign1, verify1
from healthcode.crypto.errors import BadSignature, UnknownSuite
from healthcode.crypto.suites import suite

KEY = suite("intl").generate_signing_key()
GM_KEY = suite("gm").generate_signing_key()
TRUSTED = {b"county": KEY.public, b"gm": GM_KEY.public}
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def parts(message):
    return list(cbor2.loads(message).value)


def packed(values, tag=18):
    return cbor2.dumps(cbor2.CBORTag(tag, values), canonical=True)


@pytest.mark.parametrize(("key", "kid"), [(KEY, b"county"), (GM_KEY, b"gm")])
def test_a_signed_message_says_its_key_and_payload(key, kid):
    signed = verify1(TRUSTED, sign1(key, kid, b"market", {16: "poster"}, context=b"venue"), context=b"venue")
    assert (signed.kid, signed.payload, signed.protected[16]) == (kid, b"market", "poster")


def test_it_is_what_the_standard_says():
    protected, unprotected, payload, signature = parts(sign1(KEY, b"county", b"market"))
    KEY.public.verify(cbor2.dumps(["Signature1", protected, b"", payload]), signature)
    assert (cbor2.loads(protected), dict(unprotected)) == ({1: -7, 4: b"county"}, {})


def test_a_message_for_one_purpose_serves_no_other():
    with pytest.raises(BadSignature):
        verify1(TRUSTED, sign1(KEY, b"county", b"market", context=b"venue"), context=b"paper")


def test_an_unknown_key_is_named():
    with pytest.raises(UnknownKey, match="73746f6c656e"):
        verify1(TRUSTED, sign1(KEY, b"stolen", b"market"))


def test_one_key_under_the_name_of_another_is_refused():
    for kid in (b"county", b"gm"):
        with pytest.raises(BadSignature):
            verify1(TRUSTED, sign1(suite("intl").generate_signing_key(), kid, b"market"))


def test_the_other_form_of_a_signature_is_refused():
    values = parts(sign1(KEY, b"county", b"market"))
    s = int.from_bytes(values[3][32:], "big")
    values[3] = values[3][:32] + (ORDER - s).to_bytes(32, "big")
    with pytest.raises(BadSignature, match="one form"):
        verify1(TRUSTED, packed(values))


def test_other_forms_of_the_same_message_are_refused():
    message = sign1(KEY, b"county", b"market")
    values = parts(message)
    for other in (
        packed([values[0], {9: 1}, *values[2:]]),  # something unsigned beside it
        packed(values, tag=98),
        cbor2.dumps(values),  # untagged
        message + b"\0",
        message[:1] + b"\x98\x04" + message[2:],  # a longer way to say "array of four"
        b"",
        b"\xff",
        packed([cbor2.dumps([1]), *values[1:]]),
        packed([cbor2.dumps({1: -7}), *values[1:]]),  # names no key
        packed([*values[:3], values[3][:-1]]),
    ):
        with pytest.raises(BadSignature):
            verify1(TRUSTED, other)


def test_what_a_later_release_signs_needs_an_update():
    values = parts(sign1(KEY, b"county", b"market"))
    for header in ({1: -50, 4: b"county"}, {1: -7, 2: [99], 4: b"county"}):
        with pytest.raises(UnknownSuite):
            verify1(TRUSTED, packed([cbor2.dumps(header, canonical=True), *values[1:]]))


def test_key_ids_are_eight_bytes_of_the_public_key():
    assert key_id(KEY.public) == suite("intl").hash(KEY.public.to_bytes())[:8]
