"""Tables behind the keys of company names: old characters, legal forms, branch words, names that are none."""

from __future__ import annotations

_OLD_AND_NEW = (
    "亞亜 惡悪 壓圧 圍囲 爲為 醫医 壹壱 稻稲 飮飲 隱隠 營営 榮栄 衞衛 驛駅 悅悦 圓円 緣縁 "
    "艷艶 鹽塩 奧奥 應応 橫横 歐欧 毆殴 黃黄 溫温 穩穏 假仮 價価 畫画 會会 囘回 壞壊 懷懐 "
    "繪絵 槪概 擴拡 殼殻 覺覚 學学 嶽岳 樂楽 勸勧 卷巻 寬寛 歡歓 罐缶 觀観 關関 陷陥 巖巌 "
    "顏顔 歸帰 氣気 龜亀 僞偽 戲戯 犧犠 卻却 糺糾 舊旧 據拠 擧挙 虛虚 峽峡 挾挟 敎教 强強 "
    "狹狭 鄕郷 堯尭 曉暁 區区 驅駆 駈駆 勳勲 薰薫 羣群 徑径 惠恵 攜携 溪渓 經経 繼継 莖茎 "
    "螢蛍 輕軽 鷄鶏 藝芸 缺欠 儉倹 劍剣 圈圏 檢検 權権 獻献 硏研 縣県 險険 顯顕 驗験 嚴厳 "
    "效効 廣広 恆恒 鑛鉱 號号 國国 黑黒 濟済 碎砕 齋斎 劑剤 櫻桜 册冊 雜雑 參参 慘惨 棧桟 "
    "蠶蚕 贊賛 殘残 絲糸 姊姉 齒歯 兒児 辭辞 濕湿 實実 舍舎 寫写 釋釈 壽寿 收収 從従 澁渋 "
    "獸獣 縱縦 肅粛 處処 敍叙 奬奨 將将 燒焼 稱称 證証 乘乗 剩剰 壤壌 孃嬢 條条 淨浄 疊畳 "
    "穰穣 讓譲 釀醸 囑嘱 觸触 寢寝 愼慎 晉晋 眞真 刄刃 盡尽 圖図 粹粋 醉酔 隨随 髓髄 數数 "
    "樞枢 瀨瀬 淸清 靑青 聲声 靜静 齊斉 攝摂 竊窃 專専 戰戦 淺浅 潛潜 纖繊 踐践 錢銭 禪禅 "
    "曾曽 瘦痩 雙双 壯壮 搜捜 插挿 爭争 總総 聰聡 莊荘 裝装 騷騒 增増 臟臓 藏蔵 屬属 續続 "
    "卽即 墮堕 體体 對対 帶帯 滯滞 臺台 瀧滝 擇択 澤沢 單単 擔担 膽胆 團団 彈弾 斷断 癡痴 "
    "遲遅 晝昼 蟲虫 鑄鋳 廳庁 聽聴 敕勅 鎭鎮 遞逓 鐵鉄 轉転 點点 傳伝 黨党 盜盗 燈灯 當当 "
    "鬭闘 德徳 獨独 讀読 屆届 繩縄 貳弐 惱悩 腦脳 霸覇 廢廃 拜拝 賣売 麥麦 發発 髮髪 拔抜 "
    "蠻蛮 祕秘 濱浜 甁瓶 拂払 佛仏 竝並 變変 邊辺 邉辺 辨弁 瓣弁 辯弁 舖舗 步歩 穗穂 寶宝 "
    "豐豊 萠萌 襃褒 沒没 飜翻 槇槙 萬万 滿満 默黙 餠餅 彌弥 藥薬 譯訳 豫予 餘余 與与 譽誉 "
    "搖揺 樣様 謠謡 遙遥 瑤瑶 慾欲 來来 賴頼 亂乱 覽覧 龍竜 兩両 獵猟 綠緑 淚涙 壘塁 勵励 "
    "禮礼 隸隷 靈霊 齡齢 戀恋 爐炉 勞労 樓楼 郞郎 祿禄 亙亘 灣湾 髙高 﨑崎 嵜崎 碕崎 濵浜 "
    "栁柳 桺柳 嶋島 嶌島 𠮷吉 冨富 桒桑 舘館 曻昇 凜凛 斈学 﨟臈 靏鶴 靍鶴 籔藪 埜野 峯峰 "
    "邨村 槗橋 𣘺橋 荗茂 渕淵 渊淵 閒間 塲場 刧劫 凢凡 凬風 鈆鉛 舩船 甞嘗 麴麹 麵麺 檜桧 "
    "頸頚 鷗鴎 攪撹 蠣蛎 戶戸 鄰隣 迹跡 逹達 "
)
KANJI_FOLD = {ord(pair[0]): pair[1] for pair in _OLD_AND_NEW.split()}
"""Old, variant and name characters → the ones in use. For keys only, never for what people read."""

FORM_KANJI = str.maketrans("會學醫團舊國獨", "会学医団旧国独")
"""The old characters that legal forms are written with (株式會社): folded before the form is looked for."""

SMALL_KANA = dict(zip("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ", strict=True))

