"""What is wrong with a field, in both languages. A value is never repeated, so that no log or screen keeps it."""

from __future__ import annotations

from typing import Any, Final

from healthcode.control.language import say
from healthcode.control.problems import Problem
from healthcode.domain.document import DocumentError

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "document_length": (
        "证件号码位数不对。居民身份证是 18 位，请按证件填写。",
        "The number has the wrong length. A resident ID has 18 characters; copy it from the document.",
    ),
    "document_shape": (
        "号码与所选证件类型不符，请核对证件类型和号码。",
        "This is not a number of the chosen kind of document. Check both kind and number.",
    ),
    "document_division": (
        "身份证号码前 6 位不是有效的地区代码，请逐位核对。",
        "The first 6 digits are no division's code. Compare them digit by digit.",
    ),
    "document_birth_date": (
        "证件号码中的出生日期不对，请逐位核对。",
        "The date of birth in the number cannot be right. Compare it digit by digit.",
    ),
    "document_check_digit": (
        "证件号码有误：末位与前面各位对不上，请逐位核对。",
        "The last character does not fit the others. Compare the number digit by digit.",
    ),
    "document_kind": ("请选择证件类型。", "Choose the kind of document."),
    "name_shape": (
        "请按证件填写姓名，只用文字、空格和间隔号，最多 50 个字。",
        "Write the name as on the document: letters, spaces and dots, at most 50.",
    ),
    "phone_shape": (
        "请填写 11 位手机号（13 至 19 开头）。",
        "Enter the 11 digits of a mobile number (beginning with 13 to 19).",
    ),
    "phone_code_shape": ("请填写短信里的 6 位验证码。", "Enter the 6 digits of the code from the text message."),
    "phone_code_wrong": (
        "验证码不对或已失效。请核对短信；错 5 次须重新获取。",
        "The code is wrong or over. Compare it with the text message; after 5 wrong tries ask for another.",
    ),
    "residence_unknown": (
        "请选择现居住的县（市、区）。",
        "Choose the county or district where you live now.",
    ),
    "address_shape": (
        "请填写街道、小区或村名，2 至 120 个字。",
        "Enter street, compound or village: 2 to 120 characters.",
    ),
    "symptom_unknown": ("请从列出的症状中选择。", "Choose symptoms from the list."),
    "device_key_thumb": (
        "设备密钥指纹格式不对，应为 32 字节 SHA-256 的 base64url。",
        "The key thumbprint is not the base64url of a 32-byte SHA-256.",
    ),
    "text_long": ("最多 500 个字。", "At most 500 characters."),
    "consent_version": (
        "请阅读并同意现行告知书后再提交。",
        "Read and agree to the consent text in force, then send again.",
    ),
}


_SHAPES: Final[dict[str, tuple[str, str]]] = {
    "missing": ("请填写此项。", "This field is needed."),
    "extra_forbidden": ("不收集此项，请删去。", "Nothing of this name is collected; leave it out."),
    "string_type": ("应为文字。", "This must be text."),
    "string_unicode": ("含有无法识别的字符。", "This contains characters that are no text."),
    "bool_type": ("应为 true 或 false。", "This must be true or false."),
    "bool_parsing": ("应为 true 或 false。", "This must be true or false."),
    "int_type": ("应为整数。", "This must be a whole number."),
    "int_parsing": ("应为整数。", "This must be a whole number."),
    "string_too_long": ("内容过长。", "This is too long."),
    "too_long": ("条目过多。", "There are too many entries."),
}


def shape_error(field: str, kind: str) -> dict[str, Any]:
    """The entry of `errors` for a body that does not fit its schema; `kind` is the schema library's error type."""
    message = say(*_SHAPES.get(kind, ("格式不对，请参照接口说明。", "This has the wrong form.")))
    return {"field": field, "code": kind, "message": message}


def field_error(field: str, code: str) -> dict[str, Any]:
    """One entry of a problem's `errors`, in the request's language."""
    return {"field": field, "code": code, "message": say(*_TEXTS[code])}


def document_fault(field: str, error: DocumentError) -> dict[str, Any]:
    """The entry of `errors` for a document, name or phone that cannot be right."""
    return field_error(field, error.code)


def fields_problem(errors: list[dict[str, Any]], *, code: str = "invalid_input") -> Problem:
    """The 422 that names each field."""
    return Problem(
        422,
        code,
        say("填写有误", "The input is not complete"),
        errors[0]["message"]
        if len(errors) == 1
        else say("请改正列出的各项后再提交。", "Correct each field that is listed and send it again."),
        errors=errors,
    )


def phone_code_wrong() -> Problem:
    """The one answer to a wrong, old, used or never sent code. Answered, not raised: the guess must be kept."""
    return fields_problem([field_error("phone_code", "phone_code_wrong")], code="phone_code_wrong")
