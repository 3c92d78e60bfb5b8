"""Names of people: kanji beside the romaji that their e-mail addresses use.

Every romaji occurs once in its table, so that two different names never make the same address.
"""

from __future__ import annotations

_FAMILIES = """
佐藤 sato|鈴木 suzuki|高橋 takahashi|田中 tanaka|渡辺 watanabe|伊藤 ito|山本 yamamoto|中村 nakamura|小林 kobayashi
加藤 kato|吉田 yoshida|山田 yamada|佐々木 sasaki|山口 yamaguchi|松本 matsumoto|井上 inoue|木村 kimura|林 hayashi
斎藤 saito|清水 shimizu|山崎 yamazaki|池田 ikeda|橋本 hashimoto|阿部 abe|石川 ishikawa|中島 nakajima|前田 maeda
藤田 fujita|後藤 goto|小川 ogawa|岡田 okada|村上 murakami|長谷川 hasegawa|近藤 kondo|石井 ishii|坂本 sakamoto
遠藤 endo|青木 aoki|藤井 fujii|西村 nishimura|福田 fukuda|太田 ota|三浦 miura|藤原 fujiwara|松田 matsuda
岡本 okamoto|中川 nakagawa|中野 nakano|原田 harada|小野 ono|田村 tamura|竹内 takeuchi|金子 kaneko|和田 wada
中山 nakayama|石田 ishida|上田 ueda|森田 morita|柴田 shibata|酒井 sakai|宮崎 miyazaki|横山 yokoyama|高木 takagi
安藤 ando|宮本 miyamoto|大野 ohno|小島 kojima|谷口 taniguchi|工藤 kudo|今井 imai|高田 takada|増田 masuda
丸山 maruyama|杉山 sugiyama|村田 murata|大塚 otsuka|新井 arai|小山 koyama|平野 hirano|藤本 fujimoto|河野 kono
上野 ueno|武田 takeda|野口 noguchi|松井 matsui|千葉 chiba|菅原 sugawara|岩崎 iwasaki|久保 kubo|木下 kinoshita
佐野 sano|野村 nomura|松尾 matsuo|菊地 kikuchi|市川 ichikawa|杉本 sugimoto|古川 furukawa|大西 onishi|島田 shimada
水野 mizuno|桜井 sakurai|高野 takano|渡部 watabe|吉川 yoshikawa|山内 yamauchi|西田 nishida|飯田 iida|西川 nishikawa
小松 komatsu|北村 kitamura|安田 yasuda|五十嵐 igarashi|川口 kawaguchi|平田 hirata|関 seki|中田 nakata|久保田 kubota
服部 hattori|東 azuma|岩田 iwata
"""

_GIVEN = """
翔太 shota|大輔 daisuke|健一 kenichi|誠 makoto|拓也 takuya|直樹 naoki|達也 tatsuya|浩二 koji|隆 takashi|和也 kazuya
修 osamu|健太 kenta|雄一 yuichi|哲也 tetsuya|学 manabu|剛 tsuyoshi|亮 ryo|貴之 takayuki|洋平 yohei|慎一 shinichi
秀樹 hideki|正樹 masaki|勇人 yuto|智也 tomoya|裕介 yusuke|啓介 keisuke|浩 hiroshi|明 akira|進 susumu|茂 shigeru
豊 yutaka|実 minoru|勝 masaru|昇 noboru|博之 hiroyuki|和彦 kazuhiko|英明 hideaki|康弘 yasuhiro|信行 nobuyuki
義則 yoshinori|蓮 ren|悠真 yuma|陽斗 haruto|湊 minato|颯太 sota|大和 yamato|蒼 aoi|樹 itsuki|航 wataru|陸 riku
宏 ko|敏夫 toshio|晃 hikaru|悟 satoru|潤 jun|徹 toru|聡 satoshi|淳 atsushi|稔 jin|清 kiyoshi
美咲 misaki|陽子 yoko|恵子 keiko|由美子 yumiko|直子 naoko|真由美 mayumi|裕子 yuko|智子 tomoko|久美子 kumiko|明美 akemi
愛 ai|彩 aya|麻衣 mai|結衣 yui|さくら sakura|七海 nanami|千尋 chihiro|菜々子 nanako|綾香 ayaka|香織 kaori
美穂 miho|理恵 rie|幸子 sachiko|典子 noriko|洋子 hiroko|和子 kazuko|京子 kyoko|優子 masako|純子 junko|文子 fumiko
絵美 emi|沙織 saori|友美 tomomi|里奈 rina|舞 maiko|志保 shiho|奈緒 nao|瞳 hitomi|めぐみ megumi|亜紀 aki
葵 aoiko|凛 rin|美月 mizuki|花 hana|遥 haruka|楓 kaede|莉子 riko|杏 anzu|詩織 shiori|千夏 chinatsu
律子 ritsuko|静香 shizuka|朋子 hoko|弥生 yayoi|紗季 saki|悦子 etsuko|雅美 masami|早苗 sanae|佳代 kayo|泉 izumi
"""


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    entries = text.replace("\n", "|").strip("|").split("|")
    return tuple((kanji, romaji) for kanji, romaji in (entry.split() for entry in entries))


FAMILY_NAMES = _pairs(_FAMILIES)
"""(kanji, romaji) of family names."""

GIVEN_NAMES = _pairs(_GIVEN)
"""(kanji, romaji) of given names."""

OLD_FAMILY_NAMES = ("髙橋", "山﨑", "渡邉", "齋藤", "濵田")
"""Spellings with old or platform-dependent kanji, which folding by NFKC leaves alone."""
