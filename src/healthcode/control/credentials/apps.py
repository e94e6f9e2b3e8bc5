"""Django's registration of `credentials`."""

from django.apps import AppConfig


class CredentialsConfig(AppConfig):
    """The app `credentials`."""

    name = "healthcode.control.credentials"
    label = "credentials"
    default_auto_field = "django.db.models.BigAutoField"
