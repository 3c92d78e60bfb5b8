"""Tasks are made once, whatever the org allows their key to be, also when the answer was lost (CD-2, WB-3)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.applying.apply import apply_plan
from connector.applying.keyed_tasks import TASK_KEY, key_is_unique
from connector.bootstrap import open_river
from connector.cli.river import now
from connector.domain.plan import Plan
from connector.errors import RetryError, StopError
from connector.flow import apply
from connector.river import River, here
from connector.sandbox.config import SandboxConfig
from connector.store.database import memory_store
from tests.remote_world import Remote, change, org, plan_of, run_of, task
from tests.worlds.ground import QUICK, START, ground
from tests.worlds.people import Control

pytestmark = pytest.mark.requirement("WB-3", "CD-2")


def planned(river: River, leads: list[str]) -> Plan:
    tasks = [
        replace(task(number), key=f"{here(river).org_id}:{lead}:hot:2026-10-01:day1:meeting", values={"WhoId": lead})
        for number, lead in enumerate(leads)
    ]
    return replace(plan_of(tasks=tuple(tasks)), made_at=now(river), as_of=now(river))


def test_no_task_is_made_twice_over_the_wire_where_the_key_is_a_plain_text(tmp_path: Path) -> None:
    config = SandboxConfig(state=tmp_path, people=4, start=START, frozen=True, external_task_key=False)
    with ground(tmp_path, config, ["Lead", "Task"]) as laid, open_river(laid.settings, retry=QUICK) as river:
        control = Control(laid.running.url)
        assert not key_is_unique(here(river).reader)
        leads = [str(row["Id"]) for row in control.truth("Lead") if not row["IsDeleted"] and not row["IsConverted"]]
        plan = planned(river, leads)
        lost = {"kind": "reset_after", "method": ["POST", "PATCH"], "path": "*composite/sobjects*", "nth": 1}
        control.do("PUT", "faults", {"faults": [lost]})
        instant = now(river) + timedelta(seconds=1)
        with pytest.raises(RetryError):
            apply(river, plan, "run1", instant)
        apply(river, plan, "run2", instant)
        # A store that knows nothing of it finds them all the same.
        river.store.run("DELETE FROM journal")
        done = apply(river, plan, "run3", instant)
        assert not done.failures
        made = [row[TASK_KEY] for row in control.truth("Task") if row[TASK_KEY] in {one.key for one in plan.tasks}]
        assert sorted(made) == sorted(one.key for one in plan.tasks)
        assert len(made) > 2


@dataclass
class Described:
    fields: dict[str, Any] = field(default_factory=dict)

    def describe(self, _object_name: str) -> Any:
        return self


@dataclass
class Key:
    external_id: bool
    unique: bool


@pytest.mark.parametrize("key", [Key(True, True), Key(True, False), Key(False, False)])
def test_only_a_unique_external_id_is_the_org_s_own_care(key: Key) -> None:
    assert key_is_unique(Described({TASK_KEY.upper(): key})) is (key.external_id and key.unique)


def test_an_org_without_the_key_gets_no_task_and_a_sentence() -> None:
    with pytest.raises(StopError, match=f"no field {TASK_KEY} on Task"):
        key_is_unique(Described())


class Plain(Remote):
    """An org whose key is a text like any other: what is created is created, whatever stands there."""

    def create(self, object_name: str, rows: Any) -> Any:
        assert object_name == "Task"
        return self._call("create", rows, self._save_task)


def test_what_is_not_there_is_created_and_what_is_there_stays() -> None:
    there = task(1)
    remote = Plain(now=org().now)
    remote.records["Lead"] = org().records["Lead"]
    remote.tasks[there.key] = {TASK_KEY: there.key, "Id": "00T1", "Status": "Completed"}
    store = memory_store()
    application = run_of(remote, store)
    application.key_is_unique = lambda: False
    applied = apply_plan(application, plan_of(change(1), tasks=(there, task(2))))
    assert applied.tasks == 2
    assert [name for name, _rows in remote.calls if name != "update"] == ["create"]
    assert dict(remote.created) == {task(2).key: 1}
    assert remote.tasks[there.key]["Status"] == "Completed"
    store.close()
