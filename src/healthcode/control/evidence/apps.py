"""Django's registration of `evidence`."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """The app `evidence`."""

    name = "healthcode.control.evidence"
    label = "evidence"
    default_auto_field = "django.db.models.BigAutoField"
