"""What the remotes' own words for activities mean in the one vocabulary (SY-5)."""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """One kind of visitor activity: the remote's type number and asset class ('*' = any) and what it means to us.

    `meaning` is a type of the vocabulary, or None for what says nothing about a person's interest (errors, bounces,
    unsubscribes, deals that Salesforce tells us better, and visits, whose page views are counted instead).
    `asset` is the kind of asset meant where the activity names it only in its details. The catalogue's kind of
    the asset takes the place of the meaning where `by_content` is set.
    """

    type: int
    type_name: str
    meaning: str | None
    asset: str | None = None
    by_content: bool = False


VERBS: tuple[Verb, ...] = (
    Verb(1, "*", "email_click"),
    Verb(1, "Custom Redirect", "email_click", by_content=True),
    Verb(1, "Landing Page Tracker", "email_click", by_content=True),
    Verb(2, "*", None),
    Verb(2, "File", "content_download", by_content=True),
    Verb(3, "*", None),
    Verb(4, "*", "form_submit", by_content=True),
    Verb(5, "*", None),
    Verb(6, "*", "email_sent"),
    Verb(7, "*", "search", asset="search"),
    Verb(8, "*", None),
    Verb(9, "*", None),
    Verb(10, "*", None),
    Verb(11, "*", "email_open"),
    Verb(12, "*", None),
    Verb(13, "*", None),
    Verb(14, "*", None),
    Verb(15, "*", None),
    Verb(16, "*", None),
    Verb(17, "*", "email_click"),
    Verb(18, "*", None),
    Verb(19, "*", None),
    Verb(20, "*", None),
    Verb(21, "*", "email_click", by_content=True),
    Verb(23, "*", None),
    Verb(24, "*", "webinar_attend", asset="webinar"),
    Verb(25, "*", "webinar_register", asset="webinar"),
    Verb(26, "*", "email_click", by_content=True),
    Verb(27, "*", "video_view", asset="video", by_content=True),
    Verb(28, "*", "form_submit", asset="event"),
    Verb(29, "*", "event_attend", asset="event"),
    Verb(30, "*", "form_submit", asset="video"),
    Verb(34, "*", None),  # watched to the end: the same view was counted when it began
    Verb(35, "*", None),
    Verb(36, "*", None),
    Verb(37, "*", None),
    Verb(38, "*", None),
)
"""Numbers as Account Engagement documents them for visitor activities; the rest is reported as unknown."""

CAMPAIGN_WORDS = {
    "webinar": "webinar|web seminar|online seminar|ウェビナー|オンラインセミナー",
    "event": "event|conference|trade ?show|exhibition|seminar|イベント|展示会|セミナー|カンファレンス",
    "attended": "attend|checked|visited|came|participated|参加|出席|来場|視聴",
    "registered": "regist|rsvp|signed|申込|申し込み|登録",
    "absent": "no.?show|not attend|did not|absent|cancel|declin|欠席|不参加|キャンセル",
}
"""Patterns in a campaign's type and in a member's status, without regard to case."""

TASK_WORDS = {
    "call": "call|phone|電話|架電|コール",
    "email": "e-?mail|メール",
    "meeting": "meeting|visit|demo|商談|訪問|面談|打ち?合わせ|ミーティング",
    "attempt": "no answer|not? reach|voice ?mail|left (a )?message|busy|unreachable|attempt|absent|no contact"
    "|wrong number|不在|留守|不通|話し?中|取り?次ぎ?不可|つながらず|繋がらず|折り返し待ち",
    "reply": "repl(y|ied)|received|inbound|返信|返答|受信",
    "inbound": r"^\W*(received|inbound|incoming|reply (from|received)|メール受信|受信|返信あり|返信受信)",
}
"""Patterns in a task's type and subtype (call, email, meeting), its outcome (attempt, reply) and the beginning of its
subject (inbound), without regard to case."""
