"""The frame around every console page: whose places these are, in which language, in which mode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from healthcode.control.access import Act
from healthcode.control.language import say
from healthcode.control.offices.models import Officer, Unit
from healthcode.control.offices.roles import Role
from healthcode.control.ports import ports


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the left column."""

    url: str
    zh: str
    en: str
    icon: str
    roles: frozenset[Role]

    @property
    def title(self) -> str:
        """Its name in the language of the request."""
        return say(self.zh, self.en)


PLACES = (
    Place("/console/county/", "待办线索", "Leads", "list", frozenset({Role.COUNTY_OFFICER})),
    Place("/console/county/reviews/", "待复核", "Reviews", "check", frozenset({Role.COUNTY_OFFICER})),
    Place("/console/county/venues/", "场所审核", "Venues", "building", frozenset({Role.COUNTY_OFFICER})),
    Place("/console/county/tonight/", "今晚解除", "Tonight", "clock", frozenset({Role.COUNTY_OFFICER})),
    Place("/console/county/calls/", "电话告知", "To call", "people", frozenset({Role.COUNTY_OFFICER})),
    Place("/console/county/areas/", "风险区", "Risk areas", "place", frozenset({Role.COUNTY_OFFICER})),
    Place(
        "/console/city/areas/",
        "风险区",
        "Risk areas",
        "place",
        frozenset({Role.CITY_OFFICER, Role.PROVINCE_DISPATCHER}),
    ),
    Place(
        "/console/policies/",
        "查验条件",
        "Gate conditions",
        "check",
        frozenset(
            {
                Role.COUNTY_OFFICER,
                Role.CITY_OFFICER,
                Role.PROVINCE_DISPATCHER,
                Role.RULE_APPROVER,
                Role.AUDITOR,
            }
        ),
    ),
    Place(
        "/console/imports/",
        "数据导入",
        "Imports",
        "upload",
        frozenset({Role.PROVINCE_DISPATCHER, Role.LABORATORY_CLERK}),
    ),
    Place(
        "/console/province/", "全省进度", "Progress", "list", frozenset({Role.PROVINCE_DISPATCHER, Role.CITY_OFFICER})
    ),
    Place(
        "/console/province/tonight/",
        "今晚解除",
        "Tonight",
        "clock",
        frozenset({Role.PROVINCE_DISPATCHER, Role.CITY_OFFICER}),
    ),
    Place("/console/province/nobody/", "无人认领", "Nobody's queue", "people", frozenset({Role.PROVINCE_DISPATCHER})),
    Place(
        "/console/province/runs/",
        "全员判定",
        "Runs",
        "list",
        frozenset({Role.PROVINCE_DISPATCHER, Role.OPERATOR}),
    ),
    Place(
        "/console/province/rulesets/",
        "规则集",
        "Rulesets",
        "list",
        frozenset({Role.RULE_MAKER, Role.RULE_APPROVER, Role.AUDITOR}),
    ),
    Place(
        "/console/recalls/",
        "收回健康码",
        "Recalls",
        "cross",
        frozenset({Role.COUNTY_OFFICER, Role.CITY_OFFICER, Role.PROVINCE_DISPATCHER, Role.AUDITOR}),
    ),
    Place("/console/audit/", "审计记录", "Audit", "search", frozenset({Role.AUDITOR})),
)
HOME = {
    Role.COUNTY_OFFICER: "/console/county/",
    Role.CITY_OFFICER: "/console/province/",
    Role.PROVINCE_DISPATCHER: "/console/province/",
    Role.RULE_MAKER: "/console/province/rulesets/",
    Role.RULE_APPROVER: "/console/province/rulesets/",
    Role.LABORATORY_CLERK: "/console/imports/",
    Role.AUDITOR: "/console/audit/",
    Role.OPERATOR: "/console/province/runs/",
}


def context(request: HttpRequest) -> dict[str, Any]:
    """Template context of every page: demo mark, places of this role, officer and unit."""
    act: Act | None = getattr(request, "act", None)
    base: dict[str, Any] = {"demo": ports().demo, "act": act, "english": say("", "1")}
    if act is None or act.officer is None or act.post is None:
        return base
    officer = Officer.objects.get(pk=act.officer)
    unit = Unit.objects.get(posts__id=act.post)
    places = [place for place in PLACES if act.role in place.roles]
    return {**base, "places": places, "officer": officer, "unit": unit, "here": place_of(request.path, places)}


def place_of(path: str, places: Sequence[Place]) -> str:
    """The address of the place that a page belongs to: its own, or the longest that its address begins with."""
    return max((place.url for place in places if path.startswith(place.url)), key=len, default="")
