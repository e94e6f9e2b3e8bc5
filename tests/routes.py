"""Every route of control with what it states about its access, read from the URL map itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from healthcode.control.access import RouteAccess

# routes of libraries: what they are for, and why they need no access of ours
THIRD_PARTY = {
    "/accounts/": "allauth: officers' password and second factor; opens no act",
    "/api/docs": "django-ninja: the API's documentation",
    "/api/openapi.json": "django-ninja: the API's description",
}
ROOT = "/api/"  # django-ninja: the name of the API's root; answers 404


@dataclass(frozen=True)
class Route:
    """One URL of control; `path` keeps its parameters as `<int:name>`."""

    path: str
    methods: tuple[str, ...]
    access: RouteAccess | None

    @property
    def third_party(self) -> bool:
        """Whether a library answers it."""
        return self.path == ROOT or self.path.startswith(tuple(THIRD_PARTY))

    def __str__(self) -> str:
        return f"{'|'.join(self.methods)} {self.path}"


def routes() -> list[Route]:
    """All of them, sorted by path."""
    from django.urls import get_resolver

    return sorted(_walk(get_resolver().url_patterns, "/"), key=lambda route: (route.path, route.methods))


def _walk(patterns: list[Any], prefix: str) -> Iterator[Route]:
    from django.urls import URLPattern

    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield from _of_view(path, pattern.callback)
        else:
            yield from _walk(pattern.url_patterns, path)


def _of_view(path: str, view: Callable[..., Any]) -> Iterator[Route]:
    from healthcode.control.access import route_access

    operations = _ninja_operations(view)
    if operations is None:
        yield Route(path, ("GET", "POST"), route_access(view))
        return
    for operation in operations:
        yield Route(path, tuple(operation.methods), route_access(operation.view_func))


def _ninja_operations(view: Callable[..., Any]) -> list[Any] | None:
    """The operations behind a view of ninja's: it closes over, or wraps, the PathView that has them."""
    cells = [cell.cell_contents for cell in getattr(view, "__closure__", None) or ()]
    inner = getattr(view, "func", view)
    for candidate in (inner, getattr(inner, "__self__", None), *cells):
        found = getattr(candidate, "operations", None)
        if found is not None:
            return list(found)
    return None
