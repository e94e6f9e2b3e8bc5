"""Invented people of the county: a fixed seed makes the same people every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta

from healthcode.control.seed.cast import COUNTY, RESIDENTS, Person, resident_id

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂芬红玲建国华玉梅文斌鑫雨晨子轩浩宇欣怡"
TOWNS = ("古陶镇", "段村镇", "东泉镇", "洪善镇", "宁固镇", "南政乡", "中都乡", "岳壁乡", "卜宜乡", "襄垣乡")
# most were born here; some elsewhere in the province or the country: the ID prefix is not the address
BIRTHPLACES = (COUNTY,) * 8 + ("140121", "140105", "140423", "130102", "610102", "140202")
FIRST_PHONE = 13900000000
FEWEST = 40  # the cast, and enough others for a morning of leads


def people_invent(count: int, *, seed: int = 20221013) -> Iterator[Person]:
    """`count` people, at least FEWEST: the cast first, then others with valid, unique identity numbers and phones."""
    count = max(count, FEWEST)
    yield from RESIDENTS
    chance = random.Random(seed)  # noqa: S311  # invented people, not secrets
    taken = {person.document.number for person in RESIDENTS}
    for index in range(count - len(RESIDENTS)):
        yield _person(chance, index, taken)


def _person(chance: random.Random, index: int, taken: set[str]) -> Person:
    while True:
        birth = date(1935, 1, 1) + timedelta(days=chance.randrange(84 * 365))
        document = resident_id(chance.choice(BIRTHPLACES), birth, chance.randrange(1, 1000))
        if document.number not in taken:
            break
    taken.add(document.number)
    name = chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2, 2))))
    address = f"平遥县{chance.choice(TOWNS)}{chance.randrange(1, 400)}号"
    return Person(f"p{index}", name, document, str(FIRST_PHONE + index), address)
