"""The demo's front page: invented accounts with their current one-time codes. It exists in a demo only."""

from __future__ import annotations

import time
from dataclasses import dataclass

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from healthcode.control.access import public
from healthcode.control.language import say
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.control.seed.accounts import PASSWORD, totp_secret
from healthcode.control.seed.cast import LIN, OFFICERS, RESIDENTS
from healthcode.control.seed.offices import TITLES

PERIOD = 30


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One line of the page."""

    user: str
    name: str
    title: str
    code: str


@public("show the demo's accounts")
def index(request: HttpRequest) -> HttpResponse:
    """Accounts, one-time codes and the cast's documents: all invented."""
    if not ports().demo:
        raise Problem(
            404,
            "no_demo",
            say("没有演示页面", "No demo here"),
            say("正式系统没有演示账号。", "A real deployment has none."),
        )
    counter = int(time.time()) // PERIOD
    accounts = [
        DemoAccount(
            officer.key,
            officer.name,
            say(*TITLES[officer.role]),
            format_hotp_value(hotp_value(totp_secret(officer.key, ports().blind_key), counter)),
        )
        for officer in OFFICERS
    ]
    page = {"accounts": accounts, "password": PASSWORD, "residents": RESIDENTS, "lin": LIN}
    response = render(request, "offices/demo.html", page)
    response["Refresh"] = "15"
    return response
