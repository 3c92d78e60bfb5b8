"""The counts can fail: each mechanism broken once on purpose is counted, and the same story unbroken is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest

from connector import flow
from connector.bootstrap import Rulebook, open_river
from connector.cli.river import now
from connector.domain.plan import Plan, RecordChange, TaskCreation
from connector.errors import ConnectorError
from connector.planning.compare import compare
from connector.river import River
from connector.rules.fields import WriteField
from connector.sandbox.serve import RunningSandbox
from tests.chaos import counts
from tests.chaos.broken import broken
from tests.chaos.counts import Counts
from tests.chaos.land import Land, land, sandbox
from tests.worlds.ground import QUICK, rulebook_of

pytestmark = pytest.mark.requirement("WB-3", "WB-4", "SY-10", "OP-3")

FIELD = "Connector_Stage__c"
LOST_ANSWER = {"faults": [{"kind": "reset_after", "method": ["POST", "PATCH"], "path": "*/composite*", "nth": 1}]}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    with sandbox(tmp_path_factory.mktemp("broken")) as one:
        yield one


def rules() -> Rulebook:
    """Leads alone are read, and one of their fields is written, unless somebody changed it."""
    rulebook = rulebook_of(("Lead",))
    fields = rulebook.mapping.fields
    lead = fields.salesforce["Lead"].model_copy(
        update={"write": {FIELD: WriteField(value="stage", policy="if_unchanged")}}
    )
    changed = fields.model_copy(update={"salesforce": {**fields.salesforce, "Lead": lead}})
    return replace(rulebook, mapping=replace(rulebook.mapping, fields=changed))


@dataclass
class Play:
    """A lead, the connector, and what is decided about the lead."""

    land: Land
    river: River
    lead: str
    runs: int = 0

    def pass_time(self) -> None:
        self.land.control.do("PUT", "clock", {"advance_seconds": 2})

    def somebody(self, call: str = "edit", **fields: object) -> None:
        self.pass_time()
        self.land.control.do("POST", call, {"id": self.lead, "fields": fields})
        self.pass_time()

    def compared(self, stage: str) -> Plan:
        """What to write where this stage is decided for the lead, by what is there now."""
        river = self.river
        flow.pull(river)
        flow.mirror(river)
        river.store.run(
            "CREATE OR REPLACE TEMP TABLE desired AS SELECT 'Lead' AS object, $lead AS record_id, 'p' AS person_id, "
            "1 AS score, NULL::VARCHAR AS grade, NULL::VARCHAR AS tier, $stage AS stage, $stage AS status, "
            "'why' AS reason, 'why' AS why, NULL::VARCHAR AS track, NULL::VARCHAR AS owner",
            {"lead": self.lead, "stage": stage},
        )
        fields = river.mapping.fields
        mapped = next(one for one in fields.streams if one.stream.object == "Lead")
        as_of = now(river)
        changes, _kept = compare(river.store.run, mapped, fields.objects("salesforce")["Lead"], as_of)
        return plan(as_of, records=tuple(changes))

    def task(self) -> Plan:
        """A task by e-mail for the lead."""
        key = f"org:{self.lead}:hot:2026-10-01:day1:email"
        values = {"Subject": "mail", "WhoId": self.lead, "Status": "Not Started", "ActivityDate": "2026-10-01"}
        return plan(now(self.river), tasks=(TaskCreation(key, "p", values, "why"),))

    def apply(self, planned: Plan) -> None:
        """An apply, whatever becomes of it."""
        self.runs += 1
        try:
            flow.apply(self.river, planned, f"run{self.runs}", now(self.river))
        except ConnectorError:
            self.land.control.do("DELETE", "faults")

    def answers_get_lost(self) -> None:
        self.land.control.do("PUT", "faults", LOST_ANSWER)

    @property
    def counted(self) -> Counts:
        changes, ours = self.land.changes, self.land.crowd.ours
        return Counts(
            doubled=counts.doubled(changes, ours),
            overwritten=counts.overwritten(changes, self.land.rulebook.mapping.fields, ours)[0],
            against_consent=counts.against_consent(changes, self.land.refused, ours, ())[0],
        )


def plan(as_of: datetime, records: tuple[RecordChange, ...] = (), tasks: tuple[TaskCreation, ...] = ()) -> Plan:
    return Plan("org", "hash", as_of, as_of, {}, records, tasks, (), (), (), (), (), ())


def an_answer_is_lost_and_the_task_sent_again(play: Play) -> None:
    play.answers_get_lost()
    play.apply(play.task())
    play.apply(play.task())


def somebody_edits_between_two_cycles(play: Play) -> None:
    play.apply(play.compared("hot"))
    play.somebody(**{FIELD: "VIP"})
    play.apply(play.compared("cold"))


def somebody_edits_what_was_written_without_an_answer(play: Play) -> None:
    play.answers_get_lost()
    play.apply(play.compared("hot"))
    play.somebody(**{FIELD: "VIP"})
    play.apply(play.compared("hot"))


def somebody_edits_between_plan_and_apply(play: Play) -> None:
    play.apply(play.compared("hot"))
    play.pass_time()
    planned = play.compared("cold")
    play.somebody(**{FIELD: "VIP"})
    play.apply(planned)


def somebody_opts_out_between_plan_and_apply(play: Play) -> None:
    planned = play.task()
    play.somebody(HasOptedOutOfEmail=True)
    play.apply(planned)


STORIES: tuple[tuple[str, Callable[[Play], None], str], ...] = (
    ("no external id", an_answer_is_lost_and_the_task_sent_again, "doubled tasks"),
    ("no three-way comparison", somebody_edits_between_two_cycles, "overwritten edits"),
    ("no journal", somebody_edits_between_two_cycles, "overwritten edits"),
    ("no reading back", somebody_edits_what_was_written_without_an_answer, "overwritten edits"),
    ("no condition", somebody_edits_between_plan_and_apply, "overwritten edits"),
    ("no question", somebody_opts_out_between_plan_and_apply, "writes against consent"),
)


@pytest.mark.parametrize(("mechanism", "story", "counted"), STORIES, ids=[story[0] for story in STORIES])
def test_what_is_broken_is_counted(
    running: RunningSandbox, tmp_path: Path, mechanism: str, story: Callable[[Play], None], counted: str
) -> None:
    found = {
        name: _played(running, tmp_path / name, story, name if name != "whole" else None)
        for name in (mechanism, "whole")
    }
    assert {word for word, lines in found[mechanism].by_word().items() if lines} == {counted}
    assert found["whole"].defects == []


def _played(running: RunningSandbox, state: Path, story: Callable[[Play], None], mechanism: str | None) -> Counts:
    rulebook = rules()
    with (
        land(running, state, rulebook, people=4, seed=1) as laid,
        open_river(laid.ground.settings, retry=QUICK) as river,
    ):
        leads = [row for row in laid.control.truth("Lead") if not row["IsDeleted"] and not row["IsConverted"]]
        lead = next(str(row["Id"]) for row in leads if not row["HasOptedOutOfEmail"])
        play = Play(laid, river, lead)
        with broken(mechanism):
            story(play)
        return play.counted
