"""Offices of the whole province and the officers of the cast. Needs role `migrate`: the application appoints nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.hashers import make_password

from healthcode.control.offices.models import Account, Appointment, Officer, Post, Unit
from healthcode.control.offices.roles import Role
from healthcode.control.seed.cast import COUNTY, OFFICERS, PROVINCE, OfficerRole
from healthcode.domain.division import Division, cities, counties
from healthcode.domain.unit import NAMES, UnitKind

TITLES = {
    Role.COUNTY_OFFICER: ("核查赋码岗", "Investigating officer"),
    Role.CITY_OFFICER: ("督办岗", "Supervising officer"),
    Role.PROVINCE_DISPATCHER: ("数据分发岗", "Dispatcher"),
    Role.RULE_MAKER: ("规则起草岗", "Rule maker"),
    Role.RULE_APPROVER: ("规则批准岗", "Rule approver"),
    Role.HOTLINE_AGENT: ("热线岗", "Hotline agent"),
    Role.LABORATORY_CLERK: ("检测报送岗", "Laboratory clerk"),
    Role.AUDITOR: ("审计岗", "Auditor"),
    Role.OPERATOR: ("技术保障岗", "Operator"),
}
UNIT_OF_ROLE = {
    Role.COUNTY_OFFICER: UnitKind.county_office,
    Role.CITY_OFFICER: UnitKind.city_office,
    Role.PROVINCE_DISPATCHER: UnitKind.province_office,
    Role.RULE_MAKER: UnitKind.province_office,
    Role.RULE_APPROVER: UnitKind.province_office,
    Role.HOTLINE_AGENT: UnitKind.hotline,
    Role.LABORATORY_CLERK: UnitKind.laboratory,
    Role.AUDITOR: UnitKind.information_bureau,
    Role.OPERATOR: UnitKind.technical,
}


def offices_seed(*, laboratory_key: bytes, password: str, totp_secrets: Mapping[str, str], now: datetime) -> None:
    """Make every office of the province and the cast's accounts; nothing where offices exist already.

    `laboratory_key` is the public key (65 bytes) of the county's laboratory; `totp_secrets` has a Base32 secret for
    each key of the cast's officers.
    """
    if Unit.objects.exists():
        return
    units_seed(laboratory_key)
    hashed = make_password(password)
    for officer in OFFICERS:
        officer_seed(officer, hashed, totp_secrets[officer.key], now)


def units_seed(laboratory_key: bytes) -> None:
    """Province, cities, counties, and what the invented county has besides."""
    province = _unit(UnitKind.province_office, PROVINCE, "山西省疫情防控办", "Shanxi Provincial Epidemic Office", None)
    for city in cities():
        above = _office(UnitKind.city_office, city, "疫情防控办", "Epidemic Office", province)
        for county in counties():
            if county.parent == city.code:
                _office(UnitKind.county_office, county, "赋码转码专班", "Code Office", above)
    for kind in (UnitKind.hotline, UnitKind.information_bureau, UnitKind.technical, UnitKind.police):
        zh, en = NAMES[kind]
        _unit(kind, PROVINCE, "山西省" + zh, "Shanxi " + en, province)
    county_office = Unit.objects.get(kind=UnitKind.county_office, division=COUNTY)
    laboratory = _unit(UnitKind.laboratory, COUNTY, "平遥县核酸检测中心", "Pingyao Testing Laboratory", county_office)
    laboratory.signing_key = laboratory_key
    laboratory.save(update_fields=["signing_key"])
    _unit(UnitKind.hospital, COUNTY, "平遥县人民医院", "Pingyao People's Hospital", county_office)
    _unit(UnitKind.resident, PROVINCE, "个人申报", "Self declaration", province)


def officer_seed(officer: OfficerRole, hashed_password: str, totp_secret: str, now: datetime) -> Officer:
    """One officer with account, second factor, post and filed appointment."""
    unit = Unit.objects.get(kind=UNIT_OF_ROLE[officer.role], division=officer.division)
    zh, en = TITLES[officer.role]
    post, _ = Post.objects.get_or_create(unit=unit, role=officer.role, defaults={"title_zh": zh, "title_en": en})
    account = Account.objects.create(username=officer.key, password=hashed_password)
    TOTP.activate(account, totp_secret)
    person = Officer.objects.create(account=account, name=officer.name)
    Appointment.objects.create(officer=person, post=post, since=now, filed_at=now)
    return person


def _office(kind: UnitKind, division: Division, zh: str, en: str, above: Unit) -> Unit:
    return _unit(kind, division.code, division.name_zh + zh, f"{division.name_en} {en}", above)


def _unit(kind: UnitKind, division: str, zh: str, en: str, above: Unit | None) -> Unit:
    # 0000 numbers: never a real office's
    return Unit.objects.create(
        kind=kind, division=division, name_zh=zh, name_en=en, parent=above, phone=f"0354-{division[2:]}000"
    )
