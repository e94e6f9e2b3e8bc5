"""Writes `spec/intake/*.schema.json` from the code that checks the files; a test compares them."""

import json
from pathlib import Path

from healthcode.control.exchange.schema import KINDS, schema_document

FOLDER = Path(__file__).parent / "intake"

if __name__ == "__main__":
    for kind in KINDS:
        text = json.dumps(schema_document(kind), ensure_ascii=False, indent=2) + "\n"
        (FOLDER / f"{kind}.schema.json").write_text(text, encoding="utf-8")
