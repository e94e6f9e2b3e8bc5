"""Django's registration of `venues`."""

from django.apps import AppConfig


class VenuesConfig(AppConfig):
    """The app `venues`."""

    name = "healthcode.control.venues"
    label = "venues"
    default_auto_field = "django.db.models.BigAutoField"
