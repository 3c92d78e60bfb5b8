"""The connector's own words as people read them, in Japanese and in English: id → (Japanese, English)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Language = Literal["ja", "en"]
Words = Mapping[str, tuple[str, str]]


def word(words: Words, key: str | None, language: Language) -> str:
    """What a key is called; a key that has no word of its own stands for itself, none for nothing."""
    if key is None:
        return ""
    found = words.get(key)
    return key if found is None else found[0 if language == "ja" else 1]


ACTIVITY_NAMES: Words = MappingProxyType(
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
"""What people do, by the type of activity."""

STAGE_RULE_NAMES: Words = MappingProxyType(
    {
        "crm_status": ("CRMの状態による", "as the CRM says"),
        "score_at_threshold": ("スコアがしきい値以上", "score at the threshold"),
        "cadence_open": ("フォロー期間中", "follow-up is running"),
        "recycled": ("再アプローチの対象", "back in nurturing after a loss"),
        "score_below_threshold": ("スコアがしきい値未満", "score below the threshold"),
        "no_activity_since_registration": ("登録後の行動なし", "nothing done since registration"),
    }
)
"""What decided a stage, by `stage_rule`."""

PURPOSE_NAMES: Words = MappingProxyType(
    {
        "inquiry": ("問い合わせへの対応", "answer the inquiry"),
        "toss_up": ("フィールドセールスへの引き継ぎ", "hand over to field sales"),
        "cadence": ("フォローの次の一手", "next step of the follow-up"),
        "cadence_starts": ("フォロー開始", "the follow-up starts"),
        "review": ("対応要否の確認", "decide whether to follow up"),
        "recycle": ("再アプローチ待ち", "wait, then approach again"),
        "nurture": ("ナーチャリング", "nurture"),
        "thanks": ("お礼", "say thanks"),
        "ask_reason": ("失注・終了理由の確認", "ask for the reason of the loss"),
        "overdue": ("滞留への対応", "overdue in this stage"),
    }
)
"""What a next action is for."""

CHANNEL_NAMES: Words = MappingProxyType(
    {
        "call": ("電話", "call"),
        "email": ("メール", "e-mail"),
        "review": ("確認", "look at it"),
        "decide": ("判断", "decide"),
        "wait": ("待機", "wait"),
        "hand_over": ("引き継ぎ", "hand over"),
    }
)
"""How a next action is done."""

TEAM_NAMES: Words = MappingProxyType(
    {
        "inside_sales": ("インサイドセールス", "Inside sales"),
        "field_sales": ("フィールドセールス", "Field sales"),
        "marketing": ("マーケティング", "Marketing"),
    }
)
"""Whose turn it is where nobody owns the record."""

VIA_NAMES: Words = MappingProxyType(
    {
        "lead": ("リード", "lead"),
        "contact": ("取引先責任者", "contact"),
        "prospect": ("フォーム・プロスペクト", "form or prospect"),
        "list": ("参加リスト", "list"),
        "call": ("電話", "call"),
        "form": ("フォーム", "form"),
        "survey": ("アンケート", "survey"),
        "diagnosis": ("診断", "diagnosis"),
    }
)
"""Where an answer was given or stands."""

BUYING_STAGE_NAMES: Words = MappingProxyType(
    {
        "information_gathering": ("情報収集", "gathering information"),
        "interest": ("関心", "interest"),
        "comparison": ("比較検討", "comparison"),
        "decision": ("意思決定", "decision"),
    }
)

ATTRIBUTE_NAMES: Words = MappingProxyType(
    {
        "title": ("役職", "title"),
        "department": ("部署", "department"),
        "industry": ("業種", "industry"),
        "employees": ("従業員数", "employees"),
        "revenue_jpy": ("売上高", "revenue"),
        "capital_jpy": ("資本金", "capital"),
        "prefecture": ("都道府県", "prefecture"),
        "listed": ("上場", "listed"),
        "target": ("ターゲット企業", "target account"),
        "tier": ("ティア", "tier"),
        "source": ("経路", "source"),
    }
)
"""What is known of people and companies."""
