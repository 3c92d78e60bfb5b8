"""`--load DIR`: an org's own exports in place of the invented world."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from connector.sandbox.account_engagement.custom_fields import record_custom_fields
from connector.sandbox.catalogue.model import Catalogue, ObjectDef
from connector.sandbox.clock import instant, stamp
from connector.sandbox.context import Sandbox
from connector.sandbox.loading.files import UnreadableError, open_csv
from connector.sandbox.loading.foundation import found_org, found_user
from connector.sandbox.loading.names import find_object
from connector.sandbox.loading.report import FileReport, LoadError, LoadReport
from connector.sandbox.loading.rows import TableRows, fill_stamps, link_prospects
from connector.sandbox.loading.scan import FileScan, scan, with_scans

REPORT = "load-report.json"

_Scans = dict[str, list[FileScan]]
"""The files of each object, by its name."""


def load(sandbox: Sandbox, folder: Path) -> LoadReport:
    """Fills the sandbox's empty tables from the CSV files in `folder`.

    A file's name says which object it holds; unknown columns become custom fields of Leads, prospects and the
    like; well-formed ids are kept, others are made (references between files are not rewritten). Every row is
    loaded or named in the report, which is also written to `load-report.json` in the state directory. The
    clock is set to the second after the newest stamp. Raises LoadError when no file is of use.
    """
    report = LoadReport(str(folder))
    scans = _scans(sandbox, folder, report)
    if not scans:
        message = f"{folder} has no CSV file that is named after an object, such as Lead.csv or prospects.csv."
        raise LoadError(message)
    _shape_tables(sandbox, scans)
    newest = _fill(sandbox, scans, report)
    start = instant(newest) + timedelta(seconds=1) if newest else sandbox.config.start
    sandbox.clock.set(start)
    with sandbox.database.write() as connection:
        every = (*sandbox.salesforce, *sandbox.account_engagement)
        fill_stamps(connection, every, newest or stamp(start))
        link_prospects(connection)
    record_custom_fields(sandbox)
    report.clock = start.isoformat()
    report.write(sandbox.config.state / REPORT)
    sandbox.open_state["load_report"] = report
    return report


def _scans(sandbox: Sandbox, folder: Path, report: LoadReport) -> _Scans:
    found: _Scans = {}
    for path in sorted(entry for entry in folder.iterdir() if entry.suffix.lower() == ".csv"):
        try:
            file = open_csv(path)
        except UnreadableError as error:
            report.files_left_out[path.name] = str(error)
            continue
        definition = find_object(path.stem, file.header, sandbox.salesforce, sandbox.account_engagement)
        if definition is None:
            report.files_left_out[path.name] = "its name is not that of an object"
            continue
        understood = scan(file, definition)
        if all(definition.field(name) is None for name in understood.fields.values()):
            report.files_left_out[path.name] = f"no column of it is a field of {definition.name}"
            continue
        found.setdefault(definition.name, []).append(understood)
    return found


def _shape_tables(sandbox: Sandbox, scans: _Scans) -> None:
    """Makes the files' objects anew, with the columns that they bring."""
    sandbox.salesforce = _shaped(sandbox.salesforce, scans)
    sandbox.account_engagement = _shaped(sandbox.account_engagement, scans)
    changed = [_definition(sandbox, name) for name in scans]
    with sandbox.database.write() as connection:
        for entry in changed:
            connection.execute(f'DROP TABLE IF EXISTS "{entry.name}"')
    sandbox.database.create(changed)


def _shaped(catalogue: Catalogue, scans: _Scans) -> Catalogue:
    return Catalogue(
        tuple(with_scans(entry, scans[entry.name]) if entry.name in scans else entry for entry in catalogue)
    )


def _fill(sandbox: Sandbox, scans: _Scans, report: LoadReport) -> str | None:
    """Loads the files, users first, and answers the newest stamp among their rows."""
    newest: list[str] = []
    with sandbox.database.write() as connection:
        user = None if "User" in scans else found_user(sandbox, connection)
        for name in sorted(scans, key=lambda name: name != "User"):
            taker = TableRows(sandbox, connection, _definition(sandbox, name), user)
            for found in scans[name]:
                entry = FileReport(found.file.name, name, found.file.encoding)
                entry.custom_fields = [field.name for field in found.custom]
                entry.columns_left_out = dict(found.columns_left_out)
                report.files.append(entry)
                taker.take(found, report, entry)
            taker.finish()
            newest += [taker.newest] if taker.newest else []
            user = user or found_user(sandbox, connection)
        found_org(sandbox, connection, user or found_user(sandbox, connection))
    return max(newest, default=None)


def _definition(sandbox: Sandbox, name: str) -> ObjectDef:
    found = sandbox.salesforce.object(name) or sandbox.account_engagement.object(name)
    if found is None:
        raise LookupError(name)
    return found
