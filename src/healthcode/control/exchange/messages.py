"""Every fault of an incoming file by its stable code: what is wrong and what to do, in both languages.

No message repeats the content of a cell: reports travel further than the file (T2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from healthcode.control.language import say

FILE: Final[Mapping[str, tuple[str, str]]] = {
    "file_empty": ("文件是空的。请导出含表头和数据的 CSV。", "The file is empty. Export a CSV with header and rows."),
    "file_too_large": (
        "文件超过 {limit} MB。请拆成几个文件。",
        "The file is larger than {limit} MB. Split it into several files.",
    ),
    "file_too_many_rows": (
        "超过 {limit} 行。请拆成几个文件，行号保持不变。",
        "More than {limit} rows. Split the file and keep the row ids.",
    ),
    "file_spreadsheet": (
        "这种文件不能导入。请另存为 XLSX 或“CSV UTF-8”。",
        "Files of this type cannot be imported. Save it as XLSX or as “CSV UTF-8”.",
    ),
    "file_damaged_sheet": (
        "表格文件打不开：已损坏、有密码或不是 XLSX。请重新保存后上传。",
        "The spreadsheet cannot be opened: damaged, locked by a password, or no XLSX. Save it again.",
    ),
    "file_cell": (
        "第 {line} 行有一格过长，文件不像是数据表。请重新导出。",
        "A cell of line {line} is far too long for a table. Export the file again.",
    ),
    "sheet_too_large": (
        "表格文件过大（上限 {limit} MB，解压后另有上限）。请另存为 CSV 后上传。",
        "The spreadsheet is too large (at most {limit} MB, and limited when unpacked). Save it as CSV.",
    ),
    "sheet_many": (
        "有 {count} 张工作表有内容。请只保留一张。",
        "{count} sheets of this file hold something. Keep one.",
    ),
    "sheet_formula": (
        "表格里有公式，显示的只是上次计算的结果。请复制后“只粘贴数值”再保存。",
        "The sheet has formulas; what they show may be out of date. Paste as values and save again.",
    ),
    "sheet_merged": (
        "第 {row} 行有合并单元格。请取消合并，每行填全。",
        "Row {row} has merged cells. Unmerge them and fill in each row.",
    ),
    "json_line": (
        "第 {line} 行不是一个值为文字或整数的 JSON 对象。",
        "Line {line} is no JSON object whose values are texts or whole numbers.",
    ),
    "file_utf16": (
        "文件是 UTF-16 编码。请另存为 CSV UTF-8。",
        "The file is encoded in UTF-16. Save it as CSV UTF-8.",
    ),
    "file_nul": (
        "第 {line} 行附近有空字节，文件已损坏或不是文本。请重新导出。",
        "There are zero bytes near line {line}: damaged, or no text. Export it again.",
    ),
    "file_binary": (
        "第 {line} 行附近有控制字符，文件不是文本。请重新导出 CSV。",
        "There are control characters near line {line}: this is no text. Export a CSV again.",
    ),
    "file_encoding": (
        "第 {line} 行附近的编码损坏（既不是 UTF-8 也不是 GBK）。请另存为 CSV UTF-8。",
        "The encoding breaks near line {line} (neither UTF-8 nor GBK). Save it as CSV UTF-8.",
    ),
    "file_truncated": (
        "文件在第 {line} 行中断，没有传完。请重新导出或重新传送。",
        "The file breaks off in line {line}; it is not complete. Export or send it again.",
    ),
    "file_quotes": (
        "第 {line} 行的引号不成对。请用表格软件重新导出 CSV。",
        "The quotes of line {line} do not match. Export the CSV again from the spreadsheet.",
    ),
    "header_missing": (
        "缺少列“{column_zh}”。第一行必须是表头，列名见说明。",
        "The column “{column_en}” is missing. The first line must be the header; see the description.",
    ),
    "header_unknown": (
        "第 {number} 列的列名不认识。请改为说明中的列名，或删去此列（只收必需的信息）。",
        "The name of column {number} is not known. Use a name of the description or remove the column.",
    ),
    "header_repeated": (
        "列“{column_zh}”出现了两次。请只留一列。",
        "The column “{column_en}” stands there twice. Keep one of them.",
    ),
    "no_rows": ("表头之下没有数据。", "There are no rows below the header."),
    "signature_missing": (
        "须附来源机构对文件摘要的签名。请同时选择签名文件（.sig）。",
        "The source has to sign the file's digest. Choose the signature file (.sig) as well.",
    ),
    "signature_invalid": (
        "签名与文件不符。文件签名后被改过，或用错了密钥。请由来源机构重新签名。",
        "The signature does not fit the file: it was changed after signing, or another key signed. Sign it again.",
    ),
    "signature_unreadable": (
        "签名文件不可识别。应为 ES256 签名：64 字节、DER 或其 Base64。",
        "The signature file cannot be read. Expected an ES256 signature: 64 bytes, DER, or Base64 of either.",
    ),
    "unit_without_key": (
        "该机构没有登记签名公钥，数据不能导入。请先由省专班登记其公钥。",
        "No public key of this unit is registered, so its files cannot be imported. Have the key registered first.",
    ),
    "unit_kind": (
        "该机构不能提供此类数据。请选择正确的来源机构。",
        "This unit may not supply such data. Choose the right source unit.",
    ),
}
CELL: Final[Mapping[str, tuple[str, str]]] = {
    "row_columns": (
        "此行有 {found} 格，表头有 {expected} 列。请检查逗号和引号。",
        "This row has {found} cells, the header {expected}. Check commas and quotes.",
    ),
    "row_id_repeated": (
        "行号与第 {first} 行相同。每行的行号须唯一。",
        "The row id is that of row {first}. Each row needs an id of its own.",
    ),
    "cell_empty": ("不能为空。", "Must not be empty."),
    "cell_too_long": ("超过 {limit} 个字符。请缩短。", "Longer than {limit} characters. Shorten it."),
    "kind_unknown": ("风险类型不认识。请写：{choices_zh}。", "Unknown kind. Write one of: {choices_en}."),
    "document_kind_unknown": (
        "证件类型不认识。请写：{choices_zh}。",
        "Unknown kind of document. Write one of: {choices_en}.",
    ),
    "document_scientific": (
        "号码被表格软件改成了科学计数。请把该列设为文本后重新填写。",
        "The spreadsheet has rounded this number. Format the column as text and enter it again.",
    ),
    "document_length": ("居民身份证号应为 18 位。", "A resident ID has 18 characters."),
    "document_shape": ("号码格式与证件类型不符。", "The number does not fit the kind of document."),
    "document_division": (
        "号码前六位不是任何行政区划。请核对。",
        "The first six digits are no division's code. Compare them.",
    ),
    "document_birth_date": (
        "号码中的出生日期不成立。请核对第 7 至 14 位。",
        "The date of birth in the number cannot be. Compare characters 7 to 14.",
    ),
    "document_check_digit": (
        "校验位不符，号码有误。请逐位核对。",
        "The last character does not fit the number. Compare each digit.",
    ),
    "name_shape": (
        "姓名只能是文字，最多 50 个字符。请按证件填写。",
        "A name has letters only, at most 50. Write it as on the document.",
    ),
    "phone_shape": (
        "手机号应为 11 位，以 13 至 19 开头；没有则留空。",
        "A mobile number has 11 digits and begins with 13 to 19; leave it empty if there is none.",
    ),
    "date_unreadable": ("日期请写成 2022-06-28。", "Write the date as 2022-06-28."),
    "date_future": ("日期在今天之后。", "The date lies after today."),
    "date_too_old": ("日期早于 2019-12-01。请核对年份。", "The date lies before 2019-12-01. Check the year."),
    "time_unreadable": (
        "时间请写成 2022-06-28 08:30（北京时间）。",
        "Write the time as 2022-06-28 08:30 (Beijing time).",
    ),
    "time_future": (
        "采样时间比现在晚 5 分钟以上。请核对采样点的时钟。",
        "The time lies more than 5 minutes ahead. Check the clock of the source.",
    ),
    "time_order": ("报告时间早于采样时间。", "The report lies before the sampling."),
    "division_unknown": (
        "现住区划不认识。请写六位代码或县（市、区）全称；不知道则留空。",
        "Unknown division. Write its six-digit code or full name; leave it empty if not known.",
    ),
    "division_ambiguous": (
        "有几个县区同名。请写六位代码，或在前面加上市名。",
        "Several divisions have this name. Write the six-digit code, or the city before it.",
    ),
    "division_not_county": ("请写到县（市、区）一级。", "Name the county or district, not the city or province."),
    "dose": ("剂次应为 1 至 15 的整数。", "The dose is a whole number from 1 to 15."),
    "region_unknown": (
        "赋码省份不认识。请写六位代码，如 110000，或省份全称。",
        "Unknown province. Write its six-digit code, for example 110000, or its full name.",
    ),
    "region_own": (
        "本省赋码不从这里导入，由依据和规则得出。",
        "Our own region's colors are not imported: they follow from evidence and rules.",
    ),
    "status_unknown": ("赋码状态请写：红、黄、解除。", "Write one of: red, yellow, lifted."),
    "result_unknown": (
        "结果请写：阴性、阳性、待出、无效。",
        "Write one of: negative, positive, pending, invalid.",
    ),
    "pool_size": ("混采人数应为 1 至 50 的整数。", "The pool size is a whole number from 1 to 50."),
}


def message(code: str, params: Mapping[str, object]) -> str:
    """What the fault is and what to do, in the language of the request."""
    zh, en = FILE.get(code) or CELL[code]
    return say(zh, en).format(**params)
