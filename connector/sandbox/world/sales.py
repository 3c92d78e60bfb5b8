"""What the vendor's people do with persons: calls, e-mails, meetings, what they hear, and giving up."""

from __future__ import annotations

from random import Random
from typing import Any

from connector.sandbox.world import crm
from connector.sandbox.world.agenda import Due
from connector.sandbox.world.assets import stamps
from connector.sandbox.world.draws import pick, shares_of
from connector.sandbox.world.moments import DAY, HOUR, MINUTE, date_in_japan, text, working_moment
from connector.sandbox.world.people import Person
from connector.sandbox.world.scene import Scene, later
from connector.sandbox.world.standing import LeadState, Standing
from connector.sandbox.world.words_content import LOSS_REASONS

WORKING, CLOSED, NURTURING = "Working - Contacted", "Closed - Not Converted", "Nurturing"
_LOSS_SHARES = shares_of(LOSS_REASONS)
_HEARD = {
    "Budget__c": ("確保済み", "年間300万円", "来期申請予定", "未定", "部門予算で検討可能", "Yes", "なし"),
    "Authority__c": ("本人が決裁", "部長決裁", "役員会で承認", "担当者のみ", "未確認", "Yes"),
    "Need__c": ("点検漏れが課題", "紙とExcelを見直したい", "少し課題はある", "情報収集のみ", "停止を減らしたい"),
    "Timeframe__c": ("今期中", "来期", "3ヶ月以内", "1年以内", "未定", "お越しいただくのは構いません", "2027-04"),
}


def reachable(scene: Scene, standing: Standing) -> str | None:
    """The record under which people in sales work on a person now: the live Lead, else the Contact, else None."""
    state = scene.standings.lead(standing)
    if state is not None and not state.deleted and not state.converted:
        return standing.lead_id
    if state is not None and state.deleted:
        return None
    return standing.contact_id


def caller(scene: Scene, standing: Standing) -> str:
    """Who calls: the owner, or for a queue's Leads one of the inside sales people."""
    owner = standing.owner_id or ""
    if owner.startswith("005"):
        return owner
    names = scene.assets.names("user:inside:")
    return str(scene.assets[names[standing.person % len(names)]])


def add_task(scene: Scene, standing: Standing, moment: int, subject: str, **columns: Any) -> str | None:
    """Writes down a task with a person; answers its id, or None when nobody is there to work on."""
    who = reachable(scene, standing)
    if who is None:
        return None
    record, user = scene.ledger.id("Task"), caller(scene, standing)
    by = {"CreatedById": user, "LastModifiedById": user}
    row = {
        "Id": record,
        "WhoId": who,
        "WhatId": standing.opportunity_id if who.startswith("003") else None,
        "AccountId": standing.account_id if who.startswith("003") else None,
        "Subject": subject,
        "Status": "Completed",
        "Priority": "Normal",
        "ActivityDate": date_in_japan(moment),
        "OwnerId": user,
        "TaskSubtype": "Task",
        **stamps(scene.assets, moment),
        **by,
    }
    row |= columns
    if row["Status"] == "Completed":
        row["CompletedDateTime"] = text(moment)
        if who.startswith("00Q"):
            crm.note_activity(scene, standing, moment)
    scene.ledger.add("Task", row)
    return record


def call(scene: Scene, due: Due) -> None:
    """A rep calls, when working hours come. `detail` is the number of the try and the reason."""
    rng = scene.rng(due)
    moment = working_moment(due.moment, rng)
    if moment > due.moment + MINUTE:
        scene.push(moment, due.person, "ring", due.detail)
    else:
        ring(scene, due)


def ring(scene: Scene, due: Due) -> None:
    """The call itself: an answer, or another try some days later, three at most."""
    standing, rng = scene.standings.of(due.person), scene.rng(due)
    attempt, reason = due.detail.split(":", 1)
    answered = rng.random() < 0.36 + 0.25 * standing.intent
    columns: dict[str, Any] = {"Type": "Call", "TaskSubtype": "Call", "CallType": "Outbound"}
    columns |= {"CallDisposition": "接続" if answered else rng.choice(("不在", "話中", "取次不可"))}
    columns |= {"CallDurationInSeconds": int(rng.uniform(60, 900)) if answered else int(rng.uniform(5, 40))}
    subject = f"架電: {reason}" if answered else f"架電 (不在): {reason}"
    if add_task(scene, standing, due.moment, subject, **columns) is None:
        return
    _status(scene, standing, due.moment, WORKING, only_from="Open - Not Contacted")
    if rng.random() < 0.3:
        when = due.moment + int(rng.uniform(5, 50) * MINUTE)
        scene.push(when, due.person, "write", reason)
        if answered and rng.random() < 0.25:
            scene.push(working_moment(when + 2 * HOUR, rng), due.person, "reply", reason)
    if answered:
        _after_a_talk(scene, standing, due, rng)
    elif int(attempt) < 3:
        scene.push(later(rng, due.moment, 1.5, 5), due.person, "call", f"{int(attempt) + 1}:{reason}")


def _after_a_talk(scene: Scene, standing: Standing, due: Due, rng: Random) -> None:
    person = scene.person(due.person)
    _hear(scene, standing, due.moment, rng)
    warmth = 0.5 * standing.intent + 0.35 * standing.fit + 0.3 * rng.random()
    if rng.random() < 0.02:
        _do_not_call(scene, standing, due.moment)
    elif warmth > 0.78 or (person.fate == "converted" and due.moment < scene.start):
        scene.push(later(rng, due.moment, 3, 9), due.person, "meet")
    elif rng.random() < 0.3:
        scene.push(later(rng, due.moment, 0.1, 10), due.person, "close")
    elif rng.random() < 0.35:
        _status(scene, standing, due.moment, NURTURING)
    elif rng.random() < 0.3:
        day = date_in_japan(due.moment + 14 * DAY)
        task = add_task(scene, standing, due.moment, "再架電", Status="Not Started", ActivityDate=day, Type="Call")
        if task is not None and rng.random() < 0.7:
            scene.push(later(rng, due.moment + 13 * DAY, 0.5, 2), due.person, "finish", task)


