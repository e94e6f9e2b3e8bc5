"""Identity fields, blind indexes and sealed boxes."""

import pytest

from healthcode.crypto.errors import BadKey, Tampered, UnknownSuite
from healthcode.crypto.fields import blind_index, open_field, seal_field
from healthcode.crypto.sealed_box import box_keypair, box_public, open_sealed, seal_to

LIN, ZHAO = bytes([1]) * 32, bytes([2]) * 32


@pytest.mark.parametrize("suite_name", ["intl", "gm"])
@pytest.mark.parametrize("value", ["", "林", "140105199001011234", "晋中市榆次区" * 30])
def test_lins_fields_open_with_her_key(suite_name, value):
    sealed = seal_field(LIN, value, field="name", ref="p1", suite_name=suite_name)
    assert open_field(LIN, sealed, field="name", ref="p1") == value


def test_a_field_cannot_be_moved_to_another_person_or_column():
    sealed = seal_field(LIN, "林", field="name", ref="p1")
    for field, ref in (("name", "p2"), ("address", "p1"), ("namep", "1")):
        with pytest.raises(Tampered):
            open_field(LIN, sealed, field=field, ref=ref)


def test_zhaos_key_does_not_open_lins_field():
    with pytest.raises(BadKey, match="another key"):
        open_field(ZHAO, seal_field(LIN, "林", field="name", ref="p1"), field="name", ref="p1")


def test_an_altered_or_later_field_is_told_apart():
    sealed = seal_field(LIN, "林", field="name", ref="p1")
    for blob, error in (
        (sealed[:-1], Tampered),
        (sealed[:3], Tampered),
        (b"\x02" + sealed[1:], UnknownSuite),
        (sealed[:1] + b"\x09" + sealed[2:], UnknownSuite),
        (sealed[:1] + b"\x02" + sealed[2:], Tampered),
    ):
        with pytest.raises(error):
            open_field(LIN, blob, field="name", ref="p1")


def test_the_length_of_a_name_does_not_show():
    assert len({len(seal_field(LIN, name, field="name", ref="p1")) for name in ("", "林", "欧阳修")}) == 1


def test_a_key_has_32_bytes():
    with pytest.raises(BadKey):
        seal_field(b"short", "林", field="name", ref="p1")


def test_the_index_finds_equal_values_of_one_field_only():
    index = blind_index(LIN, "13800000001", field="phone")
    assert index == blind_index(LIN, "13800000001", field="phone")
    others = {
        blind_index(LIN, "13800000002", field="phone"),
        blind_index(LIN, "13800000001", field="document"),
        blind_index(ZHAO, "13800000001", field="phone"),
        blind_index(LIN, "e13800000001", field="phon"),
    }
    assert len(index) == 32
    assert len(others - {index}) == 4


def test_a_box_opens_for_its_edge_and_purpose_only():
    (private, public), (other, _) = box_keypair(), box_keypair()
    box = seal_to(public, b"epoch key", context=b"epoch 1")
    assert open_sealed(private, box, context=b"epoch 1") == b"epoch key"
    assert box_public(private) == public
    for wrong in ((other, box, b"epoch 1"), (private, box, b"epoch 2"), (private, box[:-1], b"epoch 1")):
        with pytest.raises(Tampered):
            open_sealed(wrong[0], wrong[1], context=wrong[2])


def test_boxes_of_other_versions_and_wrong_keys_are_refused():
    private, public = box_keypair()
    with pytest.raises(UnknownSuite):
        open_sealed(private, b"\x02" + seal_to(public, b"x")[1:])
    with pytest.raises(BadKey):
        seal_to(b"short", b"x")
    with pytest.raises(BadKey):
        open_sealed(b"short", seal_to(public, b"x"))
    with pytest.raises(BadKey):
        seal_to(bytes(32), b"x")  # a point of small order
