"""The table of failures: complete, and right about whether a write may have happened."""

from __future__ import annotations

import socket
import ssl

import pytest
import requests

from connector.errors import ConfigurationError, ConnectorError, RetryError, StopError
from connector.http.outcome import (
    EXCEPTIONS,
    Answer,
    TooSlowError,
    UnknownOutcomeError,
    from_answer,
    from_exception,
    of_exception,
    of_status,
    wish,
)

pytestmark = pytest.mark.requirement("OP-3")


def every_exception_of_requests() -> list[type[requests.RequestException]]:
    found = [requests.RequestException]
    for kind in found:
        found += [
            each for each in kind.__subclasses__() if each.__module__ == "requests.exceptions" and each not in found
        ]
    return found


@pytest.mark.parametrize("kind", every_exception_of_requests())
def test_every_exception_stands_in_the_table(kind: type[requests.RequestException]) -> None:
    assert kind in EXCEPTIONS


def test_a_refused_connection_did_nothing_and_a_lost_answer_may_have() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(requests.ConnectionError) as caught:
        requests.get(f"http://127.0.0.1:{port}/", timeout=5)
    refused = from_exception("Salesforce at x", caught.value, "write")
    assert type(refused) is RetryError
    assert "Nobody answers there" in str(refused)

    reset = requests.ConnectionError(ConnectionResetError(104, "reset"))
    assert isinstance(from_exception("Salesforce at x", reset, "write"), UnknownOutcomeError)
    assert type(from_exception("Salesforce at x", reset, "read")) is RetryError


def test_an_unknown_name_did_nothing() -> None:
    with pytest.raises(requests.ConnectionError) as caught:
        requests.get("http://nowhere.invalid/", timeout=5, proxies={"http": ""})
    error = from_exception("Salesforce at nowhere.invalid", caught.value, "write")
    assert type(error) is RetryError
    assert "name is not known" in str(error)


def test_an_untrusted_certificate_is_a_matter_of_settings() -> None:
    error = requests.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed certificate"))
    told = from_exception("Salesforce at x", error, "read")
    assert isinstance(told, ConfigurationError)
    assert "CONNECTOR_CA_FILE" in str(told)
    assert of_exception(requests.exceptions.SSLError("EOF occurred in violation of protocol")).happened == "unknown"


@pytest.mark.parametrize(
    ("status", "read", "write"),
    [
        (400, StopError, StopError),
        (401, StopError, StopError),
        (403, StopError, StopError),
        (404, StopError, StopError),
        (301, ConfigurationError, ConfigurationError),
        (410, ConfigurationError, ConfigurationError),
        (414, StopError, StopError),
        (420, RetryError, RetryError),
        (429, RetryError, RetryError),
        (500, RetryError, UnknownOutcomeError),
        (503, RetryError, UnknownOutcomeError),
        (504, TooSlowError, UnknownOutcomeError),
        (599, RetryError, UnknownOutcomeError),
        (200, RetryError, UnknownOutcomeError),
        (418, StopError, StopError),
    ],
)
def test_statuses(status: int, read: type[ConnectorError], write: type[ConnectorError]) -> None:
    answer = Answer("Salesforce at x", status)
    assert type(from_answer(answer, of_status(status), "read")) is read
    assert type(from_answer(answer, of_status(status), "write")) is write


def test_the_sentence_quotes_the_remote_without_personal_data_and_without_end() -> None:
    answer = Answer("Salesforce at x", 400, "DUPLICATE_VALUE", "taro@example.com is there " + "long " * 200, 7.0)
    error = from_answer(answer, of_status(400), "write")
    assert "DUPLICATE_VALUE: [e-mail] is there" in str(error)
    assert len(str(error)) < 500
    assert isinstance(error, StopError)
    assert error.code == "DUPLICATE_VALUE"
    waiting = from_answer(Answer("x", 429, again_after=7.0), of_status(429), "read")
    assert isinstance(waiting, RetryError)
    assert waiting.again_after == 7.0


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30.0), (" 5 ", 5.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("²", None), (None, None)],
)
def test_how_long_the_remote_wishes_us_to_wait(header: str | None, seconds: float | None) -> None:
    assert wish({"Retry-After": header} if header else {}) == seconds
