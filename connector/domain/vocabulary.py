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
        "decision": ("フォロー後の判断による", "decided at the end of the follow-up"),
        "screened": ("除外", "screened out"),
        "score_at_threshold": ("スコアがしきい値以上", "score at the threshold"),
        "cadence_open": ("フォロー期間中", "follow-up is running"),
        "recycled": ("リサイクル（失注・終了後）", "back in nurturing after a loss"),
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
        "recycle": ("失注・終了後の待機", "wait after the loss"),
        "nurture": ("ナーチャリング", "nurture"),
        "thanks": ("お礼", "say thanks"),
        "ask_reason": ("失注・終了理由の確認", "ask for the reason of the loss"),
        "second_approach": ("再アプローチ", "approach again"),
        "not_before": ("約束の日まで待つ", "wait until the day agreed on"),
        "deal": ("商談の推進", "work on the deal"),
        "stage_limit": ("滞留への対応", "longer than its time in this stage"),
        "rise": ("関心の高まりへの対応", "answer the new interest"),
        "contact": ("すぐに連絡", "call at once"),
    }
)
"""What a next action is for."""

WHY_TEXTS: Words = MappingProxyType(
    {
        "inquiry": ("{0}に未対応", "{0}, not answered yet"),
        "deal": ("商談中", "a deal is open"),
        "deal_over_time": ("商談が標準の期間を超えている", "a deal is open for longer than its time"),
        "lost": ("{0}：{1}から再アプローチ", "{0}: again from {1}"),
        "lost_for_good": ("{0}：再アプローチなし", "{0}: not again"),
        "lost_unknown_when": ("失注した時期が不明", "a deal was lost, nobody knows when"),
        "ask_reason": ("終了の理由が未入力", "closed without a reason"),
        "new_interest": ("{1}の後に新たな関心（{0}）", "new interest since {1} ({0})"),
        "time_is_over": ("{0}：待機期間が終わった", "{0}: its time is over"),
        "not_before": ("{0}より前は連絡しない約束", "not before {0}"),
        "toss_up": ("トスアップの条件を満たす（必要{0}）：{rest}", "criteria of the toss-up met ({0} needed): {rest}"),
        "turned_hot": ("ホットになった", "turned hot"),
        "step": ("{0}", "{0}"),
        "decision_overdue": ("{0}（期限超過）", "{0} (overdue)"),
        "hot_since_longer": ("以前からホット", "hot since longer"),
        "no_consent": ("電話もメールもできない", "may be neither called nor written to"),
        "thanks": ("{0}へのお礼", "thanks for {0}"),
        "stage_limit": ("「{0}」の期限を過ぎた", "{0} for longer than its time"),
        "rise": ("「{2}」になってから{1}点上昇", "{1} points since {2}"),
        "short_lead_time": ("検討期間が短いためすぐに連絡", "short lead time"),
        "mql": ("MQL", "MQL"),
        "owned": ("担当のリード", "owned"),
    }
)
"""Why a next action is the next one, by `why_id`; the numbers are places of `why_parts`, `rest` all but the first."""

