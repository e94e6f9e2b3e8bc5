"""Kinds of units that take part (Art. 16, 21, 26): who may supply which evidence is said in terms of these."""

from enum import StrEnum


class UnitKind(StrEnum):
    """What a unit is; a unit's place is its division, its name is data."""

    province_office = "province_office"
    city_office = "city_office"
    county_office = "county_office"
    laboratory = "laboratory"
    vaccination_point = "vaccination_point"
    border = "border"
    transport = "transport"
    police = "police"
    telecom = "telecom"
    national_platform = "national_platform"
    hospital = "hospital"
    community = "community"
    clinic = "clinic"
    cyberspace = "cyberspace"
    information_bureau = "information_bureau"
    technical = "technical"
    venue = "venue"
    hotline = "hotline"
    resident = "resident"


NAMES: dict[UnitKind, tuple[str, str]] = {
    UnitKind.province_office: ("省疫情防控办", "Provincial epidemic office"),
    UnitKind.city_office: ("市疫情防控办", "City epidemic office"),
    UnitKind.county_office: ("县级赋码转码专班", "County code office"),
    UnitKind.laboratory: ("核酸检测机构", "Testing laboratory"),
    UnitKind.vaccination_point: ("疫苗接种点", "Vaccination point"),
    UnitKind.border: ("口岸", "Border port"),
    UnitKind.transport: ("交通运输部门", "Transport department"),
    UnitKind.police: ("公安机关", "Police"),
    UnitKind.telecom: ("通信管理部门", "Telecom administration"),
    UnitKind.national_platform: ("国家政务服务平台", "National government-service platform"),
    UnitKind.hospital: ("医院", "Hospital"),
    UnitKind.community: ("社区", "Community"),
    UnitKind.clinic: ("基层医疗机构", "Clinic"),
    UnitKind.cyberspace: ("网信部门", "Cyberspace office"),
    UnitKind.information_bureau: ("政务信息管理局", "Information bureau"),
    UnitKind.technical: ("技术保障单位", "Technical unit"),
    UnitKind.venue: ("场所", "Venue"),
    UnitKind.hotline: ("服务热线", "Hotline"),
    UnitKind.resident: ("个人申报", "Self declaration"),
}
"""Chinese and English name of each kind, for explanations when no unit is named."""
