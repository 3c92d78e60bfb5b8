"""How long to wait after failures. Pure."""

from __future__ import annotations

from datetime import timedelta

FIRST = timedelta(seconds=30)
CEILING = timedelta(minutes=15)


def wait_after(failures: int, wish: float | None, chance: float) -> timedelta:
    """The pause after so many failures in a row (1 or more): doubling from 30 seconds to 15 minutes.

    `wish`: seconds that the remote asked for; never shorter than that. `chance`: 0..1, spreads the pause over
    three quarters to five quarters of itself, within the ceiling.
    """
    # The exponent is bounded because a daemon may fail for weeks.
    grown = FIRST * 2.0 ** min(failures - 1, 10) * (0.75 + chance / 2)
    return max(min(CEILING, grown), timedelta(seconds=wish or 0.0))
