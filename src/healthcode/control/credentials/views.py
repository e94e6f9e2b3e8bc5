"""`/console/recalls/`: recall codes, decide on recalls, see what each came to."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import redirect, render

from healthcode.control.access import ActRequest, officer
from healthcode.control.credentials.models import Recall
from healthcode.control.credentials.recalls import recall_request, recall_review, recalls_listed
from healthcode.control.language import say
from healthcode.control.offices.models import Officer
from healthcode.control.offices.roles import Role

OWN = ("code", "person", "site")
WIDE = ("officer", "batch", "key")
MAY: dict[Role, tuple[str, ...]] = {
    Role.COUNTY_OFFICER: OWN,
    Role.CITY_OFFICER: (*OWN, *WIDE),
    Role.PROVINCE_DISPATCHER: WIDE,
    Role.AUDITOR: (),
}
"""Which scopes a post may ask for; the row policies of `credentials_recall` repeat it."""


@officer(*MAY, purpose="recall codes")
def recalls(request: ActRequest) -> HttpResponse:
    """The form, and the recalls so far."""
    if request.method == "POST":
        recall_request(
            act=request.act,
            scope=request.POST.get("scope", ""),
            target=request.POST.get("target", ""),
            reason=request.POST.get("reason", ""),
            now=datetime.now(UTC),
        )
        return redirect("/console/recalls/")
    scopes = [(scope, _words()[scope]) for scope in MAY[Role(request.act.role)]]
    rows = [_row(recall, request) for recall in recalls_listed()]
    return render(request, "credentials/recalls.html", {"scopes": scopes, "rows": rows})


@officer(Role.PROVINCE_DISPATCHER, purpose="decide on a recall")
def decide(request: ActRequest, recall: int) -> HttpResponse:
    """Approve or return a recall that another officer asked for."""
    if request.method == "POST":
        recall_review(
            act=request.act,
            recall=recall,
            approve=request.POST.get("verdict") == "approve",
            reason=request.POST.get("reason", ""),
            now=datetime.now(UTC),
        )
    return redirect("/console/recalls/")


def _row(recall: Recall, request: ActRequest) -> dict[str, object]:
    review, done = getattr(recall, "review", None), getattr(recall, "done", None)
    waits = review is None and recall.scope not in Recall.SINGLE
    may = waits and request.act.role == Role.PROVINCE_DISPATCHER and recall.requester_id != request.act.officer
    return {
        "recall": recall,
        "scope": _words()[recall.scope][0],
        "target": _target(recall),
        "review": review,
        "done": done,
        "waits": waits,
        "may_decide": may,
    }


def _target(recall: Recall) -> str:
    """What is recalled, as people read it: an officer by name."""
    if recall.scope == "officer":
        named = Officer.objects.filter(pk=int(recall.target)).first()
        return f"{named.name}（{recall.target}）" if named is not None else recall.target
    return recall.target


def _words() -> dict[str, tuple[str, str]]:
    """Each scope: its name, and how its target is written."""
    return {
        "code": (say("一个码", "One code"), say("扫描所得文本，或 32 位编号", "The scanned text, or its 32 digits")),
        "person": (say("一个人的全部码", "All codes of a person"), say("人员编号", "The person's number")),
        "site": (say("一个场所的场所码", "The codes of a site"), say("场所编号", "The site's number")),
        "officer": (
            say("某工作人员核发的场所码", "Codes of the sites an officer approved"),
            say("其登录名", "The officer's sign-in name"),
        ),
        "batch": (
            say("一段时间内签发的码", "Codes issued within a time"),
            say("起止时间，如 2022-10-13T08:00/2022-10-13T09:30", "From/until: 2022-10-13T08:00/2022-10-13T09:30"),
        ),
        "key": (
            say("一把签发密钥签的码", "Codes signed by an issuer key"),
            say("16 位密钥编号", "The key id, 16 digits"),
        ),
    }
