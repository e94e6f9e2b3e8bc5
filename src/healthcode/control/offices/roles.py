"""The closed list of post roles. Each route names the roles that may use it; SQL policies repeat the list."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a post is for (product page, "The people")."""

    COUNTY_OFFICER = "county_officer"
    CITY_OFFICER = "city_officer"
    PROVINCE_DISPATCHER = "province_dispatcher"
    RULE_MAKER = "rule_maker"
    RULE_APPROVER = "rule_approver"
    HOTLINE_AGENT = "hotline_agent"
    LABORATORY_CLERK = "laboratory_clerk"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class Level(StrEnum):
    """How far a post sees: the length of its division prefix."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
