"""`connector backup` and `connector restore`: what cannot be pulled again, in one file."""

from __future__ import annotations

from pathlib import Path

import click

from connector.bootstrap import machine_time, store_path
from connector.cli.shared import Options, console, echo_json, json_option, place_options, working
from connector.errors import ConfigurationError
from connector.store.backup import Manifest, Restored, back_up
from connector.store.backup import restore as restore_store
from connector.store.database import open_store

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--without-mirror", is_flag=True, help="Only what cannot be pulled again; the mirror is read anew.")
@place_options
@json_option
@click.pass_obj
def backup(options: Options, file: Path, without_mirror: bool, as_json: bool) -> int:
    """Write the store to one file with a checksum, for its owner only."""
    path = store_path(options.settings())
    if not path.exists():
        raise ConfigurationError(f"There is no store {path} yet. `connector pull` makes it.")
    with working(as_json) as say:
        say("backup")
        with open_store(path, announce=say) as store:
            made = back_up(store, file, machine_time(), mirror=not without_mirror)
    if as_json:
        echo_json({"file": str(file), **_document(made)})
    else:
        shown = console()
        shown.print(f"{file}: {made.bytes:,} bytes, {sum(made.rows.values()):,} rows, org {made.org}.", soft_wrap=True)
        shown.print("It holds the people of the org: keep it as safe as the store.")
    return 0


@click.command()
@click.argument("file", type=_FILE)
@click.option("--replace", is_flag=True, help="Move the store that is there aside.")
@place_options
@json_option
@click.pass_obj
def restore(options: Options, file: Path, replace: bool, as_json: bool) -> int:
    """Put a backup in the place of the store, if it is whole, not newer, and of the same org."""
    path = store_path(options.settings())
    with working(as_json) as say:
        say("restore")
        found = restore_store(file, path, machine_time(), replace=replace)
    if as_json:
        aside = None if found.aside is None else str(found.aside)
        echo_json({"store": str(path), "aside": aside, "forgotten": found.forgotten, **_document(found.manifest)})
    else:
        _show(found, path)
    return 0


def _show(found: Restored, path: Path) -> None:
    shown = console()
    shown.print(f"{path} is the backup of {found.manifest.made_at[:16]} UTC.", soft_wrap=True)
    if found.aside is not None:
        shown.print(
            f"The store that was there is now {found.aside}: delete it when you do not need it.", soft_wrap=True
        )
    if found.forgotten:
        shown.print(f"{found.forgotten} people forgotten since were erased from it.")
    if found.forgotten is None:
        shown.print("Who was forgotten after the backup is in it again: forget them once more.")
    what = "brings it up to date" if found.manifest.mirror else "reads the mirror anew, whole"
    shown.print(f"`connector pull` {what}; then look at `connector plan`.")


def _document(manifest: Manifest) -> dict[str, object]:
    return {
        "org": manifest.org,
        "made_at": manifest.made_at,
        "store_schema": manifest.schema,
        "mirror": manifest.mirror,
        "rows": manifest.rows,
        "sha256": manifest.sha256,
        "bytes": manifest.bytes,
    }
