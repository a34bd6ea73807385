"""One sentence of `templates/sentences/`, filled in."""

from __future__ import annotations

import re
from functools import cache

from .texts import TEMPLATES, check_language, read_all

BESIDE = re.compile(r" *([，。：；、（）“”]) *")  # no space stands beside Chinese punctuation


@cache
def all_sentences() -> dict[str, dict[str, str]]:
    """Every sentence by key, then language.

    >>> sorted(all_sentences()["none"])
    ['en', 'zh']
    """
    return read_all(TEMPLATES / "sentences")


def has(key: str) -> bool:
    """Whether there is a sentence of that name.

    >>> has("head_met_cumulative"), has("head_met_level")
    (True, False)
    """
    return key in all_sentences()


def say(key: str, lang: str, **values: object) -> str:
    """One sentence of `templates/sentences/` in `lang`, filled in.

    Raises QcityError for another language and KeyError for an unknown key.

    >>> say("reason_no_observation", "en")
    'no figure is held in these data'
    """
    said = all_sentences()[key][check_language(lang)].format(**values)
    return BESIDE.sub(r"\1", said) if lang == "zh" else said
