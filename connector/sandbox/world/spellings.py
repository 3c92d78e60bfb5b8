"""How people write the name of their company into a form, and what a form makes of the rest."""

from __future__ import annotations

from random import Random

from connector.sandbox.world.companies import Company

_SHORT_FORMS = {"株式会社": ("(株)", "㈱", "（株）"), "有限会社": ("(有)", "㈲"), "合同会社": ("(同)", "合同会社")}
_BRANCHES = (" 本社", "　関西支社", " 第一工場", " 名古屋営業所", " 生産技術部", " 東京支店 営業1課")
_WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
_ENGLISH_FORMS = (" Co., Ltd.", " Inc.", " Corporation", " K.K.")


def company_as_typed(rng: Random, company: Company) -> str:
    """The company's name as one person writes it: mostly right, else one of the field's usual variants."""
    where = rng.random()
    if where < 0.52:
        return company.name
    short = rng.choice(_SHORT_FORMS[company.form])
    if where < 0.72:
        return short + company.core if company.form_first else company.core + short
    if where < 0.79:
        return company.core
    if where < 0.85:
        gap = rng.choice((" ", "　"))
        return f"{company.form}{gap}{company.core}" if company.form_first else f"{company.core}{gap}{company.form}"
    if where < 0.91:
        return company.name + rng.choice(_BRANCHES)
    if where < 0.96:
        return company.romaji.replace("-", " ").title() + rng.choice(_ENGLISH_FORMS)
    if where < 0.98:
        return company.core + company.form if company.form_first else company.form + company.core
    return company.name.translate(_WIDE).replace("株式会社", "株式會社")


def corporate_number_as_typed(rng: Random, company: Company) -> str | None:
    """The corporate number where somebody knew it (one in six): sometimes full-width, rarely with a slip."""
    where = rng.random()
    if where > 0.17:
        return None
    if where < 0.005:
        return company.number[:-1] + str((int(company.number[-1]) + 1) % 10)
    return company.number.translate(_WIDE) if where < 0.02 else company.number
