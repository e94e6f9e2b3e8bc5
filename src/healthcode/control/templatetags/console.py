"""`{% t "中文" "English" %}` and the shapes and clocks of the console templates."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from healthcode.control.language import say
from healthcode.domain.time import date_of

register = template.Library()


@register.simple_tag
def t(zh: str, en: str) -> str:
    """The text in the language of the request."""
    return say(zh, en)


@register.filter
def both(words: dict[str, str]) -> str:
    """The entry of a {"zh": …, "en": …} mapping in the language of the request."""
    return say(words["zh"], words["en"])


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of the sprite; decorative, so hidden from screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#icon-{}"/></svg>', static("healthcode/sprite.svg"), name
    )


@register.simple_tag
def shape(name: str) -> SafeString:
    """A state's shape; its word stands beside it."""
    return format_html(
        '<svg class="shape" aria-hidden="true"><use href="{}#{}"/></svg>', static("healthcode/sprite.svg"), name
    )


@register.simple_tag
def due(at: datetime) -> SafeString:
    """A clock that counts down to `at`; the script keeps word and shape true."""
    return format_html(
        '<span class="clock" data-due="{}">{}<span data-clock-text>{}</span></span>',
        at.isoformat(),
        icon("clock"),
        at.astimezone().strftime("%m-%d %H:%M"),
    )


@register.filter
def day(number: int | None) -> str:
    """A local calendar day number as a date."""
    return "" if number is None else date_of(number).isoformat()
