"""Tell: what stands and was not told yet goes out in one letter, by every way that the settings name; each once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from connector.alerting.letter import Language, Letter, write_letter
from connector.domain.alerts import AlertKind
from connector.errors import RetryError, StopError
from connector.store.alerts import mark_told, standing_alerts
from connector.store.database import Store

log = structlog.get_logger()


@dataclass(frozen=True)
class Telling:
    """Whom the alerts are told to, and how. `ways` raise RetryError and StopError."""

    ways: Sequence[tuple[str, Callable[[Letter], None]]]
    kinds: Collection[AlertKind]
    language: Language


def tell(store: Store, telling: Telling, now: datetime) -> int:
    """Sends what is to be told; how many alerts were. What no way takes stays to be told by the next run.

    An alert that one way has taken counts as told: to send it again would tell it twice there. A failing way is an
    error in the log and stops nothing else.
    """
    pending = [one for one in standing_alerts(store.run) if one.told_at is None and one.alert.kind in telling.kinds]
    if not pending or not telling.ways:
        return 0
    org_id, url = store.run("SELECT org_id, coalesce(url, '') FROM org LIMIT 1")[0]
    alerts = [one.alert for one in pending]
    letter = write_letter(alerts, org_id, url, telling.language, min(one.began_at for one in pending))
    # Every way is tried, also after one that took it.
    taken = [name for name, send in telling.ways if _sent(name, send, letter)]
    if not taken:
        return 0
    mark_told(store, alerts, now)
    log.info("alert.told", alerts=len(alerts))
    return len(alerts)


def _sent(name: str, send: Callable[[Letter], None], letter: Letter) -> bool:
    try:
        send(letter)
    except (RetryError, StopError) as error:
        log.error("alert.not_told", way=name, why=str(error))
        return False
    return True
