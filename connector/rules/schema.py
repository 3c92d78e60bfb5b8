"""JSON Schema of each file of rules, for editors that complete and check while one types."""

from __future__ import annotations

from connector.rules.load import FILES


def schema(file: str) -> dict[str, object]:
    """The JSON Schema (draft 2020-12) of one file by its name, such as scoring.yaml. KeyError for others."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **FILES[file].model_json_schema(),
        "title": file,
    }
