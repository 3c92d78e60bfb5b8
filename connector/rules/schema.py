"""JSON Schema of each file of a rules folder, for editors that complete and check while one types."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel

from connector.rules.content import Content
from connector.rules.fields import Fields
from connector.rules.lists import LISTS_FILE, Lists
from connector.rules.load import FILES, OPTIONAL
from connector.rules.mapping import FIELDS_FILE
from connector.rules.schedule import SCHEDULE_FILE, Schedule
from connector.rules.written import CONTENT_FILE

ALL_FILES: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        **FILES,
        **OPTIONAL,
        CONTENT_FILE: Content,
        FIELDS_FILE: Fields,
        LISTS_FILE: Lists,
        SCHEDULE_FILE: Schedule,
    }
)
"""Every file that can stand in a rules folder."""

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The newest draft that the YAML language server of VS Code knows."""


def schema(file: str) -> dict[str, object]:
    """The JSON Schema (draft 7) of one file by its name, such as scoring.yaml. KeyError for others.

    It tells keys, kinds of values and fixed words. What conditions say, and whether ids fit together, only
    `connector check` tells.
    """
    return {"$schema": DRAFT, **ALL_FILES[file].model_json_schema(), "title": file}


def schema_file(file: str) -> str:
    """The name of the file that the schema of a rules file is written to: scoring.yaml → scoring.schema.json."""
    return f"{file.removesuffix('.yaml')}.schema.json"
