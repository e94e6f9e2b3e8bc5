"""Files of a draft as somebody hands them in: uploaded, pasted, or taken from a ruleset that there is."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from typing import Final

from healthcode.control.language import say
from healthcode.control.ports import ports
from healthcode.control.problems import Problem
from healthcode.control.rulesets.models import Approval, Kind, Verdict
from healthcode.rules.source import MAX_BYTES

MOST_FILES: Final = 200
MOST_BYTES: Final = 4 * MAX_BYTES
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,60}(\.cases)?\.yaml")

Files = dict[str, str]


def files_taken(uploaded: Iterable[tuple[str, bytes]]) -> Files:
    """Uploaded files (a ZIP of them too) by name, without the folder in front.

    Raises:
        Problem: 422 for names, sizes or bytes that a ruleset cannot have.
    """
    found: Files = {}
    for name, content in uploaded:
        parts = _unpacked(name, content) if name.lower().endswith(".zip") else [(name, content)]
        for inner, data in parts:
            plain = inner.replace("\\", "/").rsplit("/", 1)[-1]
            if plain and not plain.startswith("."):
                found[plain] = _text(plain, data)
    return files_bounded(found)


def files_bounded(files: Mapping[str, str]) -> Files:
    """The files, if a ruleset may have so many of such names and sizes; raises Problem 422."""
    odd = next((name for name in files if not _NAME.fullmatch(name)), None)
    if odd is not None:
        raise _refused(
            odd,
            say(
                "文件名只能用小写字母、数字和下划线，以 .yaml 结尾。",
                "Name files in small letters, digits and underscores, ending in .yaml.",
            ),
        )
    if not files or len(files) > MOST_FILES or sum(len(text.encode()) for text in files.values()) > MOST_BYTES:
        raise _refused(
            "files",
            say(
                f"请提交 1 至 {MOST_FILES} 个文件，合计不超过 {MOST_BYTES // 1_000_000} MB。",
                f"Hand in 1 to {MOST_FILES} files, together at most {MOST_BYTES // 1_000_000} MB.",
            ),
        )
    return {name: files[name].replace("\r\n", "\n") for name in sorted(files)}


def origin_files(key: str) -> Files:
    """The files of a ruleset of the rulebook or of what was published; raises Problem 404."""
    found = ports().rulebook.get(key.partition("@")[0])
    if found is not None and found.ruleset.key == key:
        return dict(found.files)
    rows = Approval.objects.filter(kind=Kind.PUBLISH, verdict=Verdict.APPROVE, key=key)
    row = rows.select_related("submission__revision").first()
    if row is None or row.submission.revision is None:
        raise Problem(
            404,
            "ruleset_unknown",
            say("没有该规则集", "There is no such ruleset"),
            say("请从列表中选择。", "Choose one of the list."),
        )
    return dict(row.submission.revision.files)


def version_next(files: Mapping[str, str], version: str) -> Files:
    """The files with another version in their head."""
    head = re.sub(r"(?m)^version:.*$", f'version: "{version}"', files["ruleset.yaml"], count=1)
    return {**files, "ruleset.yaml": head}


def _unpacked(name: str, content: bytes) -> list[tuple[str, bytes]]:
    """A ZIP's files. Sizes are those that are really read, not those that the archive claims."""
    found, total = [], 0
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            for entry in entries[: MOST_FILES + 1]:
                with archive.open(entry) as opened:
                    data = opened.read(MAX_BYTES + 1)
                total += len(data)
                if total > MOST_BYTES:
                    raise _refused(name, say("压缩包过大。", "The archive is too large."))
                found.append((entry.filename, data))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError) as error:
        raise _refused(name, say("无法读取此压缩包。", "This archive cannot be read.")) from error
    return found


def _text(name: str, data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _refused(name, say("单个文件不得超过 1 MB。", "One file may have 1 MB at most."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused(name, say("请以 UTF-8 编码保存。", "Save the file in UTF-8.")) from None
    if "\x00" in text:
        raise _refused(name, say("文件含有不可用的字符。", "The file holds characters that no text has."))
    return text


def _refused(field: str, message: str) -> Problem:
    return Problem(
        422,
        "draft_files_refused",
        say("文件不可用", "These files cannot be used"),
        message,
        errors=[{"field": field, "code": "file_refused", "message": message}],
    )
