"""Which records are one human: explicit links first, then e-mail addresses (SY-4, SY-10)."""

from __future__ import annotations

import re
import unicodedata

from connector.domain.running import Load, Run
from connector.engine.composing import compose
from connector.engine.enrich_lists import list_records

_ROLES = (
    "info contact inquiry inquiries support sales marketing admin administrator office mail post webmaster help "
    "helpdesk service services hr jobs career careers recruit recruiting saiyo saiyou jinji soumu somu keiri "
    "eigyo eigyou kouhou koho pr press shop order orders customer cs desk reception general accounting billing "
    "hello team postmaster no-reply noreply toiawase otoiawase honsha daihyo daihyou"
)
ROLE_MAILBOXES = frozenset(_ROLES.split())
"""Mailboxes that several people read: the part before the @."""

CROWD = 5
"""More different names than this behind one address: a placeholder or a mailbox that many share."""

_FILE = "enrich_identity"


def enrich_identity(run: Run, load: Load) -> None:
    """Makes the temporary table person_records(record_key, person_id, live, kind, unit, record_id, converted, merged,
    created_at, stamp) from the leads, contacts, prospects and list members seen and the ledger `known_persons`.

    `kind` is lead, contact, prospect or list. Every record has a person, tombstones too; a person without a live record
    is nobody for everything that follows. The same input gives the same ids.
    """
    run(compose(_FILE, "records"), {})
    _load_addresses(run, load)
    list_records(run)
    run(compose(_FILE, "addresses"), {"crowd": CROWD})
    run(compose(_FILE, "edges"), {})
    run(compose(_FILE, "labels"), {})
    while True:
        run(compose(_FILE, "spread"), {})
        changed = run(compose(_FILE, "still_spreading"), {})[0][0]
        run(compose(_FILE, "adopt_labels"), {})
        if not changed:
            break
    run(compose(_FILE, "claims"), {})
    run(compose(_FILE, "person_ids"), {})
    granted = True
    while granted:
        granted = bool(run(compose(_FILE, "grant_claims"), {})[0][0])
    run(compose(_FILE, "new_person_ids"), {})
    run(compose(_FILE, "person_records"), {})


def folded_email(email: str) -> str:
    """An address as it is compared: NFKC (full-width letters), no white space or invisible marks, lower case."""
    folded = unicodedata.normalize("NFKC", email)
    visible = "".join(letter for letter in folded if unicodedata.category(letter) != "Cf")
    return re.sub(r"\s+", "", visible).lower()


def _load_addresses(run: Run, load: Load) -> None:
    unusual = [str(row[0]) for row in run(compose(_FILE, "unusual_emails"), {})]
    load("enrich_folded_emails", ("email", "folded"), [(email, folded_email(email)) for email in unusual])
    load("enrich_role_mailboxes", ("mailbox",), [(mailbox,) for mailbox in sorted(ROLE_MAILBOXES)])
