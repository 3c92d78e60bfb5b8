"""Lines that are told are those of the file, and no row is lost, whatever stands between rows and within cells."""

from __future__ import annotations

from random import Random

import pytest

from connector.store.database import memory_store
from tests.list_world import import_rows

pytestmark = pytest.mark.requirement("SY-12")

QUESTIONS = ("", '"a\nb"', '"x\n\ny"', '"say ""hi"""', "plain", '"a,b"')
NAMES = ("山田", "", '"名\n前"')
BETWEEN = ("", ",,,", "  ")
BAD = ("foo", "a;b@example.jp", "c@example")


def random_file(dice: Random) -> tuple[str, list[int], set[str]]:
    """A file of some 150 rows, the lines of its bad rows, and the addresses of its good ones."""
    text = "".join(f"{dice.choice(('題名', '', ' ', 'x,y'))}\n" for _ in range(dice.randint(0, 3)))
    text += "氏名,メール,参加,質問\n"
    bad, good = [], set()
    for number in range(150):
        line = text.count("\n") + 1
        chance = dice.random()
        if chance < 0.2:
            text += f"{dice.choice(BETWEEN)}\n"
            continue
        address = dice.choice(BAD) if chance < 0.25 else f"u{number}@example.jp"
        if address in BAD:
            bad.append(line)
        else:
            good.add(address)
        text += f"{dice.choice(NAMES)},{address},{dice.choice(('○', ''))},{dice.choice(QUESTIONS)}\n"
    return text, bad, good


@pytest.mark.parametrize(("seed", "ends"), [(1, "\n"), (2, "\r\n"), (3, "\r")])
def test_lines_are_those_of_the_file(seed: int, ends: str) -> None:
    text, bad, good = random_file(Random(seed))
    store = memory_store()
    kept = import_rows(store, text.replace("\n", ends))
    assert [line for one in kept.refused for line in one.lines] == bad[:10]
    assert sum(one.rows for one in kept.refused) == len(bad)
    assert {email for (email,) in store.run("SELECT email FROM list_member")} == good
    store.close()
