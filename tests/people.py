"""The cast of every test. Lin: all in order. Zhao: close contact. Qian: red by mistake. Sun: 78, no phone; her daughter
Mei carries her code. Zhou, Hu, Luo: officers of one county; Feng: of another. Gao: city. Shen: province. Ma: hotline.
Wu: auditor. Tao: operator. He: laboratory clerk. Bai: venue manager. Kong: inspector."""

from healthcode.control.seed.cast import (
    BAI,
    CITY,
    COUNTY,
    FENG,
    GAO,
    HE,
    HU,
    KONG,
    LIN,
    LUO,
    MA,
    MEI,
    OFFICERS,
    OTHER_COUNTY,
    PROVINCE,
    QIAN,
    RESIDENTS,
    SHEN,
    SUN,
    TAO,
    WU,
    ZHAO,
    ZHOU,
    OfficerRole,
    Person,
)

__all__ = [
    "BAI", "CITY", "COUNTY", "FENG", "GAO", "HE", "HU", "KONG", "LIN", "LUO", "MA", "MEI", "OFFICERS", "OTHER_COUNTY",
    "PROVINCE", "QIAN", "RESIDENTS", "SHEN", "SUN", "TAO", "WU", "ZHAO", "ZHOU", "OfficerRole", "Person",
]
