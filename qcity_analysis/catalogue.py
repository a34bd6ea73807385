"""Everything the library says, in Chinese and English, kept as data in `templates/`.

`text` gives labels, headings and fixed sentences, `say` a sentence about a result.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from .errors import QcityError, did_you_mean

LANGUAGES = ("zh", "en")
TEMPLATES = Path(__file__).with_name("templates")
# no space stands beside Chinese punctuation, nor between two characters
BESIDE = re.compile(r" *([，。：；、（）“”]) *|(?<=[一-鿿]) +(?=[一-鿿])")
ONE = re.compile(
    r"(?<![\w.,−])1 (year|month|target|question|indicator|choice|row|cell|document|rule|region|figure|file|page|path|"
    r"problem|error|warning|statement|event|level|round|character)s\b"
)


@cache
def catalogue(part: str = "texts") -> dict[str, dict[str, str]]:
    """Every entry of a folder of `templates/` ("texts", "sentences", "columns" or "problems") by key, then language.

    Raises ValueError when two of its files have the same key.

    >>> sorted(catalogue()["median"]), "head_met_level" in catalogue("sentences")
    (['en', 'zh'], False)
    """
    words: dict[str, dict[str, str]] = {}
    for path in sorted((TEMPLATES / part).glob("*.toml")):
        entries = tomllib.loads(path.read_text("utf-8"))
        if twice := sorted(words.keys() & entries.keys()):
            raise ValueError(f"{path.name}: already defined in another file: {', '.join(twice)}")
        words |= entries
    return words


def text(key: str, lang: str, **values: object) -> str:
    """One text in `lang` ("zh" or "en"), its {places} filled from `values`.

    Raises QcityError for another language and KeyError for an unknown key.

    >>> text("deadline", "en", year=2025)
    'deadline 2025'
    """
    return _singular(catalogue()[key][check_language(lang)].format(**values), lang)


def say(key: str, lang: str, **values: object) -> str:
    """One sentence about a result, as `text`; in Chinese without spaces beside punctuation."""
    sentence = catalogue("sentences")[key][check_language(lang)].format(**values)
    return BESIDE.sub(r"\1", sentence) if lang == "zh" else _singular(sentence, lang)


def _singular(sentence: str, lang: str) -> str:
    """English says "1 year", not "1 years".

    >>> _singular("1 years of 21 years, 1 less", "en")
    '1 year of 21 years, 1 less'
    """
    return ONE.sub(r"1 \1", sentence) if lang == "en" else sentence


def check_language(lang: str) -> str:
    """`lang` itself when it is one of LANGUAGES. Raises QcityError otherwise."""
    if lang not in LANGUAGES:
        hint = did_you_mean(str(lang), LANGUAGES)
        raise QcityError(f"unknown language {lang!r}.{hint} Known: {', '.join(LANGUAGES)}.")
    return lang


def join(parts: Iterable[str], lang: str) -> str:
    """Items of a list as one text, separated as the language does; each once, empty ones left out."""
    return ("、" if lang == "zh" else ", ").join(dict.fromkeys(part for part in parts if part))
