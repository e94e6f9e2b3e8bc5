"""Subjects exist from first mention; identities are sealed field by field with per-person keys held elsewhere (T2)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from healthcode.domain.document import DocumentKind


class Subject(models.Model):
    """One person, known by a dense number only. `present_division` decides which county is responsible."""

    number = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField()
    holds_code = models.BooleanField(default=False)
    residence_division = models.CharField(max_length=6, blank=True)
    present_division = models.CharField(max_length=6, blank=True, db_index=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"subject {self.number}"


class SubjectState(models.Model):
    """The cached answer: what the edges hold. Locked in ascending order of number before any derivation."""

    subject = models.OneToOneField(
        Subject, primary_key=True, on_delete=models.PROTECT, related_name="state", db_column="number"
    )
    version = models.PositiveIntegerField(default=0)
    generation = models.PositiveIntegerField(default=1)
    color = models.CharField(max_length=16, default="absent")
    record = models.BinaryField(null=True, help_text="32 bytes, spec/color-table.md")
    grounds = models.BinaryField(null=True, help_text="GroundsNote for the edge")
    ruleset = models.CharField(max_length=64, blank=True)
    publications_known = models.BigIntegerField(db_default=0, help_text="as in a decision")
    evaluated_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "subject_state"

    def __str__(self) -> str:
        return f"state of {self.pk}"


class Identity(models.Model):
    """Who a subject is, each field a sealed box under the person's own key. Any field may be unknown yet."""

    subject = models.OneToOneField(Subject, primary_key=True, on_delete=models.PROTECT, related_name="identity")
    document_kind = models.CharField(max_length=24, choices=[(k.value, k.value) for k in DocumentKind])
    document_sealed = models.BinaryField()
    name_sealed = models.BinaryField(null=True)
    phone_sealed = models.BinaryField(null=True)
    address_sealed = models.BinaryField(null=True)
    verified_at = models.DateTimeField(null=True, help_text="matched by the identity registry")

    def __str__(self) -> str:
        return f"identity of {self.pk}"


class IdentityIndex(models.Model):
    """Keyed hashes that find a subject by document or phone without storing either."""

    index = models.BinaryField(primary_key=True, help_text="HMAC, 32 bytes")
    field = models.CharField(max_length=16, choices=[("document", "document"), ("phone", "phone")])
    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="indexes")

    def __str__(self) -> str:
        return f"{self.field} of {self.subject_id}"


class PlaceIndex(models.Model):
    """Keyed hashes by which a person is found as a resident of a compound, street or town."""

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="places")
    index = models.BinaryField(help_text="HMAC, 32 bytes, of a place")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["index", "subject"], name="place_finds_each_once"),
            models.CheckConstraint(condition=~Q(index=b""), name="place_index_is_a_hash"),
        )

    def __str__(self) -> str:
        return f"place of {self.subject_id}"


class PhoneCode(models.Model):
    """A one-time code sent to a phone: only keyed hashes, few attempts, short life."""

    phone_index = models.BinaryField(db_index=True)
    code_hash = models.BinaryField()
    sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"phone code {self.pk}"


class Consent(models.Model):
    """Which text a person agreed to, and when; a withdrawal is a row of its own."""

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="consents")
    version = models.CharField(max_length=32)
    given = models.BooleanField()
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"consent {self.pk}"


class Declaration(models.Model):
    """A health declaration in the person's own words, sealed; its evidence row tells only about exposure."""

    subject = models.ForeignKey(Subject, on_delete=models.PROTECT, related_name="declarations")
    at = models.DateTimeField()
    content_sealed = models.BinaryField()

    def __str__(self) -> str:
        return f"declaration {self.pk}"


class Refusal(models.Model):
    """An application that was refused (H2): the reason and the keyed hash of the document, never the person."""

    at = models.DateTimeField()
    document_index = models.BinaryField()
    reason = models.CharField(max_length=32)
    handled = models.BooleanField(default=False)

    class Meta:
        constraints = (models.CheckConstraint(condition=~Q(reason=""), name="refusal_has_reason"),)

    def __str__(self) -> str:
        return f"refusal {self.pk}"
