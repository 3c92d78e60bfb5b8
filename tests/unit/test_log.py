"""Log lines as they arrive on stderr: their shape, and that neither we nor a library can log a secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from connector import log

pytestmark = pytest.mark.requirement("OP-1", "OP-4")

TOKEN = "00D5g000004XyZA" + "!" + "AR8AQJ3kP.9s_xT0vLmQ2w8Zr4"

# The standard library's name stands for the module that speaks.
events = structlog.get_logger("connector.somewhere")


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    level, ours = root.level, logging.getLogger(log.ROOT).level
    yield
    structlog.reset_defaults()
    for handler in [each for each in root.handlers if each.get_name() == log.ROOT]:
        root.removeHandler(handler)
    root.setLevel(level)
    logging.getLogger(log.ROOT).setLevel(ours)


def test_a_pipe_gets_one_json_object_a_line() -> None:
    out = io.StringIO()
    log.configure("auto", "info", out)
    events.info("pull.page", stream="salesforce.Lead", rows=2000, note="会社")
    event = json.loads(out.getvalue())
    assert {
        "event": "pull.page",
        "stream": "salesforce.Lead",
        "rows": 2000,
        "note": "会社",
        "level": "info",
    }.items() <= (event.items())
    assert event["timestamp"].endswith("Z")


def test_a_terminal_gets_key_and_value() -> None:
    out = Terminal()
    log.configure("auto", "info", out)
    events.warning("retry.scheduled", wait=2)
    assert "retry.scheduled" in out.getvalue()
    assert "wait" in out.getvalue()
    assert "{" not in out.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
def test_our_events_and_the_libraries_pass_the_same_gate(form: str) -> None:
    out = io.StringIO()
    log.configure(form, "debug", out)  # type: ignore[arg-type] # parametrized over the two words
    events.info("http.call", header=f"Bearer {TOKEN}", who="hanako@example.co.jp", access_token="abc")
    logging.getLogger("urllib3.connectionpool").debug('"GET /x?oauth_token=%s HTTP/1.1"', TOKEN)
    try:
        raise ValueError(f"refused {TOKEN} of hanako@example.co.jp")
    except ValueError:
        logging.getLogger("somebody.else").exception("it broke")
        events.exception("apply.failed")
    text = out.getvalue()
    assert "AR8AQ" not in text
    assert "hanako" not in text
    assert "abc" not in text
    assert text.count("ValueError") >= 2
    assert "it broke" in text


def test_levels_and_configuring_twice() -> None:
    first, second = io.StringIO(), io.StringIO()
    log.configure("json", "info", first)
    log.configure("json", "warning", second)
    events.info("pull.page")
    logging.getLogger("urllib3").info("chatter")
    events.warning("retry.scheduled")
    assert first.getvalue() == ""
    assert [json.loads(line)["event"] for line in second.getvalue().splitlines()] == ["retry.scheduled"]
