"""What a change of an opportunity brings with it: its stage's probability, its stamps, its history."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from connector.sandbox.salesforce.values import Stored
from connector.sandbox.salesforce.writer import Writer

_WATCHED = ("StageName", "Amount", "Probability", "CloseDate")


def before_opportunity(writer: Writer, row: sqlite3.Row | None, values: dict[str, Stored]) -> None:
    """Follows the stage: probability and forecast category unless given, the stamp of the change; counts pushes."""
    stage = values.get("StageName")
    if stage is not None and (row is None or stage != row["StageName"]):
        values["LastStageChangeDate"] = writer.now if row is not None else None
        found = writer.connection.execute(
            'SELECT "DefaultProbability", "ForecastCategoryName" FROM "OpportunityStage" WHERE "ApiName" = ?', (stage,)
        ).fetchone()
        if found is not None:
            if values.get("Probability") is None:
                values["Probability"] = found["DefaultProbability"]
            if values.get("ForecastCategoryName") is None:
                values["ForecastCategoryName"] = found["ForecastCategoryName"]
    if row is not None and _is_pushed(row["CloseDate"], values.get("CloseDate")):
        values["PushCount"] = (row["PushCount"] or 0) + 1


def record_history(writer: Writer, row: sqlite3.Row | None, values: Mapping[str, Stored]) -> None:
    """One more row of history when the stage, the amount, the probability or the close date differs."""
    if row is not None and all(values.get(name) == row[name] for name in _WATCHED):
        return
    amount, probability = values.get("Amount"), values.get("Probability")
    expected = float(amount) * float(probability) / 100 if amount is not None and probability is not None else None
    opportunity = writer.object("Opportunity")
    now = writer.row(opportunity, str(values["Id"]))
    history = writer.insert(
        writer.object("OpportunityHistory"),
        {
            "OpportunityId": values["Id"],
            "CreatedById": writer.user_id,
            "CreatedDate": writer.now,
            "SystemModstamp": writer.now,
            "IsDeleted": 0,
            **{name: values.get(name) for name in _WATCHED},
            "ExpectedRevenue": expected,
            "ForecastCategory": now["ForecastCategory"] if now else None,
            "PrevAmount": row["Amount"] if row else None,
            "PrevCloseDate": row["CloseDate"] if row else None,
        },
    )
    pointers: dict[str, Stored] = {}
    if row is None or values.get("Amount") != row["Amount"]:
        pointers["LastAmountChangedHistoryId"] = history
    if row is None or values.get("CloseDate") != row["CloseDate"]:
        pointers["LastCloseDateChangedHistoryId"] = history
    if row is not None and pointers:
        writer.update(opportunity, str(values["Id"]), pointers)


def _is_pushed(was: str | None, becomes: Stored) -> bool:
    """Whether a close date moves into a later month."""
    return was is not None and becomes is not None and str(becomes)[:7] > was[:7]
