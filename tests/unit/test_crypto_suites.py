"""Both suites keep the same promises; published vectors hold."""

import pytest

from healthcode.crypto.compare import constant_time_equal
from healthcode.crypto.errors import BadKey, BadSignature, Tampered, UnknownSuite
from healthcode.crypto.suites import suite, suite_by_alg, suite_by_id

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture(params=["intl", "gm"])
def chosen(request):
    return suite(request.param)


def test_a_seal_opens_with_its_key_and_context_only(chosen):
    key, other = bytes(range(chosen.key_size)), bytes(chosen.key_size)
    blob = chosen.seal(key, "林".encode(), b"Lin")
    assert chosen.open(key, blob, b"Lin") == "林".encode()
    for wrong in ((other, blob, b"Lin"), (key, blob, b"Zhao"), (key, blob[:-1], b"Lin"), (key, b"", b"Lin")):
        with pytest.raises(Tampered):
            chosen.open(*wrong)


def test_two_seals_of_one_value_differ(chosen):
    key = bytes(chosen.key_size)
    assert chosen.seal(key, b"Lin", b"") != chosen.seal(key, b"Lin", b"")


def test_nothing_is_never_sealed(chosen):
    with pytest.raises(ValueError, match="nothing"):
        chosen.seal(bytes(chosen.key_size), b"", b"")


def test_a_key_of_another_length_is_refused(chosen):
    with pytest.raises(BadKey):
        chosen.seal(b"short", b"Lin", b"")


def test_a_signature_holds_for_its_message_and_key_only(chosen):
    officer, other = chosen.generate_signing_key(), chosen.generate_signing_key()
    signature = chosen.sign(officer, b"confirm Zhao")
    chosen.verify(officer.public, b"confirm Zhao", signature)
    for public, message, given in (
        (other.public, b"confirm Zhao", signature),
        (officer.public, b"confirm Qian", signature),
        (officer.public, b"confirm Zhao", signature[:-1]),
        (officer.public, b"confirm Zhao", bytes(64)),
        (officer.public, b"confirm Zhao", b"\xff" * 64),
    ):
        with pytest.raises(BadSignature):
            chosen.verify(public, message, given)


def test_keys_survive_being_written_down(chosen):
    key = chosen.generate_signing_key()
    again = chosen.private_from_bytes(key.to_bytes())
    chosen.public_from_bytes(key.public.to_bytes()).verify(b"x", again.sign(b"x"))


def test_keys_that_are_none_are_refused(chosen):
    one, other = chosen.generate_signing_key().to_bytes(), chosen.generate_signing_key().to_bytes()
    for data in (b"", bytes(97), one[:-1], one[:32] + other[32:]):
        with pytest.raises(BadKey):
            chosen.private_from_bytes(data)
    for data in (b"", b"\x04" + bytes(64), other[32:-1], b"\x05" + other[33:]):
        with pytest.raises(BadKey):
            chosen.public_from_bytes(data)


def test_a_key_serves_its_own_suite_only():
    with pytest.raises(BadKey):
        suite("gm").sign(suite("intl").generate_signing_key(), b"x")


def test_es256_signatures_come_in_one_form():
    intl = suite("intl")
    key = intl.generate_signing_key()
    signature = key.sign(b"x")
    twin = signature[:32] + (ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    key.public.verify(b"x", twin)  # holds, as phones' signatures may; what we issue is refused in this form
    assert intl.is_canonical(signature)
    assert not intl.is_canonical(twin)


def test_hkdf_gives_the_vector_of_rfc_5869_without_salt():
    derived = suite("intl").hkdf(b"\x0b" * 22, b"", 42)
    assert derived.hex() == ("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")


def test_sm3_gives_the_vector_of_its_standard():
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert suite("gm").hash(b"abc").hex() == expected


@pytest.mark.parametrize("length", [0, 8161])
def test_hkdf_refuses_lengths_that_it_cannot_give(chosen, length):
    with pytest.raises(ValueError, match="8160"):
        chosen.hkdf(bytes(32), b"", length)


def test_suites_are_found_by_name_number_and_algorithm():
    for known in (suite("intl"), suite("gm")):
        assert suite_by_id(known.id) is suite_by_alg(known.cose_alg) is known
    for wrong in (lambda: suite("rot13"), lambda: suite_by_id(9), lambda: suite_by_alg("ES256")):
        with pytest.raises(UnknownSuite):
            wrong()


def test_secrets_compare():
    assert constant_time_equal(b"a", b"a")
    assert not constant_time_equal(b"a", b"b")
