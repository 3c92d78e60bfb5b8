"""Web addresses and e-mail addresses → the registrable domain of a company, without any look-up on the network."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib import resources

import tldextract

_EXTRACT = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, extra_suffixes=("example", "test", "invalid"))
"""The public suffix list that ships with tldextract, and the reserved names of RFC 2606, which are in no list."""


def registrable_domain(text: str | None) -> str | None:
    """The domain that somebody registered, lower case: "https://www.foo.co.jp/x" and "a@mail.foo.co.jp" → "foo.co.jp".

    None for what holds no such domain (an address without a dot, an IP address).
    """
    host = _host(text)
    return _EXTRACT(host).top_domain_under_public_suffix or None if host else None


def company_domain(text: str | None) -> str | None:
    """The registrable domain, unless anybody can have mail or pages there (free mail, providers, shared hosts)."""
    domain = registrable_domain(text)
    if domain is None or domain in shared_domains() or _host(text) in shared_domains():
        return None
    return domain


@cache
def shared_domains() -> frozenset[str]:
    """The domains of mail_domains.txt."""
    text = resources.files("connector.firmographics").joinpath("mail_domains.txt").read_text("utf-8")
    return frozenset(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def _host(text: str | None) -> str:
    plain = unicodedata.normalize("NFKC", text or "").strip().lower()
    after_scheme = re.sub(r"^[a-z][a-z0-9+.-]*://", "", plain)
    host = re.split(r"[/?#\s]", after_scheme, maxsplit=1)[0].rsplit("@", 1)[-1]
    return re.sub(r":\d+$", "", host).strip(".")
