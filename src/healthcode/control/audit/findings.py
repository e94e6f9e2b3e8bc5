"""What an audit can find: a closed list of stable codes, each with what it means in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from healthcode.rules.words import Lang

MEANINGS: Final[dict[str, tuple[str, str]]] = {
    "decision_differs": (
        "按其依据、规则与时刻重新推导，结果与所存判定不符",
        "derived again from its evidence, ruleset and instant, it is another decision than the stored one",
    ),
    "decision_evidence_missing": ("判定所列依据已不存在", "the decision names evidence that is not there"),
    "decision_forgets": (
        "后一判定遗漏了前一判定已知的依据",
        "it misses evidence that an earlier decision knew",
    ),
    "decision_version": ("判定的版本晚于现行状态", "its version is later than the cached answer's"),
    "decision_missing": ("答案已变而没有相应判定", "the answer changed and no decision says so"),
    "decision_not_committed": ("没有承诺叶与此判定相符", "no leaf commits to this decision as it is stored"),
    "ruleset_unknown": ("规则库中没有该规则集的此版本", "the rulebook has no such ruleset in this version"),
    "review_missing": ("依据没有复核记录", "the evidence has no review"),
    "four_eyes": ("提请人与复核人为同一人", "proposer and reviewer are the same officer"),
    "review_not_approval": ("复核结论不是同意", "the review did not approve"),
    "review_differs": ("依据所记人员与提请、复核记录不符", "it names other officers than its proposal and review do"),
    "determination_differs": (
        "依据与所提请的对象、种类、日期或内容不符",
        "it is not what was proposed: another subject, kind, day, county or field",
    ),
    "source_missing": ("依据既无复核也无签名来源", "neither a review nor a signed source stands behind it"),
    "source_not_permitted": ("该机构不得提供此类依据", "a unit of this kind may not supply this kind of evidence"),
    "batch_differs": ("依据与所属批次不符", "it is not of its batch's unit, kind and time"),
    "area_level_differs": (
        "风险区等级的自动调整与规则、病例或暂缓不符",
        "the rules, cases and holds known then give another level by rule than the stored one",
    ),
    "batch_signature": ("批次签名无效", "the unit's key did not sign this file digest"),
    "batch_rows": ("批次的依据条数与入库记录不符", "the batch has another number of rows than its import recorded"),
    "batch_content": ("批次的依据内容与入库时的摘要不符", "the batch's rows are not what its import's digest is over"),
    "rollback_missing": ("依据被撤回而无经批准的批次撤回", "it is taken back and no approved rollback says so"),
    "batch_event": ("批次与其入库记录不符", "its import event is missing or names another unit or file"),
    "state_differs": ("缓存的颜色与推导不符", "the cached color is not the answer"),
    "record_differs": ("缓存的记录与推导不符", "the cached record is not the answer's"),
    "state_missing": ("有依据而无答案", "there is evidence and no answer"),
    "told_differs": ("下发的记录与推导不符", "the edges were told something else than the answer"),
    "told_gap": ("下发的版本不连续", "versions told to the edges are missing or repeated"),
    "leaf_missing": ("应入账的事件没有承诺叶", "a ledgered event has no leaf"),
    "leaf_broken": ("承诺与盐值和内容不符", "the commitment is not to this salt, time and content"),
    "leaf_event": ("承诺内容与事件不符", "the leaf's content is not its event's"),
    "leaf_without_decision": ("承诺叶所指判定不存在", "it commits to a decision that is not stored"),
}
"""Code → what it means, (zh, en). A code is never renamed: auditors' programs read them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not follow. `row` names the row at fault, `subject` a number, never an identity."""

    code: str
    row: str
    subject: int | None = None
    detail: str = ""

    def __post_init__(self) -> None:
        if self.code not in MEANINGS:
            raise ValueError(f"{self.code!r} is no code of an audit")

    def meaning(self, lang: Lang) -> str:
        """What the code means."""
        return MEANINGS[self.code][0 if lang == "zh" else 1]

    def document(self, lang: Lang) -> dict[str, Any]:
        """The finding as JSON."""
        return {
            "code": self.code,
            "row": self.row,
            "subject": self.subject,
            "detail": self.detail,
            "meaning": self.meaning(lang),
        }
