"""法人番号, the corporate number of the National Tax Agency: 13 digits, the first of which checks the others."""

from __future__ import annotations

import re
import unicodedata


def check_digit(body: str) -> int:
    """The check digit of twelve digits: 9 − (Σ Pn·Qn mod 9), Pn counted from the right, Qn = 1 for odd n, else 2.

    Source: the National Tax Agency's rule for corporate numbers.
    """
    total = sum(int(digit) * (1 if place % 2 == 0 else 2) for place, digit in enumerate(reversed(body)))
    return 9 - total % 9


def corporate_number(text: str | None) -> str | None:
    """The thirteen digits of a valid number, else None.

    Full-width digits, hyphens, spaces and the T of an invoice registration number are understood. Numbers of one
    repeated digit are dummies, although 9999999999999 passes the check.
    """
    digits = _digits(text)
    if not re.fullmatch(r"[0-9]{13}", digits) or len(set(digits)) == 1:
        return None
    return digits if int(digits[0]) == check_digit(digits[1:]) else None


def what_is_wrong(text: str) -> str | None:
    """One sentence on why a text is no corporate number, or None when it is one."""
    if corporate_number(text) is not None:
        return None
    digits = _digits(text)
    if not re.fullmatch(r"[0-9]{13}", digits):
        return "a corporate number has 13 digits"
    if len(set(digits)) == 1:
        return "this is a dummy of one repeated digit"
    return f"the check digit is wrong (with these twelve digits the first would be {check_digit(digits[1:])})"


def _digits(text: str | None) -> str:
    folded = unicodedata.normalize("NFKC", text or "").strip().upper().removeprefix("T")
    return re.sub(r"[\s‐-―−ー-]", "", folded)
