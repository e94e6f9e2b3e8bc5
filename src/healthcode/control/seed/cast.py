"""The cast: the same few people in the demo, the tests and the docs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from healthcode.control.offices.roles import Role
from healthcode.domain.document import Document, DocumentKind, resident_id_check_digit

COUNTY = "140728"  # Pingyao
OTHER_COUNTY = "140121"  # Qingxu, of another city
CITY = "140700"  # Jinzhong
PROVINCE = "140000"


def resident_id(division: str, birth: date, serial: int) -> Document:
    """A resident ID with a valid check digit; odd serials are men's."""
    first17 = f"{division}{birth:%Y%m%d}{serial:03d}"
    return Document(DocumentKind.resident_id, first17 + resident_id_check_digit(first17))


@dataclass(frozen=True, slots=True)
class Person:
    """A resident of the cast."""

    key: str
    name: str
    document: Document
    phone: str
    address: str = "平遥县古陶镇南大街1号"
    division: str = COUNTY


@dataclass(frozen=True, slots=True)
class OfficerRole:
    """An officer of the cast: account name, written name, role and the division of the unit."""

    key: str
    name: str
    role: Role
    division: str


LIN = Person("lin", "林晓雨", resident_id(COUNTY, date(1990, 3, 7), 126), "13800140001")
ZHAO = Person("zhao", "赵海燕", resident_id(COUNTY, date(1985, 11, 23), 148), "13800140002")
QIAN = Person("qian", "钱志远", resident_id("140123", date(1978, 6, 30), 31), "13800140003", "平遥县顺城路8号")
SUN = Person("sun", "孙桂兰", resident_id(COUNTY, date(1944, 1, 15), 62), "13800140004")
MEI = Person("mei", "孙美", resident_id(COUNTY, date(1972, 9, 9), 84), "13800140005")
BAI = Person("bai", "白建国", resident_id(COUNTY, date(1970, 5, 1), 15), "13800140006")
KONG = Person("kong", "孔小军", resident_id(COUNTY, date(1995, 12, 12), 77), "13800140007")
RESIDENTS = (LIN, ZHAO, QIAN, SUN, MEI, BAI, KONG)

ZHOU = OfficerRole("zhou", "周敏", Role.COUNTY_OFFICER, COUNTY)
HU = OfficerRole("hu", "胡强", Role.COUNTY_OFFICER, COUNTY)
LUO = OfficerRole("luo", "罗静", Role.COUNTY_OFFICER, COUNTY)
FENG = OfficerRole("feng", "冯涛", Role.COUNTY_OFFICER, OTHER_COUNTY)
GAO = OfficerRole("gao", "高原", Role.CITY_OFFICER, CITY)
SHEN = OfficerRole("shen", "沈岚", Role.PROVINCE_DISPATCHER, PROVINCE)
MA = OfficerRole("ma", "马丽", Role.HOTLINE_AGENT, PROVINCE)
WU = OfficerRole("wu", "吴刚", Role.AUDITOR, PROVINCE)
TAO = OfficerRole("tao", "陶然", Role.OPERATOR, PROVINCE)
HE = OfficerRole("he", "何洁", Role.LABORATORY_CLERK, COUNTY)
NING = OfficerRole("ning", "宁远", Role.RULE_MAKER, PROVINCE)
YAN = OfficerRole("yan", "严正", Role.RULE_APPROVER, PROVINCE)
OFFICERS = (ZHOU, HU, LUO, FENG, GAO, SHEN, MA, WU, TAO, HE, NING, YAN)
