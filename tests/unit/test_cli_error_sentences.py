"""What went wrong is said once: the sentence, and only what it does not say itself."""

from __future__ import annotations

import pytest

from connector.cli.main import show_error
from connector.errors import ConfigurationError, Problem
from connector.settings import load_settings

pytestmark = pytest.mark.requirement("OP-4", "AD-1")


def told(capsys: pytest.CaptureFixture[str], error: ConfigurationError) -> list[str]:
    show_error(error)
    return capsys.readouterr().err.splitlines()


def test_a_wrong_setting_is_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_LOG_LEVEL", "loud")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(None, {})
    assert told(capsys, caught.value) == ["CONNECTOR_LOG_LEVEL should be 'debug', 'info', 'warning' or 'error'."]


def test_missing_settings_are_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_SALESFORCE_URL", "https://example.my.salesforce.com")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(None, {}).salesforce()
    lines = told(capsys, caught.value)
    assert len(lines) == 1
    assert "Not set: CONNECTOR_SALESFORCE_CLIENT_ID, CONNECTOR_SALESFORCE_CLIENT_SECRET. " in lines[0]


def test_problems_in_files_come_each_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    two = (Problem("m/a.yaml", 3, 5, "Unknown key."), Problem("m/b.csv", 0, 0, "has no column name."))
    error = ConfigurationError("2 things are wrong with the rules in m/b.csv.", two)
    assert told(capsys, error) == [str(error), "  m/a.yaml:3:5: Unknown key.", "  m/b.csv: has no column name."]
    assert told(capsys, ConfigurationError("m/a.yaml:3:5: Unknown key.", two[:1])) == ["m/a.yaml:3:5: Unknown key."]
