"""Entering and leaving the console: from password and second factor to a session that can act."""

from __future__ import annotations

from datetime import UTC, datetime

from allauth.account.internal.flows.logout import logout
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from healthcode.control.access import OFFICER_COOKIE, ActRequest, cookie_set, officer, public
from healthcode.control.console import HOME
from healthcode.control.language import say
from healthcode.control.offices.roles import Role
from healthcode.control.offices.services import officer_enter, officer_leave
from healthcode.control.problems import Problem

SESSION_HOURS = 12


@public("sign in")
def enter(request: HttpRequest) -> HttpResponse:
    """After allauth's sign-in: open the acting session, if the second factor was really used."""
    if not request.user.is_authenticated:
        return redirect("/accounts/login/?" + urlencode({"next": request.get_full_path()}))
    if not is_mfa_enabled(request.user):
        return render(request, "offices/second_factor.html")
    methods = {m.get("method") for m in request.session.get("account_authentication_methods", [])}
    if "mfa" not in methods:
        raise Problem(
            403,
            "second_factor_missing",
            say("缺少第二因素", "Second factor missing"),
            say(
                "请退出后用密码和动态口令（或安全密钥）重新登录。",
                "Sign out, then sign in with password and one-time code or key.",
            ),
        )
    token = officer_enter(account_id=request.user.pk, hours=SESSION_HOURS, now=datetime.now(UTC))
    wanted = request.GET.get("next", "")
    response = redirect(wanted if wanted.startswith("/console/") else "/console/")
    cookie_set(response, OFFICER_COOKIE, token, hours=SESSION_HOURS)
    return response


@require_POST
@public("sign out")
def leave(request: HttpRequest) -> HttpResponse:
    """End the acting session and the sign-in."""
    officer_leave(token=request.COOKIES.get(OFFICER_COOKIE, ""), now=datetime.now(UTC))
    logout(request)
    response = redirect("/accounts/login/")
    response.delete_cookie(OFFICER_COOKIE, samesite="Strict")
    return response


@officer(*Role, purpose="find one's work")
def home(request: ActRequest) -> HttpResponse:
    """The console's door: to the place where this post's work is."""
    place = HOME.get(Role(request.act.role))
    if place is None:
        return render(request, "offices/no_place.html")
    return redirect(place)