CHANNEL_NAMES: Words = MappingProxyType(
    {
        "call": ("電話", "call"),
        "email": ("メール", "e-mail"),
        "review": ("確認", "look at it"),
        "decide": ("判断", "decide"),
        "wait": ("待機", "wait"),
        "hand_over": ("引き継ぎ", "hand over"),
        "ask": ("確認", "ask"),
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

DECISION_NAMES: Words = MappingProxyType(
    {
        "screened": ("除外", "Screened out"),
        "recycling": ("失注・終了", "Lost or closed"),
        "not_before": ("連絡を待つ約束", "Not before"),
        "stage_times": ("現在のステージ", "In this stage"),
        "intake": ("受け入れの判断", "Decided when they came in"),
        "tracked": ("ナーチャリングのトラック", "Nurture track"),
        "mqls": ("MQLになった時期", "Times of becoming MQL"),
        "toss_ups": ("トスアップ", "Toss-up"),
        "toss_up_outcomes": ("引き継ぎの結果", "What came of handing over"),
        "approvals": ("承認", "Somebody's word"),
        "routed": ("担当チーム", "Team"),
        "touches": ("これまでの接触", "Touches so far"),
        "personified": ("ペルソナ", "Persona"),
        "next_offers": ("次に案内するコンテンツ", "To offer next"),
    }
)
"""What was decided beside stage and score, by the name of its table."""

DETAIL_NAMES: Words = MappingProxyType(
    {
        "since": ("開始", "since"),
        "limit_at": ("期限", "limit"),
        "overdue": ("期限超過", "overdue"),
        "way_on": ("期限後", "then"),
        "owner": ("担当", "whose turn"),
        "reason": ("理由", "reason"),
        "rule": ("ルール", "rule"),
        "action": ("対応", "action"),
        "competitor": ("競合", "competitor"),
        "product": ("製品", "product"),
        "amount": ("金額", "amount"),
        "closed_at": ("終了日時", "closed"),
        "due_at": ("再アプローチ可能日", "again from"),
        "recycled_at": ("リサイクル日", "recycled"),
        "target": ("ターゲット", "target"),
        "target_why": ("ターゲットの判断理由", "target or not, since:"),
        "nurture": ("ナーチャリング", "nurture"),
        "nurture_why": ("ナーチャリングの判断理由", "nurtured or not, since:"),
        "when_on": ("次の連絡", "when"),
        "when_why": ("連絡の目的", "for"),
        "track": ("トラック", "track"),
        "list": ("リスト", "list"),
        "first_at": ("最初", "first"),
        "last_at": ("最新", "last"),
        "times": ("回数", "times"),
        "state": ("状態", "state"),
        "start_date": ("開始日", "begun"),
        "answer": ("回答", "answer"),
        "said": ("回答の内容", "said"),
        "word": ("判断", "word"),
        "said_by": ("判断した人", "by"),
        "said_at": ("判断日時", "on"),
        "opportunity_id": ("商談", "deal"),
        "deal_status": ("商談の状態", "its state"),
        "loss_reason": ("失注理由", "reason of the loss"),
        "missing": ("不足", "missing"),
        "day": ("日付", "day"),
        "held": ("待機中", "held"),
        "calls": ("電話", "calls"),
        "emails": ("メール", "e-mails"),
        "meetings": ("打ち合わせ", "meetings"),
        "in_run": ("今回のフォロー中", "in this follow-up"),
        "tasks": ("完了ToDo", "tasks done"),
        "team": ("現在", "now"),
        "next_team": ("次", "next"),
        "persona": ("ペルソナ", "persona"),
        "content": ("コンテンツ", "content"),
    }
)
"""The details of such decisions; those without a word of their own are for machines."""

TURN_NAMES: Words = MappingProxyType(
    {
        "rose": ("しきい値に到達", "rose to the threshold"),
        "fell": ("しきい値を下回る", "fell below the threshold"),
        "mql_gained": ("MQLになった", "became an MQL"),
        "mql_lost": ("MQLでなくなった", "no MQL any more"),
        "sql_gained": ("SQLになった", "became an SQL"),
        "sql_lost": ("SQLでなくなった", "no SQL any more"),
        "toss_up_ready": ("トスアップの条件を満たした", "met the criteria of the toss-up"),
        "toss_up_lost": ("トスアップの条件を満たさなくなった", "criteria of the toss-up not met any more"),
    }
)
"""What turned in a life beside its stage."""

VALUE_NAMES: Words = MappingProxyType(
    {
        **TEAM_NAMES,
        **PURPOSE_NAMES,
        "remind": ("担当者に確認", "the owner is reminded"),
        "escalate": ("チームが引き取る", "the team takes over"),
        "screened": ("除外", "screened out"),
        "candidate": ("企業の照合が未確定", "the company is matched doubtfully"),
        "closed": ("廃業した企業", "the company is closed"),
        "unknown_company": ("企業が不明", "the company is not known"),
        "no_tier": ("ティアなし", "no tier"),
        "target_list": ("ターゲットリスト", "on the target list"),
        "handed_over": ("引き継ぎ済み", "handed over"),
        "turned_down": ("引き継ぎ後に却下", "turned down by field sales"),
        "due": ("次の計画で引き継ぎ", "goes with the next plan"),
        "awaits_approval": ("承認待ち", "awaits an approval"),
        "declined": ("トスアップは見送り", "the toss-up was declined"),
        "almost": ("あと一項目", "one criterion is missing"),
        "accepted": ("受諾", "accepted"),
        "rejected": ("却下", "rejected"),
        "approved": ("承認", "approved"),
        "mql": ("MQL", "MQL"),
        "recycled": ("リサイクル済み", "recycled"),
        "no_consent": ("メール送信の同意なし", "may not be written to"),
        "in_follow_up": ("フォロー中", "is being followed up"),
        "waits": ("失注後の待機期間", "waits since a lost deal"),
        "short_lead_time": ("検討期間が短い", "decides too soon for it"),
        "competitor": ("競合", "competitor"),
        "own_staff": ("自社社員", "our own staff"),
        "student": ("学生", "student"),
        "freelancer": ("フリーランス", "freelancer"),
        "school": ("学校", "school"),
        "not_company": ("個人", "no company"),
        "stages": ("ステージ", "stage"),
        "buying_stages": ("検討段階", "buying stage"),
        "segments": ("想定リードタイム", "lead time"),
        "personas": ("ペルソナ", "persona"),
        "products": ("製品", "product"),
        "seasons": ("時期", "season"),
    }
)
"""Words that stand as values in what was decided."""
