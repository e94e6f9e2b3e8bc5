"""Django's registration of `policies`."""

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    """The app `policies`."""

    name = "healthcode.control.policies"
    label = "policies"
    default_auto_field = "django.db.models.BigAutoField"
