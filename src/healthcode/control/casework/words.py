"""What the consoles call fields, choices, states and events, in both languages."""

from __future__ import annotations

from typing import Final

from healthcode.control.audit.names import EventName
from healthcode.control.casework.states import ItemState, Outcome
from healthcode.control.language import say

Words = tuple[str, str]

FIELDS: Final[dict[str, Words]] = {
    "category": ("类别", "Category"),
    "case_ref": ("病例编号", "Case number"),
    "hospital": ("医院", "Hospital"),
    "index_ref": ("关联病例", "Linked case"),
    "setting": ("接触场景", "Setting"),
    "linked_tests": ("关联密接前两次检测", "Linked contact's first two tests"),
    "linked_until": ("关联密接解除日", "Linked contact ends on"),
    "country": ("出发国家或地区", "Country of departure"),
    "port": ("入境口岸", "Port of entry"),
    "transport": ("航班或车次", "Flight or train"),
    "area": ("风险区编号", "Risk area"),
    "relation": ("与风险区的关系", "Relation to the area"),
    "level": ("风险等级", "Level"),
    "venue": ("场所", "Venue"),
    "presence": ("到访依据", "How presence is known"),
    "post": ("岗位", "Post"),
    "employer": ("单位", "Employer"),
    "symptoms": ("症状", "Symptoms"),
    "clinic": ("就诊机构", "Clinic"),
}
CHOICES: Final[dict[str, Words]] = {
    "confirmed": ("确诊", "confirmed"),
    "asymptomatic": ("无症状", "asymptomatic"),
    "suspected": ("疑似", "suspected"),
    "screening_positive": ("初筛阳性", "screening positive"),
    "household": ("共同居住", "household"),
    "work": ("同事", "work"),
    "meal": ("同餐", "meal"),
    "transport": ("同乘", "transport"),
    "venue": ("同场所", "venue"),
    "care": ("照护", "care"),
    "other": ("其他", "other"),
    "pending": ("待出", "pending"),
    "negative": ("阴性", "negative"),
    "positive": ("阳性", "positive"),
    "resident": ("居住", "resident"),
    "stayer": ("停留", "staying"),
    "left": ("已离开", "left"),
    "high": ("高风险", "high"),
    "medium": ("中风险", "medium"),
    "low": ("低风险", "low"),
    "inspected": ("被查验", "inspected"),
    "rotating": ("扫动态码", "rotating code"),
    "investigated": ("流调核实", "investigated"),
    "isolation_site": ("集中隔离点", "isolation site"),
    "fever_clinic": ("发热门诊", "fever clinic"),
    "port": ("口岸", "port"),
    "cold_chain": ("冷链", "cold chain"),
    "laboratory": ("检测机构", "laboratory"),
    "fever": ("发热", "fever"),
    "cough": ("咳嗽", "cough"),
    "sore_throat": ("咽痛", "sore throat"),
    "loss_of_smell": ("嗅觉减退", "loss of smell"),
    "diarrhoea": ("腹泻", "diarrhoea"),
    "shortness_of_breath": ("气促", "shortness of breath"),
}
STATES: Final[dict[str, Words]] = {
    ItemState.QUEUED: ("待领取", "Waiting"),
    ItemState.ACCEPTED: ("核查中", "In hand"),
    ItemState.PROPOSED: ("待复核", "To review"),
    ItemState.CLOSED: ("已办结", "Closed"),
}
OUTCOMES: Final[dict[str, Words]] = {
    "withdrawn": ("线索已撤回", "Withdrawn with its batch"),
    Outcome.CONFIRM: ("认定", "Confirm"),
    Outcome.EXCLUDE: ("排除", "Exclude"),
    Outcome.TRANSFER: ("移交", "Transfer"),
}
EVENTS: Final[dict[str, Words]] = {
    EventName.LEAD_ACCEPTED: ("领取", "Accepted"),
    EventName.LEAD_HANDED_BACK: ("退回队列", "Handed back"),
    EventName.LEAD_ROUTED: ("省专班指派到县", "Routed by the province"),
    EventName.DETERMINATION_PROPOSED: ("提请", "Proposed"),
    EventName.DETERMINATION_APPROVED: ("复核通过", "Approved"),
    EventName.DETERMINATION_RETURNED: ("复核退回", "Returned"),
    EventName.IDENTITY_UNMASKED: ("查看联系方式（本人可见）", "Contact details opened (the person sees it)"),
}


def word(table: dict[str, Words], key: str) -> str:
    """The entry in the language of the request; the key itself where nobody has named it."""
    zh, en = table.get(key, (key, key))
    return say(zh, en)
