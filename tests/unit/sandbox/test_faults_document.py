"""What the document of faults may say, and in what words the rest is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connector.sandbox.faults.document import DocumentError, read_plan
from connector.sandbox.faults.kinds import KINDS

pytestmark = pytest.mark.requirement("OP-3")


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ([], "The document must be an object"),
        ({"rules": []}, "The document does not take rules: it takes faults, seed."),
        ({"faults": {}}, "faults must be a list."),
        ({"seed": "a"}, "seed must be a whole number, 0 or more."),
        ({"faults": ["slow"]}, "Fault 1 must be an object with a kind"),
        ({"faults": [{"kind": "slow", "seconds": 1}, {"kind": "earthquake"}]}, "Fault 2 has the kind 'earthquake'"),
        ({"faults": [{"kind": "server_error", "code": 1}]}, "Fault 1 (server_error) does not take code"),
        ({"faults": [{"kind": "server_error", "status": 404}]}, "status must be 500, 502, 503 or 504."),
        ({"faults": [{"kind": "server_error", "nth": 0}]}, "nth must be a whole number from 1"),
        ({"faults": [{"kind": "server_error", "every": True}]}, "every must be a whole number, 1 or more."),
        ({"faults": [{"kind": "server_error", "probability": 2}]}, "probability must be a number from 0 to 1."),
        ({"faults": [{"kind": "server_error", "nth": 1, "every": 2}]}, "give only one of nth, every and probability."),
        ({"faults": [{"kind": "server_error", "method": "FETCH"}]}, "method must be one or a list of DELETE"),
        ({"faults": [{"kind": "server_error", "path": 3}]}, "path must be a pattern"),
        ({"faults": [{"kind": "daily_limit", "system": "salesforce"}]}, "system must be account_engagement."),
        ({"faults": [{"kind": "late_commit"}]}, "Fault 1 (late_commit) needs seconds: a number, 0 or more."),
        ({"faults": [{"kind": "late_commit", "seconds": 1, "nth": 1}]}, "does not take nth"),
        ({"faults": [{"kind": "hidden_rows", "object": "Lead"}]}, "give either ids or share."),
        ({"faults": [{"kind": "slow"}]}, "give seconds or bytes_per_second."),
    ],
)
def test_what_nothing_would_act_on_is_refused(document: object, sentence: str) -> None:
    with pytest.raises(DocumentError, match=re.escape(sentence)):
        read_plan(document)


def test_an_empty_document_is_a_plan_without_faults() -> None:
    assert read_plan({}).faults == ()


def test_every_kind_is_in_the_manual() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "sandbox.md").read_text("utf-8")
    assert [kind for kind in KINDS if f"| `{kind}` |" not in manual] == []
