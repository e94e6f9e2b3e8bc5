"""The closed list of the edge's errors: stable code, HTTP status, what happened and what to do, in both languages."""

from collections.abc import Mapping
from typing import NamedTuple


class Words(NamedTuple):
    """Status and words of one problem."""

    status: int
    title: Mapping[str, str]
    detail: Mapping[str, str]


def _words(status: int, zh: str, en: str, zh_detail: str, en_detail: str) -> Words:
    return Words(status, {"zh": zh, "en": en}, {"zh": zh_detail, "en": en_detail})


PROBLEMS: Mapping[str, Words] = {
    "bad_request": _words(
        400, "请求无法读取", "The request cannot be read",
        "请求体须为符合接口说明的 JSON，见 /v1/openapi.json。",
        "The body must be JSON as described in /v1/openapi.json.",
    ),
    "bundle_not_ready": _words(
        503, "离线数据尚未就绪", "The offline bundle is not ready",
        "本机还没有收齐离线数据，请稍后再取；联网查验不受影响。",
        "This host has not received all of it yet. Ask again shortly; checks online go on.",
    ),
    "body_too_large": _words(
        413, "请求过大", "The request is too large",
        "请求体不得超过 64 KiB；批量查验每次最多 50 个码。",
        "A body may have 64 KiB at most; a batch may hold 50 codes.",
    ),
    "not_found": _words(
        404, "没有这个地址", "There is no such address",
        "请核对网址；接口列表见 /v1/openapi.json。",
        "Check the address; the interfaces are listed in /v1/openapi.json.",
    ),
    "method_not_allowed": _words(
        405, "不支持这种请求方式", "This method is not possible here",
        "请改用 Allow 标头中列出的方式。", "Use a method named in the Allow header.",
    ),
    "session_missing": _words(
        401, "尚未登录", "Not signed in",
        "请先用手机号登录，或重新打开邀请链接。", "Sign in by phone number, or open the invitation link again.",
    ),
    "session_expired": _words(
        401, "登录已过期", "The session has expired",
        "请用手机号重新登录。", "Sign in again by phone number.",
    ),
    "session_recalled": _words(
        401, "登录已作废", "The session has been recalled",
        "本人撤回、换机或挂失后，旧的登录即作废；请重新登录。",
        "After a withdrawal, a new phone or a loss report an old session is void; sign in again.",
    ),
    "session_forged": _words(
        401, "登录凭据无效", "The session is not genuine",
        "请删除本页数据后重新登录。", "Clear this page's data and sign in again.",
    ),
    "wrong_session": _words(
        403, "此登录不能这样用", "This session may not do that",
        "亮码须用本人登录，查验须用查验员登录。",
        "A resident's session shows codes; an inspector's session checks them.",
    ),
    "device_signature": _words(
        401, "手机签名不符", "The phone's signature does not match",
        "此登录只能在申请时的手机上使用；换机请重新登录。",
        "This session works only on the phone it was made for; sign in again on a new phone.",
    ),
    "venue_code_unreadable": _words(
        422, "这不是场所码", "This is not a venue code",
        "请扫描场所张贴或屏幕显示的场所码；可疑的码请向现场人员报告。",
        "Scan the venue's poster or screen; report a suspicious code to the staff.",
    ),
    "venue_code_expired": _words(
        422, "场所码已过期", "The venue code has expired",
        "屏幕上的码每分钟更换，请当场重新扫描。",
        "The code on the screen changes every minute; scan it again on the spot.",
    ),
    "venue_code_forged": _words(
        422, "场所码不真实", "The venue code is not genuine",
        "此码不是本系统签发，请勿相信，并向现场人员报告。",
        "This code was not issued by this system. Do not trust it; report it to the staff.",
    ),
    "venue_code_recalled": _words(
        422, "场所码已收回", "The venue code was recalled",
        "该场所已换发新码，请扫描新张贴的码；旧码请交现场人员撤下。",
        "This site has new codes: scan the one newly posted, and tell the staff to take this one down.",
    ),
    "venue_code_region": _words(
        422, "这是其他地区的场所码", "This venue code belongs to another region",
        "请用该地区的健康码扫描。", "Scan it with that region's health code.",
    ),
    "update_needed": _words(
        422, "需要更新", "An update is needed",
        "此码的版本比本程序新，请更新后再试。", "This code is newer than this program; update and try again.",
    ),
    "venue_unknown": _words(
        404, "没有登记这个场所", "This venue is not registered",
        "场所可能刚刚登记，请稍后再试，或改用身份证登记。",
        "It may have been registered a moment ago; try again, or register by ID card.",
    ),
    "venue_closed": _words(
        409, "场所码已停用", "The venue code is out of use",
        "该场所已停用或注销场所码；请向现场人员报告。",
        "The venue was suspended or closed; report it to the staff.",
    ),
    "visit_key": _words(
        422, "登记编号不符合要求", "The visit key does not fit",
        "key 须为最近 24 小时内生成的 UUIDv7；时间以 /v1/time 为准。",
        "`key` must be a UUIDv7 made within the last 24 hours; take the time from /v1/time.",
    ),
    "visit_refused": _words(
        422, "这次登记无法保存", "This visit cannot be stored",
        "请重新扫描；仍不成功时改用纸质登记。", "Scan again; if it fails again, register on paper.",
    ),
    "rate_limited": _words(
        429, "请求过于频繁", "Too many requests",
        "请按 Retry-After 所示秒数后再试。", "Try again after the seconds named in Retry-After.",
    ),
    "busy": _words(
        503, "暂时繁忙，未保存", "Busy; nothing was stored",
        "请稍后用同一个 key 重试，不会重复登记。",
        "Repeat with the same key a little later; it is never counted twice.",
    ),
    "overloaded": _words(
        503, "访问量过大", "Too many people at once",
        "先让亮码和查验。手机上的码照常有效，请稍候片刻再试。",
        "Showing and checking codes go first. The codes on the phone stay valid; try again in a few seconds.",
    ),
    "keys_missing": _words(
        503, "本机暂缺当日密钥", "This host lacks today's keys",
        "本机尚未收到当日密钥，请稍后再试。", "This host has not received today's keys yet; try again shortly.",
    ),
    "control_down": _words(
        502, "管理端暂时无法访问", "The control side cannot be reached",
        "亮码、查验和扫码登记不受影响；请稍后再试。",
        "Showing, checking and scanning go on; try this page again later.",
    ),
    "control_slow": _words(
        504, "管理端没有及时回答", "The control side did not answer in time",
        "请稍后再试。", "Try again later.",
    ),
    "internal": _words(
        500, "服务器出错", "The server failed",
        "已记录；请稍后再试。", "It was recorded; try again later.",
    ),
}  # fmt: skip
