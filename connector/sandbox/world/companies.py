"""Invented companies: each follows from the seed and its number alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp

from connector.sandbox.world.draws import mix, pick, salt, shares_of, stream
from connector.sandbox.world.words_companies import LEGAL_FORMS, STEM_HEADS, STEM_TAILS, TRADES, Trade
from connector.sandbox.world.words_places import PLACES, Place

_TRADE_SHARES = shares_of(TRADES, 2)
_FORM_SHARES = shares_of(LEGAL_FORMS)
PEOPLE_PER_COMPANY = 4


@dataclass(frozen=True)
class Company:
    """One company. Money in yen; `number` is its corporate number with a right check digit."""

    index: int
    core: str
    romaji: str
    form: str
    form_first: bool
    domain: str
    number: str
    trade: Trade
    place: Place
    street: str
    phone: str
    employees: int
    revenue: int
    capital: int
    listed: bool

    @property
    def name(self) -> str:
        return self.form + self.core if self.form_first else self.core + self.form

    @property
    def fit(self) -> float:
        """How well it suits the vendor, 0..1: trade first, then a size between a hundred and five thousand."""
        size = 1.0 if 100 <= self.employees <= 5000 else 0.6 if self.employees > 30 else 0.15
        return 0.6 * self.trade.fit + 0.4 * size


def corporate_number(body: str) -> str:
    """A corporate number from its twelve last digits: the check digit stands first.

    9 − (Σ Pn·Qn mod 9), Qn being 1 for odd and 2 for even n, counted from the lowest digit
    (National Tax Agency).
    """
    total = sum(int(digit) * (1 + n % 2) for n, digit in enumerate(reversed(body)))
    return f"{9 - total % 9}{body}"


def company_count(people: int) -> int:
    """How many companies a world of that many people has."""
    return max(12, people // PEOPLE_PER_COMPANY)


def company_of(where: float, count: int) -> int:
    """The company on which `where` in [0, 1) falls: few have many people, most have one or two."""
    return int(count * where**1.5)


def _words(seed: int, index: int) -> tuple[str, str, str]:
    """Core name, romaji and domain label. Every 25th company is the namesake of the one before."""
    kin = index - 1 if index % 25 == 24 else index
    heads, tails = len(STEM_HEADS), len(STEM_TAILS) + 1
    spot = (kin * 7919 + seed * 31) % (heads * tails)
    head, tail = STEM_HEADS[spot % heads], spot // heads
    trade = _trade(seed, kin)
    suffix = trade.suffixes[mix(seed, kin, salt("suffix")) % len(trade.suffixes)]
    middle = STEM_TAILS[tail - 1] if tail else ("", "")
    label = "-".join(part for part in (head[1], middle[1], suffix[1]) if part)
    again = kin // (heads * tails)
    label += str(again + 1) if again else ""
    return head[0] + middle[0] + suffix[0], label, label + ("-g" if kin != index else "")


def _trade(seed: int, index: int) -> Trade:
    return TRADES[pick(stream(seed, index, salt("trade")).random(), _TRADE_SHARES)]


@lru_cache(maxsize=20_000)
def company(seed: int, index: int) -> Company:
    """The company of that number."""
    rng = stream(seed, index, salt("company"))
    core, romaji, label = _words(seed, index)
    place = PLACES[int(rng.random() * len(PLACES))]
    form = LEGAL_FORMS[pick(rng.random(), _FORM_SHARES)][0]
    employees = max(1, min(80_000, int(exp(rng.gauss(4.6, 1.5)))))
    revenue = int(employees * exp(rng.gauss(3.05, 0.6))) * 1_000_000
    capital = max(1, int(employees**0.9 * exp(rng.gauss(-0.4, 0.8)))) * 1_000_000
    exchange = f"555{rng.randrange(10)}"[: 6 - len(place.area)]
    return Company(
        index=index,
        core=core,
        romaji=romaji,
        form=form,
        form_first=rng.random() < 0.7,
        domain=f"{label}.example",
        number=corporate_number(f"99{(index * 3_618_033_989 + seed * 1_000_003) % 10**10:010d}"),
        trade=_trade(seed, index - 1 if index % 25 == 24 else index),
        place=place,
        street=f"{place.town}{rng.randint(1, 5)}-{rng.randint(1, 30)}-{rng.randint(1, 20)}",
        phone=f"{place.area}-{exchange}-{rng.randrange(10_000):04d}",
        employees=employees,
        revenue=revenue,
        capital=capital,
        listed=employees > 1500 and rng.random() < 0.45,
    )
