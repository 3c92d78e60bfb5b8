"""What the store can tell about itself to whoever has to mend something: counts and states, no personal data (OP-8)."""

from __future__ import annotations

from typing import Any

from connector.domain.running import Run

MOST_RUNS = 50

_QUESTIONS = {
    "schema": "SELECT number, name, applied_at FROM migration ORDER BY number",
    "runs": "SELECT command, started_at, finished_at, outcome, counts FROM run ORDER BY started_at DESC "
    f"LIMIT {MOST_RUNS}",
    "journal": "SELECT kind, object, outcome, error_code, count(*) AS entries, min(intended_at) AS first, "
    "max(settled_at) AS last FROM journal GROUP BY ALL ORDER BY ALL",
    "cursors": "SELECT * EXCLUDE (at_id) FROM cursor ORDER BY ALL",
    "reconciliation": "SELECT * EXCLUDE (examples, at_id) FROM reconciliation ORDER BY ALL",
    "forgettings": "SELECT reason, count(*) AS times, count(rewritten_at) AS rewritten FROM forgetting GROUP BY ALL",
    "tables": "SELECT table_name, estimated_size, column_count FROM duckdb_tables() WHERE NOT temporary ORDER BY 1",
    "engine": "SELECT version() AS version, current_setting('memory_limit') AS memory, "
    "current_setting('threads') AS threads",
}


def support_document(run: Run) -> dict[str, Any]:
    """Everything by its name: rows as dictionaries. Ids of people, names, addresses and values are not among them."""
    document: dict[str, Any] = {}
    for name, question in _QUESTIONS.items():
        columns = [str(row[0]) for row in run(f"SELECT column_name FROM (DESCRIBE {question})", {})]
        document[name] = [dict(zip(columns, row, strict=True)) for row in run(question, {})]
    return document
