"""Django's registration of `exchange`."""

from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    """The app `exchange`."""

    name = "healthcode.control.exchange"
    label = "exchange"
    default_auto_field = "django.db.models.BigAutoField"
