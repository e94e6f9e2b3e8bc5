"""Venue types: the list is data (facts: 39 observed in Linfen and those that the regulation and ten measures name)."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class VenueType:
    """One type of place; at a `medical` one no policy may refuse (codes-and-edge, outcome and verdict)."""

    code: str
    zh: str
    en: str
    medical: bool = False


_TABLE = """
hospital|医疗机构|Medical institution|medical
isolation_site|集中隔离场所|Central isolation site
transfer_vehicle|转运车辆|Transfer vehicle
railway|铁路客运|Railway passenger transport
road_passenger|道路客运|Road passenger transport
aviation|民航|Civil aviation
bus|公共汽电车|Bus and trolleybus
metro|轨道交通|Urban rail
taxi|出租汽车|Taxi
pharmacy|药店|Pharmacy
hairdresser|理发美容|Hairdresser and beauty salon
foot_bath|足浴|Foot bath
public_bath|公共浴室|Public bath
card_room|棋牌室|Chess and card room
cinema|影剧院|Cinema
dance_hall|歌舞娱乐|Song and dance venue
game_hall|游艺/上网|Games and internet hall
theatre|剧场|Theatre
market|农集贸市场|Farm and trade market
residential|小区|Residential compound
restaurant|餐厅|Restaurant
cafe|咖啡馆/酒吧/茶座|Café, bar, tea house
bank|银行|Bank
office_building|写字楼|Office building
hotel|酒店|Hotel
guesthouse|宾馆|Guesthouse
supermarket|商场超市|Shopping centre and supermarket
museum|展览馆/博物馆/美术馆|Exhibition hall, museum, art gallery
library|图书馆/文化馆/会展|Library, cultural centre, convention
scenic_spot|旅游景点|Scenic spot
training|教培机构|Training institution
enterprise|企业|Enterprise
government|机关事业|Government and public institution
postal|邮政快递|Post and parcel
stadium|体育场馆|Sports venue
swimming|游泳场所|Swimming pool
gym|健身场所|Gym
imported_goods|进口物资转运|Imported goods transfer
other|其他|Other
checkpoint|交通卡口|Traffic checkpoint
park|公园|Park
care_home|养老院|Care home
welfare_home|福利院|Welfare home
nursery|托幼机构|Nursery
school|中小学|Primary and secondary school
"""


def _read(table: str) -> dict[str, VenueType]:
    rows = (line.split("|") for line in table.strip().splitlines())
    return {row[0]: VenueType(row[0], row[1], row[2], row[3:] == ["medical"]) for row in rows}


VENUE_TYPES: Final[dict[str, VenueType]] = _read(_TABLE)
OBSERVED_IN_LINFEN: Final = 39
"""How many of the first rows were observed; the rest are named by the regulation and the ten measures."""


def venue_type_get(code: str) -> VenueType:
    """The type of a code; raises KeyError naming the code."""
    return VENUE_TYPES[code]
