"""Django's registration of `audit`."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The app `audit`."""

    name = "healthcode.control.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
