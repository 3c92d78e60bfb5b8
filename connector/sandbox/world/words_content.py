"""What the vendor publishes: the pages of its site, forms, files, videos, searches and e-mails.

The vendor sells software for the maintenance of factories, under the invented brand ミルモリ (mirumori).
"""

from __future__ import annotations

from typing import NamedTuple

SITE = "https://www.vendor.example"
BRAND = "ミルモリ"


class Page(NamedTuple):
    """One page of the site; `kind` is what a visitor wants there."""

    kind: str
    path: str
    title: str


_PAGES = """\
top	/	ミルモリ | 設備保全をまるごと見える化
product	/products/maintenance/	設備保全クラウド ミルモリ
product	/products/predictive/	予知保全オプション
product	/products/inspection/	点検アプリ
product	/products/features/	機能一覧
product	/products/security/	セキュリティ
pricing	/pricing/	料金プラン
pricing	/pricing/estimate/	料金シミュレーション
case	/cases/	導入事例一覧
case	/cases/auto-parts/	導入事例: 自動車部品メーカー様
case	/cases/chemical-plant/	導入事例: 化学プラント様
case	/cases/food-factory/	導入事例: 食品工場様
comparison	/comparison/	設備保全システムの比較
comparison	/comparison/excel/	Excel管理との違い
know_how	/articles/preventive-maintenance/	予防保全とは
know_how	/articles/tpm/	TPM活動の進め方
know_how	/articles/mtbf-mttr/	MTBFとMTTRの計算方法
know_how	/articles/inspection-sheet/	点検表の作り方
know_how	/articles/spare-parts/	予備品管理の基本
know_how	/articles/iot-sensor/	IoTセンサーで始める予知保全
know_how	/articles/dx-factory/	工場DXの第一歩
brand	/about-mirumori/	ミルモリとは
careers	/careers/	採用情報
careers	/careers/engineer/	エンジニア募集要項
company	/company/	会社概要
company	/company/access/	アクセス
company	/news/	お知らせ
inquiry	/contact/	お問い合わせ
quote	/quote/	お見積り依頼
demo	/demo/	デモ動画を見る
demo	/demo/booking/	デモのお申し込み
webinar	/webinars/	ウェビナー一覧
whitepaper	/resources/	資料ダウンロード
company	/company/profile-download/	会社案内ダウンロード"""

PAGES = tuple(Page(*line.split("\t")) for line in _PAGES.splitlines())

PAGES_BY_KIND: dict[str, tuple[Page, ...]] = {
    kind: tuple(page for page in PAGES if page.kind == kind) for kind in {page.kind for page in PAGES}
}

JOURNEY_STEPS = (
    (("know_how", 55), ("top", 15), ("case", 8), ("product", 8), ("company", 6), ("careers", 3), ("whitepaper", 5)),
    (("know_how", 25), ("product", 25), ("case", 18), ("whitepaper", 10), ("top", 10), ("brand", 6), ("webinar", 6)),
    (("product", 26), ("case", 20), ("comparison", 17), ("pricing", 14), ("demo", 8), ("brand", 5), ("top", 10)),
    (("pricing", 24), ("demo", 16), ("comparison", 16), ("product", 18), ("case", 14), ("company", 6), ("brand", 6)),
)
"""Which kinds of page draw a visitor, by how far the interest has come (0 gathering … 3 deciding)."""

OTHER_VISITS = (
    ("careers", 30, ("careers", "company", "top")),
    ("company", 30, ("company", "top", "brand")),
    ("know_how", 40, ("know_how",)),
)
"""What visitors without a need come for: (reason, share in percent, kinds of page)."""

FORMS = (
    ("inquiry", "お問い合わせフォーム", "/contact/"),
    ("quote", "お見積り依頼フォーム", "/quote/"),
    ("demo", "デモ申込フォーム", "/demo/booking/"),
    ("whitepaper", "資料ダウンロードフォーム", "/resources/"),
    ("webinar", "ウェビナー申込フォーム", "/webinars/"),
    ("survey", "満足度アンケート", "/survey/"),
)
"""(kind, name, path) of the forms."""

FILES = (
    ("thought_leadership", "製造業の保全DX調査レポート2026", "/l/report-2026.pdf"),
    ("thought_leadership", "設備保全白書", "/l/hakusho.pdf"),
    ("know_how", "点検表テンプレート集", "/l/tenken-template.pdf"),
    ("know_how", "はじめての予知保全ガイド", "/l/guide-predictive.pdf"),
    ("product", "ミルモリ サービス資料", "/l/mirumori-service.pdf"),
    ("comparison", "設備保全システム比較表", "/l/comparison.pdf"),
    ("case_study", "導入事例集", "/l/cases.pdf"),
    ("pricing", "料金表", "/l/price-list.pdf"),
    ("company_profile", "会社案内", "/l/company-profile.pdf"),
)
"""(theme, name, path) of the files offered for download."""

VIDEOS = (("demo", "ミルモリ デモ動画 5分"), ("case", "導入事例インタビュー動画"))
"""(kind, name) of the videos."""

SEARCH_TERMS = (
    ("ミルモリ", "brand"),
    ("ミルモリ 料金", "brand"),
    ("mirumori", "brand"),
    ("ミルモリ 評判", "brand"),
    ("設備保全 システム", "theme"),
    ("予知保全 事例", "theme"),
    ("点検表 アプリ", "theme"),
    ("TPM 進め方", "theme"),
    ("MTBF 計算", "theme"),
    ("採用", "theme"),
)
"""(term, brand or theme) that visitors type into the site's search."""

REFERRERS = (
    ("google", "organic", None),
    ("google", "organic", None),
    ("google", "cpc", "設備保全 システム"),
    ("yahoo", "organic", None),
    (None, None, None),
)
"""(source, medium, paid term) of visits."""

MAIL_SUBJECTS = (
    "【{brand}通信】点検漏れをなくす3つの工夫",
    "【{brand}通信】故障ゼロに近づく予防保全の考え方",
    "【事例公開】停止時間を4割減らした自動車部品工場",
    "【新機能】予備品の在庫を自動で見直せるようになりました",
    "【無料】点検表テンプレート集を配布中",
    "【調査】製造業の保全DX、いま何割が着手?",
    "【{brand}通信】人手不足でも回る保全チームのつくり方",
    "【比較】Excel管理とシステム管理、費用はどう違う?",
)

WEBINARS = (
    "はじめての予知保全セミナー",
    "点検業務のペーパーレス化実践講座",
    "保全データの活かし方 60分",
    "導入企業に聞く 設備保全DX",
    "保全人材の育て方セミナー",
)

EXHIBITIONS = ("工場設備・保全展", "スマート工場フェア", "製造業DX総合展")

LOSS_REASONS = (
    ("No budget", 28),
    ("Chose a competitor", 24),
    ("Bad timing", 20),
    ("No need", 14),
    ("No response", 9),
    ("Not a target", 5),
)
"""(reason, share in percent): the picklist of Close_Reason__c and Loss_Reason__c."""

COMPETITORS = ("ホゼンクラウド", "メンテナンスワン", "設備日誌ネット", "自社開発")
PRODUCTS = ("設備保全クラウド", "予知保全オプション", "点検アプリ")
