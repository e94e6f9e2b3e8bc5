"""Writes spec/edge-openapi.json from the types that the edge reads and answers."""

import json
from pathlib import Path

from healthcode.edge.openapi import openapi_document

if __name__ == "__main__":
    text = json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"
    Path(__file__).with_name("edge-openapi.json").write_text(text, encoding="utf-8")
