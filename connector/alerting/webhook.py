"""Telling a webhook: one POST of JSON. Its `text` is what chat services show."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict
from pathlib import Path

import requests
from pydantic import SecretStr

from connector.alerting.letter import Letter
from connector.errors import RetryError, StopError
from connector.http.session import RemoteSession

SIGNATURE = "X-Connector-Signature"
SECONDS = (5.0, 15.0)


def post_letter(letter: Letter, url: str, secret: SecretStr | None, ca_file: Path | None) -> None:
    """Sends a letter. RetryError when nobody takes it now, StopError when it is refused."""
    document = {
        "schema": 1,
        "id": letter.number,
        "text": f"{letter.subject}\n{letter.text}",
        "alerts": [asdict(one) for one in letter.alerts],
    }
    body = json.dumps(document, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if secret is not None:
        mark = hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest()
        headers[SIGNATURE] = f"sha256={mark}"
    try:
        with RemoteSession(ca_file=ca_file) as session:
            answer = session.post(url, data=body, headers=headers, timeout=SECONDS)
    except requests.RequestException as error:
        # The address itself may be a secret: those of chat services are.
        raise RetryError(f"The webhook could not be reached ({type(error).__name__}).") from None
    if answer.status_code >= 500 or answer.status_code == 429:
        raise RetryError(f"The webhook answered {answer.status_code}.")
    if answer.status_code >= 300:
        raise StopError(f"The webhook refused the message with {answer.status_code}: check CONNECTOR_ALERT_WEBHOOK.")
