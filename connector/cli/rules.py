"""`connector rules`: what helps those who write rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from connector.cli.shared import echo_json
from connector.errors import ConfigurationError
from connector.rules.schema import ALL_FILES, schema, schema_file


@click.group()
def rules() -> None:
    """What helps those who write rules."""


@rules.command("schema")
@click.argument("file", required=False, type=click.Choice(list(ALL_FILES)), metavar="[FILE]")
@click.option(
    "--write",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder that the schemas are written to, one file each, for editors.",
)
def show_schema(file: str | None, folder: Path | None) -> int:
    """Print the JSON Schema of a file of rules, such as scoring.yaml, or of all of them."""
    schemas = {name: schema(name) for name in ([file] if file else ALL_FILES)}
    if folder is not None:
        _write(folder, schemas)
    elif file is not None:
        click.echo(json.dumps(schemas[file], ensure_ascii=False, indent=2))
    else:
        echo_json({"files": schemas})
    return 0


def _write(folder: Path, schemas: Mapping[str, Mapping[str, object]]) -> None:
    """Writes <name>.schema.json for each; ConfigurationError when the folder cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in schemas.items():
            path = folder / schema_file(file)
            path.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
            click.echo(str(path))
    except OSError as error:
        raise ConfigurationError(f"The schemas cannot be written to {folder}: {error.strerror}.") from error
