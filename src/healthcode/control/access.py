"""Who may use a route. Every view is wrapped by exactly one of `public`, `resident`, `officer`; a house test looks.

The wrapper opens the request's one transaction and begins it with `act_begin`, so that row policies know who acts.
A view therefore renders before it returns (`render`, never a lazy template response), and a refusal is raised, which
rolls everything back.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from hashlib import sha256
from typing import Any, Literal, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from healthcode.control.offices.roles import Role
from healthcode.control.problems import Problem

OFFICER_COOKIE = "hc_act"
RESIDENT_COOKIE = "hc_person"

Kind = Literal["public", "resident", "officer"]
V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """What a route states about itself."""

    kind: Kind
    roles: frozenset[Role]
    purpose: str


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts in this transaction, as the database confirmed it."""

    kind: str
    officer: int | None = None
    post: int | None = None
    role: str = ""
    scope: str | None = None
    division: str = ""
    subject: int | None = None


class ActRequest(HttpRequest):
    """A request inside an act."""

    act: Act


def route_access(view: Callable[..., Any]) -> RouteAccess | None:
    """What `view` states, or None where it states nothing (a defect)."""
    found = getattr(view, "access", None)
    return found if isinstance(found, RouteAccess) else None


def token_hash(token: str) -> bytes:
    """What the session table holds instead of the token: SHA-256, 32 bytes (tokens have 256 random bits)."""
    return sha256(token.encode()).digest()


def session_token() -> str:
    """A new random session token."""
    return secrets.token_urlsafe(32)


def act_begin(token: str, purpose: str) -> Act:
    """Begin an act in the current transaction.

    Raises:
        Problem: 401 where the session is unknown, over, or without a current post.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM act_begin(%s, %s)", [token, purpose])
            row = cursor.fetchone()
    except DatabaseError as error:
        if getattr(error.__cause__, "sqlstate", None) != "28000":
            raise
        raise Problem(401, "not_signed_in", "Not signed in", "Sign in again to go on.") from error
    return Act(*row)


def act_begin_public(purpose: str) -> Act:
    """Begin an act by somebody not signed in: it sees nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT act_begin_public(%s)", [purpose])
    return Act("public")


def act_become_resident(subject: int) -> Act:
    """Go on as the person that a public act has just proved to be."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT act_become_resident(%s)", [subject])
    return Act("resident", subject=subject)


def session_open(*, kind: Literal["officer", "resident"], owner: int, hours: int) -> str:
    """Open a session for an officer or resident; returns its token, which is stored nowhere."""
    token = session_token()
    officer, subject = (owner, None) if kind == "officer" else (None, owner)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT act_session_open(%s, %s, %s, %s, make_interval(hours => %s))",
            [token_hash(token), kind, officer, subject, hours],
        )
    return token


def session_close(token: str) -> int | None:
    """End a session at once; returns the officer whose it was, None where it was a resident's or not open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT act_session_close(%s)", [token_hash(token)])
        officer: int | None = cursor.fetchone()[0]
    return officer


def cookie_set(response: HttpResponse, name: str, token: str, *, hours: int) -> None:
    """Hand a session token to the browser: not readable by scripts, never sent from other sites."""
    response.set_cookie(
        name, token, max_age=hours * 3600, httponly=True, samesite="Strict", secure=settings.ACT_COOKIE_SECURE
    )


def public(purpose: str) -> Callable[[V], V]:
    """Open to everybody."""
    return _wrap(RouteAccess("public", frozenset(), purpose))


def unguarded(purpose: str) -> Callable[[V], V]:
    """Open to everybody and without a transaction: health checks and static words, which must answer without it."""

    def mark(view: V) -> V:
        view.access = RouteAccess("public", frozenset(), purpose)  # type: ignore[attr-defined]
        return view

    return mark


def resident(purpose: str) -> Callable[[V], V]:
    """Open to a signed-in resident, about herself."""
    return _wrap(RouteAccess("resident", frozenset(), purpose))


def officer(*roles: Role, purpose: str) -> Callable[[V], V]:
    """Open to officers who currently hold a post of one of `roles`."""
    return _wrap(RouteAccess("officer", frozenset(roles), purpose))


def _wrap(access: RouteAccess) -> Callable[[V], V]:
    def decorate(view: V) -> V:
        @wraps(view)
        def inside_act(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            _same_origin(request)
            with transaction.atomic():
                request.act = _begin(request, access)  # type: ignore[attr-defined]  # ActRequest from here on
                return view(request, *args, **kwargs)

        inside_act.access = access  # type: ignore[attr-defined]
        return inside_act  # type: ignore[return-value]

    return decorate


def _begin(request: HttpRequest, access: RouteAccess) -> Act:
    if access.kind == "public":
        return act_begin_public(access.purpose)
    cookie, sign_in = (OFFICER_COOKIE, "/console/enter") if access.kind == "officer" else (RESIDENT_COOKIE, "/")
    try:
        act = act_begin(request.COOKIES.get(cookie, ""), access.purpose)
    except Problem as problem:
        problem.headers["Location"] = sign_in
        raise
    if act.kind != access.kind or (access.roles and act.role not in access.roles):
        raise Problem(403, "not_permitted", "Not permitted", "Your post may not use this page.")
    return act


def _same_origin(request: HttpRequest) -> None:
    """Refuse a changing request that a browser sent from elsewhere (the API has no form token of its own)."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if site not in {"same-origin", "none"}:
        raise Problem(403, "cross_site", "Refused", "This request came from another site.")
