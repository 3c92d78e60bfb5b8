"""What waits for somebody's word before it is written, and the words that were given (TU-2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from connector.domain.plan import Waiting
from connector.domain.running import Run
from connector.store.cursors import naive
from connector.store.database import Store

Word = Literal["approved", "rejected"]


@dataclass(frozen=True)
class Said:
    """A word that was given: what about, by whom, when (aware), and why if it was no."""

    kind: str
    subject: str
    person_id: str
    word: Word
    said_by: str
    said_at: datetime
    reason: str | None


def keep_waiting(store: Store, now: datetime) -> None:
    """Notes what is asked since when, and forgets what is not asked any more, with the words about it.

    Reads `asked_about`, which the plan just made has left. Only of the people who were evaluated (`decided`) something
    is forgotten: of the others nothing is known just now. So a word about a toss-up lapses when its criteria are not
    met any more, or when it was handed over.
    """
    with store.transaction():
        store.run(_LAPSED)
        store.run(_WAITS, {"now": naive(now)})


def give_word(
    store: Store, waiting: Sequence[Waiting], word: Word, said_by: str, reason: str | None, now: datetime
) -> int:
    """Gives a word about what waits. Answers about how much; what has a word by now gets another one."""
    rows = [(one.kind, one.subject, one.person_id, one.wanted) for one in waiting]
    store.load("now_said", ("kind", "subject", "person_id", "wanted"), rows)
    given = {"word": word, "by": said_by, "reason": reason, "now": naive(now)}
    with store.transaction():
        rows = store.run(_SAID, given)
    return len(rows)


def words(run: Run) -> list[Said]:
    """The words that were given and that still stand, the last first."""
    rows = run(
        "SELECT kind, subject, person_id, word, said_by, said_at, reason FROM approvals WHERE word IS NOT NULL "
        "ORDER BY said_at DESC, kind, subject",
        {},
    )
    return [
        Said(kind, subject, person_id, word, said_by, said_at.replace(tzinfo=UTC), reason)
        for kind, subject, person_id, word, said_by, said_at, reason in rows
    ]


def waiting_since(run: Run) -> dict[tuple[str, str], datetime]:
    """Since when each thing has waited, by kind and subject."""
    rows = run("SELECT kind, subject, since FROM approvals WHERE word IS NULL", {})
    return {(kind, subject): since.replace(tzinfo=UTC) for kind, subject, since in rows}


_LAPSED = """
DELETE FROM approvals
WHERE (person_id IN (SELECT person_id FROM decided) OR person_id NOT IN (SELECT person_id FROM known_persons))
    AND NOT EXISTS (
        SELECT 1 FROM asked_about
        WHERE asked_about.kind = approvals.kind AND asked_about.subject = approvals.subject
            AND asked_about.wanted = approvals.wanted
    )
"""
_WAITS = """
INSERT INTO approvals (kind, subject, person_id, wanted, since)
SELECT kind, subject, person_id, wanted, $now FROM asked_about
WHERE NOT EXISTS (
    SELECT 1 FROM approvals WHERE approvals.kind = asked_about.kind AND approvals.subject = asked_about.subject
)
"""
_SAID = """
INSERT INTO approvals (kind, subject, person_id, wanted, since, word, said_by, said_at, reason)
SELECT kind, subject, person_id, wanted, $now, $word, $by, $now, $reason FROM now_said
ON CONFLICT (kind, subject) DO UPDATE SET wanted = excluded.wanted, word = excluded.word, said_by = excluded.said_by,
    said_at = excluded.said_at, reason = excluded.reason
RETURNING 1
"""
