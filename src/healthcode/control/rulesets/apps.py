"""Django's registration of `rulesets`."""

from django.apps import AppConfig


class RulesetsConfig(AppConfig):
    """The app `rulesets`."""

    name = "healthcode.control.rulesets"
    label = "rulesets"
    default_auto_field = "django.db.models.BigAutoField"
