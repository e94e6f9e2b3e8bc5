"""Units, posts, officers. Sessions live in `acts.sql`, where the application cannot read them."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import F, Q

from healthcode.control.offices.roles import Role
from healthcode.domain.unit import UnitKind


class Account(AbstractUser):
    """A sign-in of an officer: password and second factor, nothing about power; that is in the post."""

    first_name = None  # type: ignore[assignment]  # the officer's name stands once, in `Officer`
    last_name = None  # type: ignore[assignment]


class Unit(models.Model):
    """An office, laboratory, hospital or other body that acts or reports (O1)."""

    kind = models.CharField(max_length=32, choices=[(k.value, k.value) for k in UnitKind])
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    division = models.CharField(max_length=6, db_index=True, help_text="GB/T 2260 code of the division it serves")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    phone = models.CharField(max_length=24, blank=True, help_text="the office's public number, shown to residents")
    signing_key = models.BinaryField(
        null=True, help_text="public key of a signed source: uncompressed P-256 point, 65 bytes"
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "division", "name_zh"], name="unit_one_per_name"),)

    def __str__(self) -> str:
        return self.name_zh


class Post(models.Model):
    """A fixed post with its duties (Art. 18). Power belongs to the post, for as long as it is held."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="posts")
    role = models.CharField(max_length=32, choices=[(r.value, r.value) for r in Role])
    title_zh = models.CharField(max_length=80)
    title_en = models.CharField(max_length=120)

    def __str__(self) -> str:
        return f"{self.unit_id}:{self.role}"


class Officer(models.Model):
    """A named official. `sanctioned_at` bars every sign-in (Art. 17)."""

    account = models.OneToOneField(Account, on_delete=models.PROTECT, related_name="officer")
    name = models.CharField(max_length=40)
    sanctioned_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"officer {self.pk}"


class Appointment(models.Model):
    """Who holds which post from when to when, and when this was filed with the unit above (Art. 18)."""

    officer = models.ForeignKey(Officer, on_delete=models.PROTECT, related_name="appointments")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="appointments")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    filed_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gt=F("since")), name="appointment_ends_after_start"
            ),
            models.UniqueConstraint(
                fields=["officer"], condition=Q(until__isnull=True), name="appointment_one_open_post_per_officer"
            ),
        )

    def __str__(self) -> str:
        return f"{self.officer_id}@{self.post_id}"