FORMS: dict[str, tuple[str, ...]] = {
    "kk": ("株式会社", "(株)", "カ)", "(カ", "(カ)", "kabushikikaisha", "kabushiki kaisha", "k.k.", "kk"),
    "yk": ("有限会社", "(有)", "ユ)", "(ユ", "(ユ)", "yugen kaisha", "y.k."),
    "gk": ("合同会社", "(同)", "(合同)", "ド)", "(ド", "(ド)", "godo kaisha", "g.k."),
    "gs": ("合資会社", "(資)", "シ)", "(シ"),
    "gm": ("合名会社", "(名)", "メ)", "(メ"),
    "mutual": ("相互会社", "(相)"),
    "general_association": ("一般社団法人", "(一社)"),
    "general_foundation": ("一般財団法人", "(一財)"),
    "public_association": ("公益社団法人", "(公社)"),
    "public_foundation": ("公益財団法人", "(公財)"),
    "association": ("社団法人", "(社)"),
    "foundation": ("財団法人", "(財)"),
    "school": ("学校法人", "(学)"),
    "medical": ("医療法人社団", "医療法人財団", "社会医療法人", "医療法人", "(医)"),
    "welfare": ("社会福祉法人", "(福)"),
    "religious": ("宗教法人", "(宗)"),
    "agency": ("地方独立行政法人", "国立研究開発法人", "独立行政法人", "(独)", "(地独)"),
    "university": ("国立大学法人", "公立大学法人", "(大)"),
    "npo": ("特定非営利活動法人", "npo法人", "(特非)", "(npo)"),
    "practice": (
        "税理士法人", "弁護士法人", "監査法人", "司法書士法人", "行政書士法人", "社会保険労務士法人", "弁理士法人",
        "特許業務法人", "土地家屋調査士法人",
    ),
    "union": (
        "農業協同組合", "生活協同組合", "事業協同組合", "協同組合", "企業組合", "有限責任事業組合", "農事組合法人",
    ),
}  # fmt: skip
"""Legal forms by our word for them, as they are written after NFKC and lower case, before or after the name."""

ENGLISH_FORMS: tuple[tuple[str, str], ...] = (
    (r"co\.?,?\s*ltd\.?|company,?\s+limited|kabushiki\s*kaisha|k\.?k\.?", "kk"),
    (r"incorporated|inc\.?", "inc"),
    (r"corporation|corp\.?", "corp"),
    (r"limited|ltd\.?", "ltd"),
    (r"l\.?l\.?c\.?|g\.k\.?|godo\s*kaisha", "gk"),
    (r"y\.k\.?|yugen\s*kaisha", "yk"),
    (r"l\.?l\.?p\.?", "llp"),
    (r"p\.?l\.?c\.?", "plc"),
    (r"gmbh\s*(&|and)\s*co\.?\s*kgaa?|gmbh|kgaa|kg|ag|e\.v\.?|s\.?e\.?", "de"),
    (r"s\.?a\.?s\.?|s\.?a\.?r\.?l\.?|s\.?a\.?", "fr"),
    (r"s\.?r\.?l\.?|s\.?p\.?a\.?", "it"),
    (r"b\.?v\.?|n\.?v\.?", "nl"),
    (r"a\.?b\.?|a/s|aps|oyj?|a\.?s\.?", "nordic"),
    (r"pte\.?|pty\.?|pvt\.?|sdn\.?\s*bhd\.?|bhd\.?", "private"),
    (r"company|co\.?", "co"),
)
"""Endings of Latin names, tried in this order after a space or comma; up to three are taken ("Pte. Ltd.")."""

UNITS = (
    "支社|支店|営業所|出張所|事業所|事業部|事業本部|本部|本社|本店|支部|支局|工場|製作所支所|研究所|センター|部門|部|課|室|係|"
    "グループ|チーム|店|営業部|総務部|開発部|ユニット|カンパニー|オフィス|office|branch|department|dept|division|div"
)
"""What parts of a company end with, where a space stands before them."""

GLUED_UNITS = "支社|支店|営業所|出張所|事業所|支部|支局|工場|本社|本店|オフィス"
"""What may be cut without a space, when the name of a place stands before it."""

PLACES = (
    "北海道|札幌|函館|旭川|東北|青森|盛岡|岩手|仙台|宮城|秋田|山形|福島|郡山|いわき|関東|北関東|南関東|首都圏|茨城|水戸|つくば|栃木|"
    "宇都宮|群馬|高崎|前橋|埼玉|さいたま|大宮|川越|千葉|柏|船橋|東京|新宿|渋谷|品川|池袋|上野|丸の内|日本橋|立川|八王子|多摩|神奈川|"
    "横浜|川崎|相模原|厚木|湘南|甲信越|新潟|長岡|北陸|富山|金沢|石川|福井|山梨|甲府|長野|松本|岐阜|静岡|浜松|沼津|中部|東海|愛知|"
    "名古屋|豊田|豊橋|三河|三重|四日市|津|関西|近畿|滋賀|大津|京都|大阪|北大阪|南大阪|堺|東大阪|兵庫|神戸|姫路|尼崎|奈良|和歌山|中国|"
    "中四国|鳥取|島根|松江|岡山|倉敷|広島|福山|山口|下関|四国|徳島|香川|高松|愛媛|松山|高知|九州|福岡|北九州|博多|久留米|佐賀|長崎|"
    "熊本|大分|宮崎|鹿児島|沖縄|那覇|東日本|西日本|中日本|第一|第二|第三|第1|第2|第3"
)
"""Regions, prefectures and larger cities, as they stand in the names of branches."""

_NO_COMPANY = (
    "個人 個人事業 個人事業主 フリーランス フリー なし 無し 無 未定 学生 テスト test てすと 自営 自営業 無職 主婦 "
    "会社員 none null na 不明 unknown 該当なし 特になし その他 company 会社 会社名 自宅 dummy ダミー xxx"
)
NO_COMPANY = frozenset(_NO_COMPANY.split())
"""What people write where they have no company to name (the key without spaces and signs)."""
