"""Telling people by mail, through the mail server of the settings."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from connector.alerting.letter import Letter
from connector.errors import RetryError, StopError

SECONDS = 20.0


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in. `encryption`: starttls, tls from the first byte, or none (this machine only)."""

    host: str
    port: int
    encryption: Literal["starttls", "tls", "none"]
    sender: str
    receivers: tuple[str, ...]
    user: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None


def mail_letter(letter: Letter, server: MailServer) -> None:
    """Sends a letter. RetryError when the server cannot be used now, StopError when it refuses us for good."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = letter.subject, server.sender, ", ".join(server.receivers)
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = f"<{letter.number}@{server.sender.rpartition('@')[2]}>"
    message.set_content(letter.text)
    try:
        with _signed_in(server) as wire:
            wire.send_message(message)
    except smtplib.SMTPResponseException as error:
        # Its words may name an address; the code says enough.
        sentence = f"The mail server answered {error.smtp_code}."
        if error.smtp_code >= 500:
            raise StopError(f"{sentence} Check CONNECTOR_ALERT_MAIL_… and its password.") from None
        raise RetryError(sentence) from None
    except smtplib.SMTPRecipientsRefused:
        raise StopError("The mail server refused the receivers: check CONNECTOR_ALERT_MAIL_TO.") from None
    except (smtplib.SMTPException, OSError) as error:
        raise RetryError(f"The mail server could not be used ({type(error).__name__}).") from None


@contextmanager
def _signed_in(server: MailServer) -> Iterator[smtplib.SMTP]:
    context = ssl.create_default_context(cafile=None if server.ca_file is None else str(server.ca_file))
    if server.encryption == "tls":
        wire: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=context)
    else:
        wire = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
    with wire:
        if server.encryption == "starttls":
            wire.starttls(context=context)
        if server.user is not None and server.password is not None:
            wire.login(server.user, server.password.get_secret_value())
        yield wire
