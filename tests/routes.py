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


@dataclass(frozen=True)
class Route:
    """One URL of control; `path` keeps its parameters as `<int:name>`."""

    path: str
    methods: tuple[str, ...]
    access: RouteAccess | None

    @property
    def third_party(self) -> bool:
        """Whether a library answers it."""
        return self.path.startswith(tuple(THIRD_PARTY))

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

    operations = getattr(getattr(view, "__self__", None), "operations", None)
    if operations is None:  # a Django view; ninja's are methods of a PathView
        closure = [cell.cell_contents for cell in view.__closure__ or ()]
        operations = next((getattr(c, "operations", None) for c in closure if hasattr(c, "operations")), None)
    if operations is None:
        yield Route(path, ("GET", "POST"), route_access(view))
        return
    for operation in operations:
        yield Route(path, tuple(operation.methods), route_access(operation.view_func))
