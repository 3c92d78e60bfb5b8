"""/healthz, /readyz and /metrics over plain HTTP, on loopback unless told otherwise."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST

from connector.errors import ConfigurationError
from connector.scheduling.health import Health

Answer = tuple[int, str, bytes]
"""Status, content type, body."""


def answer(path: str, health: Health, now: datetime) -> Answer:
    """What a path answers: 200, 503 where the daemon cannot be relied on, 404 for others."""
    if path == "/healthz":
        return 200, "application/json", b'{"alive": true}\n'
    if path == "/metrics":
        return 200, CONTENT_TYPE_LATEST, health.metrics(now)
    if path == "/readyz":
        reasons = health.not_ready(now)
        body = json.dumps({"schema": 1, "ready": not reasons, "reasons": reasons}, ensure_ascii=False)
        return 503 if reasons else 200, "application/json", f"{body}\n".encode()
    return 404, "application/json", b'{"paths": ["/healthz", "/readyz", "/metrics"]}\n'


@contextmanager
def listening(address: str, health: Health, now: Callable[[], datetime]) -> Iterator[str]:
    """Answers on `address` (HOST:PORT, port 0 for any) for as long as the block lasts; gives the address in use.

    Raises ConfigurationError when the address is not to be had.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            status, kind, body = answer(self.path.partition("?")[0], health, now())
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Probes come every few seconds and say nothing new."""

    host, _, port = address.rpartition(":")
    try:
        server = ThreadingHTTPServer((host, int(port)), Handler)
    except OSError as error:
        raise ConfigurationError(
            f"The health address {address} is not to be had ({error.strerror}): give another with --listen or "
            "CONNECTOR_HEALTH_ADDRESS, or --listen off."
        ) from None
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        yield f"{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
