"""Company names → keys under which the same company is found however it was written.

A name has up to three keys. strict: without legal form, spaces and signs. loose: with old characters, small kana and
long vowels folded too. cut: loose, after a branch or department at the end was taken off; only for names that
people typed, never for the register's own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from connector.firmographics.name_words import (
    ENGLISH_FORMS,
    FORM_KANJI,
    FORMS,
    GLUED_UNITS,
    KANJI_FOLD,
    NO_COMPANY,
    PLACES,
    SMALL_KANA,
    UNITS,
)

_WRITTEN_FORMS = sorted(
    ((text, form) for form, texts in FORMS.items() for text in texts), key=lambda entry: -len(entry[0])
)
_JAPANESE = [(text, form) for text, form in _WRITTEN_FORMS if not text.isascii() or "(" in text]
_JAPANESE_TEXTS = tuple(text for text, _ in _JAPANESE)
_START = re.compile("|".join(f"({re.escape(text)})" for text in _JAPANESE_TEXTS))
_ENGLISH = [(re.compile(rf"(?:[\s,]+|(?<=[\w)])\.\s*)(?:{text})\s*[.,]*\s*$"), form) for text, form in ENGLISH_FORMS]
_LATIN_END = re.compile(r"[a-z][\s.,]*$")
_INVISIBLE = dict.fromkeys(
    (0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF)
)
_GAP = re.compile(r"[\s\"“”「」『』]+")
_SIGNS = re.compile(r"[\W_・]+")
_LATIN_AND = re.compile(r"(?<=[a-z0-9\s])&(?=[a-z0-9\s])")
_SPACED_UNIT = re.compile(rf"^(.*\S)[\s・/|,]+\S*?(?:{UNITS})[\d一二三四五六七八九十]*$")
_GLUED_UNIT = re.compile(rf"^(.{{2,}}?)(?:(?:{PLACES})+(?:{GLUED_UNITS})|本社|本店)$")
_FULL_FORM = re.compile("|".join(f"({re.escape(text)})" for text, _ in _JAPANESE if len(text) >= 4))
_MARK_OF_A_FORM = re.compile("会社|法人|組合")
_FULL_FORMS = [form for text, form in _JAPANESE if len(text) >= 4]


def _loose_table() -> dict[int, str | None]:
    """Old characters → new, hiragana → katakana, small kana → large; long vowel marks go."""
    katakana = {letter: chr(letter + 0x60) for letter in range(ord("ぁ"), ord("ゖ") + 1)}
    large = {letter: SMALL_KANA.get(kana, kana) for letter, kana in katakana.items()}
    return {**KANJI_FOLD, **large, **{ord(small): kana for small, kana in SMALL_KANA.items()}, ord("ー"): None}


_LOOSE = _loose_table()


@dataclass(frozen=True)
class NameKeys:
    """The keys of one name as written. Without `strict` the name names no company. `cut` only where it differs.

    `form` is the legal form (kk, yk, …), `position` where it stood (before, after): evidence, not part of a key.
    """

    strict: str | None = None
    loose: str | None = None
    cut: str | None = None
    form: str | None = None
    position: str | None = None


def name_keys(name: str) -> NameKeys:
    """The keys of a company's name. Text that names no company (個人, なし, one character) has none."""
    core, form, position, branch = _without_form(_plain(name))
    whole = f"{core} {branch}" if branch else core
    strict = _strict(whole)
    if len(strict) < 2 or strict in _FORM_TEXTS or (form is None and strict in NO_COMPANY):
        return NameKeys()
    loose = _loose(strict) or strict
    cut = _loose(_strict(core if branch else _cut(core)))
    return NameKeys(strict, loose, cut if cut != loose and len(cut) >= 2 else None, form, position)


def name_key_rows(names: Iterable[str]) -> list[tuple[str, str | None, str | None, str | None, str | None, str | None]]:
    """Rows (name, strict, loose, cut, form, position), one for each distinct name, sorted."""
    rows = ((name, name_keys(name)) for name in sorted(set(names)))
    return [(name, keys.strict, keys.loose, keys.cut, keys.form, keys.position) for name, keys in rows]


def _plain(name: str) -> str:
    """NFKC, lower case, one space for white space and quotes, no invisible marks; the kanji of legal forms folded."""
    text = unicodedata.normalize("NFKC", name).translate(_INVISIBLE)
    return _GAP.sub(" ", text).strip().lower().translate(FORM_KANJI)


def _without_form(text: str) -> tuple[str, str | None, str | None, str | None]:
    """(core, form, position, what follows a form in the middle). Never strips to nothing."""
    start = _START.match(text)
    if start and text[start.end() :].strip():
        return text[start.end() :].strip(), _JAPANESE[(start.lastindex or 1) - 1][1], "before", None
    if text.endswith(_JAPANESE_TEXTS):
        written, form = next(entry for entry in _JAPANESE if text.endswith(entry[0]))
        if text[: -len(written)].strip():
            return text[: -len(written)].strip(), form, "after", None
    for match in _FULL_FORM.finditer(text) if _MARK_OF_A_FORM.search(text) else ():
        before, after = text[: match.start()].strip(), text[match.end() :].strip()
        if len(before) >= 2 and _SPACED_UNIT.match(f"x {after}"):
            return before, _FULL_FORMS[(match.lastindex or 1) - 1], "after", after
    return (*_without_english_form(text), None)


def _without_english_form(text: str) -> tuple[str, str | None, str | None]:
    form = None
    for _ in range(3 if _LATIN_END.search(text) else 0):
        for pattern, word in _ENGLISH:
            shorter = pattern.sub("", text)
            if shorter != text and _strict(shorter):
                text, form = shorter, word if form is None else form
                break
        else:
            break
    return text, form, "after" if form else None


def _strict(text: str) -> str:
    return _SIGNS.sub("", _LATIN_AND.sub("and", text) if "&" in text else text)


def _loose(text: str) -> str:
    return text.translate(_LOOSE)


def _cut(core: str) -> str:
    for _ in range(3):
        match = _SPACED_UNIT.match(core) or _GLUED_UNIT.match(core)
        if match is None or len(_strict(match.group(1))) < 2:
            break
        core = match.group(1).strip(" ・/|,")
    return core


_FORM_TEXTS = frozenset(_strict(text) for text, _ in _WRITTEN_FORMS)
