"""What happens at desks: edits, owners changed, records deleted, taken back, doubled and merged, tasks ticked off."""

from __future__ import annotations

from random import Random

from connector.sandbox.world import crm
from connector.sandbox.world.agenda import Due
from connector.sandbox.world.draws import poisson
from connector.sandbox.world.moments import DAY, HOUR, at, date_in_japan, day_in_japan, text, working_day
from connector.sandbox.world.sales import caller, edited
from connector.sandbox.world.scene import Scene, later
from connector.sandbox.world.standing import LeadState

_EDITS, _DELETES, _MERGES = 0.0025, 0.00015, 0.0001
"""A working day's share of people; a small world still sees one of the rarer ones every few days."""
_TASK_KEY = "Connector_Key__c"
_TASKS_A_DAY = 200


def day(scene: Scene, due: Due) -> None:
    """Plans one working day, at nine in the morning, and the next one."""
    rng, today = scene.rng(due), day_in_japan(due.moment)
    scene.push(at(working_day(today + 1), 9), -1, "day")
    for _ in range(poisson(rng, scene.people * _EDITS)):
        scene.push(_today(rng, due.moment), rng.randrange(scene.people), "edit")
    if due.moment < scene.start:
        return
    for _ in range(poisson(rng, max(0.35, scene.people * _DELETES))):
        scene.push(_today(rng, due.moment), rng.randrange(scene.people), "delete")
    for _ in range(poisson(rng, max(0.15, scene.people * _MERGES))):
        person = rng.randrange(max(1, scene.people // 200)) * 200 + 41
        if person < scene.people:
            scene.push(_today(rng, due.moment), person, "merge")
    _tick_off(scene, due, rng)


def _today(rng: Random, morning: int) -> int:
    return morning + int(rng.random() * 8.5 * HOUR)


def _tick_off(scene: Scene, due: Due, rng: Random) -> None:
    """Reps do some of the tasks that are due and that a connected system has given them."""
    if not scene.ledger.has_column("Task", _TASK_KEY):
        return
    rows = scene.ledger.connection.execute(
        f'SELECT "Id" FROM "Task" WHERE "{_TASK_KEY}" IS NOT NULL AND "Status" <> \'Completed\' '
        'AND "IsDeleted" = 0 AND "ActivityDate" <= ? ORDER BY "ActivityDate", "Id" LIMIT ?',
        (date_in_japan(due.moment), _TASKS_A_DAY),
    )
    for (record,) in rows.fetchall():
        if rng.random() < 0.6:
            scene.push(_today(rng, due.moment), -1, "finish", record)


def edit(scene: Scene, due: Due) -> None:
    """A field of a live Lead is corrected, or its owner changed."""
    standing, rng = scene.standings.of(due.person), scene.rng(due)
    state = scene.standings.lead(standing)
    if state is None or state.deleted or state.converted or standing.lead_id is None:
        return
    user = caller(scene, standing)
    values = edited(rng, scene.person(due.person))
    if rng.random() < 0.15:
        names = scene.assets.names("user:inside:")
        standing.owner_id = str(scene.assets[rng.choice(names)])
        values = {"OwnerId": standing.owner_id}
    scene.touch("Lead", standing.lead_id, due.moment, user, **values)


def delete(scene: Scene, due: Due) -> None:
    """A live Lead goes to the recycle bin with its tasks, and every other time the prospect too."""
    standing, rng = scene.standings.of(due.person), scene.rng(due)
    state = scene.standings.lead(standing)
    if state is None or state.deleted or state.converted or standing.lead_id is None:
        return
    _set_deleted(scene, due, deleted=True)
    standing.happened = "deleted"
    if standing.prospect_id is not None and rng.random() < 0.5:
        standing.mail = "none"
        values = {"isDeleted": 1, "updatedAt": text(due.moment)}
        scene.ledger.change("prospects", standing.prospect_id, **values)
    if due.moment >= scene.start and rng.random() < 0.3:
        scene.push(later(rng, due.moment, 0.5, 4), due.person, "undelete")


def undelete(scene: Scene, due: Due) -> None:
    """A deleted Lead is taken back, and the prospect with it."""
    standing = scene.standings.of(due.person)
    state = scene.standings.lead(standing)
    if state is None or not state.deleted or standing.lead_id is None:
        return
    _set_deleted(scene, due, deleted=False)
    standing.happened = "undeleted"
    if standing.prospect_id is not None:
        standing.mail = "yes" if standing.mail == "none" else standing.mail
        values = {"isDeleted": 0, "updatedAt": text(due.moment)}
        scene.ledger.change("prospects", standing.prospect_id, **values)


def _set_deleted(scene: Scene, due: Due, *, deleted: bool) -> None:
    standing = scene.standings.of(due.person)
    lead = standing.lead_id or ""
    user = caller(scene, standing)
    scene.touch("Lead", lead, due.moment, user, IsDeleted=int(deleted))
    for table, column in (("Task", "WhoId"), ("Event", "WhoId"), ("CampaignMember", "LeadId")):
        for record in scene.ledger.holders(table, column, lead):
            scene.touch(table, record, due.moment, user, IsDeleted=int(deleted))
    before = scene.standings.lead(standing)
    status = before.status if before else crm.NEW
    scene.standings.set_lead(due.person, LeadState(status, deleted=deleted, converted=False))


def twin(scene: Scene, due: Due) -> None:
    """Somebody types a person in again who is there already."""
    standing = scene.standings.of(due.person)
    if standing.lead_id is not None and standing.twin_lead_id is None:
        crm.add_twin(scene, standing, scene.person(due.person), due.moment)


def merge(scene: Scene, due: Due) -> None:
    """The two Leads of one person become one: the loser is deleted and names its master."""
    standing = scene.standings.of(due.person)
    state = scene.standings.lead(standing)
    if state is None or state.deleted or state.converted:
        return
    if standing.lead_id is None or standing.twin_lead_id is None:
        return
    user = caller(scene, standing)
    scene.touch("Lead", standing.lead_id, due.moment, user)
    loser = {"IsDeleted": 1, "MasterRecordId": standing.lead_id}
    scene.touch("Lead", standing.twin_lead_id, due.moment, user, **loser)
    for table in ("Task", "Event"):
        for record in scene.ledger.holders(table, "WhoId", standing.twin_lead_id):
            scene.touch(table, record, due.moment, user, WhoId=standing.lead_id)
    standing.twin_lead_id = None
    standing.happened = "merged"


def first_day(moment: int) -> int:
    """Nine in the morning of the first working day from a moment on."""
    today = working_day(day_in_japan(moment))
    return at(today, 9) if at(today, 9) > moment else at(working_day(day_in_japan(moment + DAY)), 9)
