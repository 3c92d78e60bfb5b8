"""What people do, in the words of people: activity type → (Japanese, English)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

ACTIVITY_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "page_view": ("ページ閲覧", "page view"),
        "email_open": ("メール開封", "e-mail opened"),
        "email_click": ("メール内リンクのクリック", "e-mail link clicked"),
        "form_submit": ("フォーム送信", "form sent"),
        "inquiry": ("お問い合わせ", "inquiry"),
        "quote_request": ("見積依頼", "request for a quote"),
        "content_download": ("資料ダウンロード", "download"),
        "demo_view": ("デモ視聴", "demo viewed"),
        "video_view": ("動画視聴", "video viewed"),
        "webinar_register": ("ウェビナー申込", "webinar registered"),
        "webinar_attend": ("ウェビナー参加", "webinar attended"),
        "event_attend": ("イベント来場", "event attended"),
        "search": ("検索", "search"),
        "survey_answer": ("アンケート回答", "survey answered"),
        "call": ("通話", "call"),
        "meeting": ("打ち合わせ", "meeting"),
        "email_reply": ("メール返信", "e-mail replied"),
        "email_sent": ("メール送信", "e-mail sent"),
        "call_attempt": ("架電（不通）", "call attempt"),
    }
)