def write(scene: Scene, due: Due) -> None:
    """A rep writes an e-mail after a call."""
    standing = scene.standings.of(due.person)
    add_task(scene, standing, due.moment, f"メール: {due.detail} のお礼", Type="Email", TaskSubtype="Email")


def reply(scene: Scene, due: Due) -> None:
    """The person answers a rep's e-mail; the rep's mail client files it."""
    standing = scene.standings.of(due.person)
    subject = f"メール受信: Re: {due.detail} のお礼"
    add_task(scene, standing, due.moment, subject, Type="Email", TaskSubtype="Email")


def finish(scene: Scene, due: Due) -> None:
    """A rep ticks a task off, unless it is gone or done already."""
    row = scene.ledger.connection.execute(
        "SELECT OwnerId, Status, IsDeleted FROM Task WHERE Id = ?", (due.detail,)
    ).fetchone()
    if row is not None and (row[2] or row[1] == "Completed"):
        return
    standing = scene.standings.of(due.person)
    user = str(row[0]) if row is not None and str(row[0]).startswith("005") else caller(scene, standing)
    done = {"Status": "Completed", "CompletedDateTime": text(due.moment)}
    scene.touch("Task", due.detail, due.moment, user, **done)


def meet(scene: Scene, due: Due) -> None:
    """A meeting, when working hours come; what becomes of it follows from fit and intent."""
    standing, rng = scene.standings.of(due.person), scene.rng(due)
    who = reachable(scene, standing)
    if who is None:
        return
    begin = working_moment(due.moment + DAY, rng) // (30 * MINUTE) * 30 * MINUTE
    user, record = crm.field_owner(scene, due.person), scene.ledger.id("Event")
    scene.ledger.add(
        "Event",
        {
            "Id": record,
            "Subject": rng.choice(("商談: 初回訪問", "オンライン商談", "製品デモ", "ご挨拶")),
            "WhoId": who,
            "WhatId": standing.opportunity_id if who.startswith("003") else None,
            "AccountId": standing.account_id if who.startswith("003") else None,
            "StartDateTime": text(begin),
            "EndDateTime": text(begin + HOUR),
            "ActivityDateTime": text(begin),
            "ActivityDate": date_in_japan(begin),
            "DurationInMinutes": 60,
            "OwnerId": user,
            **stamps(scene.assets, due.moment),
            "CreatedById": user,
            "LastModifiedById": user,
        },
    )
    if due.moment >= scene.start and who.startswith("00Q"):
        promising = 0.6 * standing.intent + 0.5 * standing.fit + 0.2 * rng.random() > 0.8
        scene.push(later(rng, begin, 0.1, 4), due.person, "convert" if promising else "close")


def close(scene: Scene, due: Due) -> None:
    """A rep gives a Lead up; one in six says no reason. Someone meant to be converted is not given up before."""
    standing, rng = scene.standings.of(due.person), scene.rng(due)
    if due.moment < scene.start and scene.person(due.person).fate == "converted":
        return
    reason = LOSS_REASONS[pick(rng.random(), _LOSS_SHARES)][0] if rng.random() < 0.84 else None
    if _status(scene, standing, due.moment, CLOSED, Close_Reason__c=reason):
        standing.happened = "closed"


def _status(
    scene: Scene, standing: Standing, moment: int, status: str, *, only_from: str | None = None, **columns: Any
) -> bool:
    state = scene.standings.lead(standing)
    if state is None or state.deleted or state.converted or standing.lead_id is None:
        return False
    if only_from is not None and state.status != only_from:
        return False
    scene.standings.set_lead(standing.person, LeadState(status, deleted=False, converted=False))
    user = caller(scene, standing)
    scene.touch("Lead", standing.lead_id, moment, user, Status=status, IsUnreadByOwner=0, **columns)
    return True


def _hear(scene: Scene, standing: Standing, moment: int, rng: Random) -> None:
    """What a rep learned by asking goes into the Lead's fields."""
    state = scene.standings.lead(standing)
    if state is None or state.deleted or state.converted or standing.lead_id is None:
        return
    heard = {name: rng.choice(words) for name, words in _HEARD.items() if rng.random() < 0.25 + 0.4 * standing.fit}
    if heard:
        scene.touch("Lead", standing.lead_id, moment, caller(scene, standing), **heard)


def _do_not_call(scene: Scene, standing: Standing, moment: int) -> None:
    who = reachable(scene, standing)
    if who is not None and who.startswith("00Q"):
        scene.touch("Lead", who, moment, caller(scene, standing), DoNotCall=1)
    if standing.prospect_id is not None:
        values = {"isDoNotCall": 1, "updatedAt": text(moment)}
        scene.ledger.change("prospects", standing.prospect_id, **values)


def edited(rng: Random, person: Person) -> dict[str, Any]:
    """What somebody at a desk changes on a Lead without speaking to anyone."""
    return rng.choice(
        (
            {"Phone": person.company.phone},
            {"Title": person.title},
            {"Rating": rng.choice(("Hot", "Warm", "Cold"))},
            {"Description": f"{person.company.name} の担当変更あり。\n次回は{person.department}へ連絡。"},
            {"NumberOfEmployees": person.company.employees},
        )
    )
