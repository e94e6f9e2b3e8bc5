"""Administrative divisions (GB/T 2260) and their changes: a record under an ended code stays reachable.

Codes are six digits; `xx0000` a province, `xxxx00` a city, the rest counties, districts and county-level cities.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, Literal

from healthcode.domain.divisions_shanxi import BEGAN, CURRENT, ENDED, OLDER_PREFECTURES, OLDER_PREFIXES

Level = Literal["province", "city", "county"]

PROVINCES: Final[dict[str, tuple[str, str]]] = {
    "11": ("北京市", "Beijing"),
    "12": ("天津市", "Tianjin"),
    "13": ("河北省", "Hebei"),
    "14": ("山西省", "Shanxi"),
    "15": ("内蒙古自治区", "Inner Mongolia"),
    "21": ("辽宁省", "Liaoning"),
    "22": ("吉林省", "Jilin"),
    "23": ("黑龙江省", "Heilongjiang"),
    "31": ("上海市", "Shanghai"),
    "32": ("江苏省", "Jiangsu"),
    "33": ("浙江省", "Zhejiang"),
    "34": ("安徽省", "Anhui"),
    "35": ("福建省", "Fujian"),
    "36": ("江西省", "Jiangxi"),
    "37": ("山东省", "Shandong"),
    "41": ("河南省", "Henan"),
    "42": ("湖北省", "Hubei"),
    "43": ("湖南省", "Hunan"),
    "44": ("广东省", "Guangdong"),
    "45": ("广西壮族自治区", "Guangxi"),
    "46": ("海南省", "Hainan"),
    "50": ("重庆市", "Chongqing"),
    "51": ("四川省", "Sichuan"),
    "52": ("贵州省", "Guizhou"),
    "53": ("云南省", "Yunnan"),
    "54": ("西藏自治区", "Tibet"),
    "61": ("陕西省", "Shaanxi"),
    "62": ("甘肃省", "Gansu"),
    "63": ("青海省", "Qinghai"),
    "64": ("宁夏回族自治区", "Ningxia"),
    "65": ("新疆维吾尔自治区", "Xinjiang"),
    "71": ("台湾省", "Taiwan"),
    "81": ("香港特别行政区", "Hong Kong"),
    "82": ("澳门特别行政区", "Macao"),
    "83": ("台湾居民居住证", "Taiwan residents"),
}
"""Province prefix to Chinese and English name; 81-83 also head the residence permits of those regions."""

REGION: Final = "140000"
_SINCE: Final = date(1949, 10, 1)


@dataclass(frozen=True, slots=True)
class Division:
    """A place with power and people; `until` and `successors` are set when its code has ended."""

    code: str
    name_zh: str
    name_en: str
    level: Level
    parent: str | None
    since: date
    until: date | None = None
    successors: tuple[str, ...] = ()

    @property
    def current(self) -> bool:
        """Whether the code is still in use."""
        return self.until is None


def _level(code: str) -> Level:
    if code.endswith("0000"):
        return "province"
    return "city" if code.endswith("00") else "county"


def _parent(code: str) -> str | None:
    if code.endswith("0000"):
        return None
    return code[:2] + "0000" if code.endswith("00") else code[:4] + "00"


def _table() -> dict[str, Division]:
    began = {code: date.fromisoformat(day) for code, day in (line.split() for line in BEGAN.strip().splitlines())}
    table: dict[str, Division] = {}
    for line in CURRENT.strip().splitlines():
        code, zh, en = line.split(" ", 2)
        table[code] = Division(code, zh, en, _level(code), _parent(code), began.get(code, _SINCE))
    for line in ENDED.strip().splitlines():
        code, day, next_codes, zh, en = line.split(" ", 4)
        until = date.fromisoformat(day)
        successors = tuple(next_codes.split(","))
        table[code] = Division(code, zh, en, _level(code), _parent(code), _SINCE, until, successors)
    return table


_DIVISIONS: Final = _table()


def division_get(code: str) -> Division:
    """The division of a code, current or ended; raises KeyError for a code that this region's table lacks."""
    return _DIVISIONS[code]


@lru_cache(maxsize=1)
def cities() -> tuple[Division, ...]:
    """The cities in use, by code."""
    return tuple(d for d in _DIVISIONS.values() if d.level == "city" and d.current)


@lru_cache(maxsize=1)
def counties() -> tuple[Division, ...]:
    """The counties, districts and county-level cities in use, by code."""
    return tuple(d for d in _DIVISIONS.values() if d.level == "county" and d.current)


def history() -> tuple[Division, ...]:
    """The divisions whose code ended or began since 2018, ended ones first."""
    ended = tuple(d for d in _DIVISIONS.values() if not d.current)
    return ended + tuple(d for d in _DIVISIONS.values() if d.current and d.since > _SINCE)


def division_current(code: str) -> str:
    """The code in use today for a code of any time, following the first successor; unknown codes come back as given."""
    seen: set[str] = set()
    while code in _DIVISIONS and not _DIVISIONS[code].current and code not in seen:
        seen.add(code)
        code = _DIVISIONS[code].successors[0]
    return code


def division_within(code: str, whole: str) -> bool:
    """Whether a division lies in another one (itself, its city, its province), today's successors included."""
    inner = division_current(code)
    outer = division_current(whole)
    if outer.endswith("0000"):
        return inner[:2] == outer[:2]
    return inner[:4] == outer[:4] if outer.endswith("00") else inner == outer


def prefix_known(code: str) -> bool:
    """Whether six digits may head an ID number: exact for this region (ended codes too), by province elsewhere."""
    if len(code) != 6 or not (code.isascii() and code.isdigit()) or code[:2] not in PROVINCES:
        return False
    if code[:2] == REGION[:2]:
        known = code in _DIVISIONS and _DIVISIONS[code].level == "county"
        return known or code in OLDER_PREFIXES or (code[:4] in OLDER_PREFECTURES and code[4:] != "00")
    return code[:2] in ("71", "81", "82", "83") or code[2:] != "0000"
