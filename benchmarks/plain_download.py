"""The least that reading can be: the questions of a pull asked again, and the answers written to files, no more.

A question is what begins an answer: a bulk query, an export, the first page of a chain (Salesforce), or a page (Account
Engagement, whose tokens stay good). Pages of one collection, files of one export and pages of one bulk query are
fetched four at a time, as a pull does it; questions follow one another as they did.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count, groupby
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

AT_ONCE = 4
CHUNK = 256 * 1024
FIRST_POLL, LONGEST_POLL, GROWTH = 0.25, 10.0, 1.5
ENDED = {"JobComplete", "Complete"}


@dataclass(frozen=True)
class Question:
    """One request that began an answer. `unit`: the business unit's id, empty for Salesforce."""

    method: str
    url: str
    body: str
    unit: str

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def kind(self) -> str | None:
        """How its answer is fetched: bulk, export, chain, page; None where it is no question for rows."""
        if self.method == "POST":
            if self.path.endswith("/jobs/query"):
                return "bulk"
            return "export" if self.path.endswith("/exports") else None
        asked = parse_qs(urlsplit(self.url).query)
        if self.path.rstrip("/").endswith(("/query", "/queryAll")):
            return None if "COUNT()" in asked.get("q", [""])[0] else "chain"
        if "/api/v5/objects/" in self.path and asked.get("limit", ["many"]) != ["1"]:
            return "page" if self.path.rpartition("/")[2] != "account" else None
        return None


@dataclass
class Recorder:
    """What is asked on the wire, and how many bytes of answers are read off it."""

    questions: list[Question] = field(default_factory=list)
    bytes: int = 0
    authorization: str | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    @contextmanager
    def at_work(cls) -> Iterator[Recorder]:
        """Within the block everything that goes through requests is recorded."""
        recorder = cls()
        send, read = HTTPAdapter.send, requests.Response.iter_content

        def recorded_send(adapter: HTTPAdapter, request: Any, *args: Any, **options: Any) -> requests.Response:
            recorder.asked(request)
            return send(adapter, request, *args, **options)

        def recorded_read(response: requests.Response, *args: Any, **options: Any) -> Iterator[Any]:
            for chunk in read(response, *args, **options):
                with recorder.lock:
                    recorder.bytes += len(chunk)
                yield chunk

        sending = patch.object(HTTPAdapter, "send", recorded_send)
        with sending, patch.object(requests.Response, "iter_content", recorded_read):
            yield recorder

    def asked(self, request: requests.PreparedRequest) -> None:
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        unit = str(request.headers.get("Pardot-Business-Unit-Id", ""))
        question = Question(str(request.method), str(request.url), body, unit)
        with self.lock:
            self.authorization = request.headers.get("Authorization") or self.authorization
            if question.kind:
                self.questions.append(question)


def download(questions: Sequence[Question], authorization: str, ca_file: Path | None, folder: Path) -> None:
    """Asks all questions and writes all answers to files in `folder`."""
    folder.mkdir(parents=True)
    plain = Plain(authorization, str(ca_file), folder)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for (kind, _), group in groupby(questions, key=lambda one: (one.kind, one.path)):
            if kind == "bulk":
                for question in group:
                    list(pool.map(plain.file, plain.bulk(question)))
            elif kind == "export":
                for question in group:
                    list(pool.map(plain.file, plain.export(question)))
            elif kind == "page":
                list(pool.map(plain.page, group))
            else:
                for question in group:
                    plain.chain(question)


class Plain:
    """A client that does what anybody would: requests, one session a thread, bodies straight to files."""

    def __init__(self, authorization: str, ca_file: str, folder: Path) -> None:
        self._headers = {"Authorization": authorization}
        self._ca_file = ca_file
        self._folder = folder
        self._numbers = count(1)
        self._local = threading.local()
        self._unit = ""

    def chain(self, question: Question) -> None:
        """All pages from the first one on."""
        self._unit = question.unit
        url: str | None = question.url
        while url:
            head = self.file(url).read_bytes()
            following = _following(head)
            url = urljoin(url, following) if following else None

    def page(self, question: Question) -> None:
        """One page, whose address was told by the page before it when it was asked for the first time."""
        self._unit = question.unit
        self.file(question.url)

    def bulk(self, question: Question) -> list[str]:
        """Where the result pages of a bulk query are, as soon as it has ended."""
        job = f"{question.url}/{self._json('POST', question.url, question.body)['id']}"
        self._wait(job)
        found: list[str] = []
        listed: str | None = f"{job}/resultPages"
        while listed:
            answer = self._json("GET", listed)
            found += [urljoin(job, entry["resultUrl"]) for entry in answer["resultPages"]]
            listed = urljoin(job, answer["nextRecordsUrl"]) if answer.get("nextRecordsUrl") else None
        return found

    def export(self, question: Question) -> list[str]:
        """Where the files of an export are, as soon as it has ended."""
        self._unit = question.unit
        export = self._json("POST", question.url, question.body)
        fields = parse_qs(urlsplit(question.url).query).get("fields", ["id,state,resultRefs"])[0]
        ended = self._wait(f"{question.url.partition('?')[0]}/{export['id']}?fields={fields}")
        return [urljoin(question.url, entry) for entry in ended["resultRefs"]]

    def file(self, url: str) -> Path:
        """One answer as a file."""
        path = self._folder / f"{next(self._numbers):06d}"
        with self._session().get(url, stream=True, headers=self._unit_header()) as response:
            response.raise_for_status()
            with path.open("wb") as file:
                for chunk in response.iter_content(CHUNK):
                    file.write(chunk)
        return path

    def _wait(self, url: str) -> dict[str, Any]:
        pause = FIRST_POLL
        while True:
            answer = self._json("GET", url)
            if answer["state"] in ENDED:
                return answer
            time.sleep(pause)
            pause = min(pause * GROWTH, LONGEST_POLL)

    def _json(self, method: str, url: str, body: str | None = None) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", **self._unit_header()}
        response = self._session().request(method, url, data=body, headers=headers)
        response.raise_for_status()
        found: dict[str, Any] = response.json()
        return found

    def _unit_header(self) -> dict[str, str]:
        return {"Pardot-Business-Unit-Id": self._unit} if self._unit else {}

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
            session.verify = self._ca_file
            session.headers.update(self._headers)
        return session


def _following(body: bytes) -> str | None:
    """The address of the next page; the head of a page holds it, so that its rows need not be parsed."""
    name = b'"nextRecordsUrl":'
    start = body.find(name, 0, 2_000)
    if start < 0:
        return None
    value, _ = json.JSONDecoder().raw_decode(body[start + len(name) : start + 1_000].decode("utf-8", "ignore").lstrip())
    return str(value) if value else None
