"""What the steps of the river did, for machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from connector.applying.application import Applied
from connector.domain.reconciled import Reconciled
from connector.pulling.reading import Pulled


def brought_document(pulled: Pulled) -> dict[str, Any]:
    """How one stream was read."""
    return {
        "stream": pulled.stream,
        "unit": pulled.unit,
        "rows": pulled.rows,
        "added": pulled.added,
        "road": pulled.road,
        "estimated": pulled.estimated,
        "calls": pulled.calls,
    }


def compared_document(reconciled: Sequence[Reconciled]) -> list[dict[str, Any]]:
    """How the mirror compared with the remotes, stream by stream."""
    return [
        {
            "stream": one.stream,
            "unit": one.unit,
            "remote": one.remote_rows,
            "mirror": one.mirror_rows,
            "missing": one.missing,
            "stale": one.stale,
            "vanished": one.vanished,
            "waiting": one.waiting,
            "ids": list(one.examples),
            "calls": one.calls,
        }
        for one in reconciled
    ]


def applied_document(applied: Applied) -> dict[str, Any]:
    """What an apply did."""
    return {
        "applied": applied.changes,
        "records": applied.records,
        "fields": applied.fields,
        "tasks_created": applied.tasks,
        "tasks_closed": applied.closed,
        "tasks_deleted": applied.deleted,
        "opportunities": applied.opportunities,
        "memberships": applied.memberships,
        "moved": applied.moved,
        "same_second": applied.same_second,
        "forbidden": dict(sorted(applied.forbidden.items())),
        "unowned": applied.unowned,
        "failed": len(applied.failures),
        "failures": [
            {"object": one.object, "record": one.record, "code": one.code, "message": one.message}
            for one in applied.failures
        ],
        "waiting": applied.waiting,
        "roads": [asdict(road) for road in applied.roads],
    }
