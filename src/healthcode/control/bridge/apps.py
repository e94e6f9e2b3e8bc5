"""Django's registration of `bridge`."""

from django.apps import AppConfig


class BridgeConfig(AppConfig):
    """The app `bridge`."""

    name = "healthcode.control.bridge"
    label = "bridge"
    default_auto_field = "django.db.models.BigAutoField"
