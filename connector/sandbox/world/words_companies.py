"""Words that invented companies are made of: two-part stems, the trade's suffix, and what each trade weighs."""

from __future__ import annotations

from typing import NamedTuple


class Trade(NamedTuple):
    """One industry: share of companies, fit for the vendor's product 0..1, and its name suffixes.

    `industry` is its value in Salesforce's stock picklist.
    """

    name: str
    industry: str
    share: int
    fit: float
    suffixes: tuple[tuple[str, str], ...]


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((word, romaji) for word, romaji in (entry.split() for entry in text.strip().split("|")))


STEM_HEADS = _pairs(
    "青嶺 aomine|翠峰 suiho|澄川 sumikawa|陽暁 yogyo|白鷺 shirasagi|黒曜 kokuyo|星霜 seiso|朝凪 asanagi|"
    "夕凪 yunagi|望楼 boro|碧洋 hekiyo|玉響 tamayura|風早 kazahaya|雪渓 sekkei|楓林 furin|柏葉 kashiwaba|"
    "霧島野 kirishimano|花筏 hanaikada|鳴瀬 naruse|蒼穹 sokyu|千鳥 chidori|氷見野 himino|若竹 wakatake|桐生野 kiryuno|"
    "銀嶺 ginrei|松濤 shoto|虹橋 nijihashi|響灘 hibikinada|瑞穂野 mizuhono|常磐木 tokiwagi|飛鳥井 asukai|錦秋 kinshu|"
    "アオミネ aominex|ミズトリ mizutori|ノルテア nortea|ベルクス velx|"
    "リンドウ rindo|ソラノハ soranoha|カグラ kagura|ツバメヤ tsubameya|"
    "ハルモニア harmonia|クロノス kronosu|アルデバ aldeba|ミツバチ mitsubachi|"
    "トキワギ tokiwa|オリエンタ orienta|ヤマビコ yamabiko|キズナ kizuna"
)
"""First parts of company names, invented."""

STEM_TAILS = _pairs(
    "中央 chuo|東 higashi|西 nishi|南 minami|北 kita|第一 daiichi|新 shin|三和 sanwa|五陵 goryo|八洲 yashima|"
    "大和田 owada|平和 heiwa|共栄 kyoei|協和 kyowa|明和 meiwa|興和 kowa"
)
"""Second parts, put between the first part and the trade's suffix in some names."""

TRADES = (
    Trade("自動車部品", "Manufacturing", 11, 1.0, _pairs("自動車部品 autoparts|モーター motor|車体 shatai")),
    Trade("機械", "Machinery", 14, 0.95, _pairs("製作所 works|精機 seiki|機械工業 kikai|鉄工所 tekko")),
    Trade("電機・電子部品", "Electronics", 10, 0.9, _pairs("電機 denki|電子 denshi|エレクトロニクス electronics")),
    Trade("化学", "Chemicals", 8, 0.9, _pairs("化学工業 kagaku|化成 kasei|樹脂 jushi")),
    Trade("鉄鋼・金属", "Manufacturing", 8, 0.85, _pairs("金属 metal|製鋼 seiko|鋳造 chuzo")),
    Trade("食品", "Food & Beverage", 8, 0.8, _pairs("フーズ foods|食品工業 shokuhin|製菓 seika")),
    Trade("医薬品", "Healthcare", 4, 0.7, _pairs("製薬 seiyaku|薬品 yakuhin")),
    Trade("紙・印刷", "Manufacturing", 4, 0.55, _pairs("印刷 insatsu|製紙 seishi")),
    Trade("建設", "Construction", 7, 0.35, _pairs("建設 kensetsu|設備工業 setsubi")),
    Trade("運輸・倉庫", "Transportation", 5, 0.35, _pairs("物流 logi|運輸 unyu")),
    Trade("電力・エネルギー", "Energy", 3, 0.75, _pairs("エネルギー energy|ガス gas")),
    Trade("情報サービス", "Technology", 7, 0.2, _pairs("システムズ systems|ソフト soft|データ data")),
    Trade("卸売", "Other", 5, 0.25, _pairs("商事 shoji|トレーディング trading")),
    Trade("小売", "Retail", 3, 0.1, _pairs("ストア store|ホームセンター homecenter")),
    Trade("コンサルティング", "Consulting", 3, 0.1, _pairs("コンサルティング consulting|総合研究所 soken")),
)

LEGAL_FORMS = (("株式会社", 86), ("有限会社", 9), ("合同会社", 5))
"""(legal form, share in percent)."""

DEPARTMENTS = (
    ("生産技術部", 14, 1.0),
    ("設備保全課", 9, 1.0),
    ("製造部", 12, 0.9),
    ("工場管理部", 6, 0.9),
    ("情報システム部", 12, 0.75),
    ("DX推進室", 6, 0.8),
    ("品質保証部", 8, 0.6),
    ("経営企画室", 6, 0.55),
    ("購買部", 6, 0.4),
    ("総務部", 7, 0.2),
    ("営業部", 8, 0.15),
    ("人事部", 3, 0.05),
    ("研究開発部", 3, 0.45),
)
"""(department, share in percent, fit 0..1)."""

TITLES = (
    ("代表取締役", 4, 0.9),
    ("取締役", 4, 0.9),
    ("工場長", 5, 1.0),
    ("部長", 13, 0.95),
    ("次長", 4, 0.8),
    ("課長", 20, 0.8),
    ("係長", 12, 0.55),
    ("主任", 14, 0.45),
    ("担当", 12, 0.3),
    ("リーダー", 6, 0.5),
    ("マネージャー", 6, 0.7),
)
"""(title, share in percent, authority 0..1)."""
