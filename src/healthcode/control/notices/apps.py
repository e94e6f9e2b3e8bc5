"""Django's registration of `notices`."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """The app `notices`."""

    name = "healthcode.control.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"
