"""What is wrong with a data package, as one self-contained page in both languages; works without JavaScript."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from .. import __version__
from ..catalogue import LANGUAGES, catalogue
from ..errors import Problem
from ..reporting.problems import counted, problem_in
from .page import HTML_LANG, TEMPLATES


def check_page(
    problems: Sequence[Problem],
    folder: str | Path,
    day: dt.date,
    first: str = "zh",
    corrections: Sequence[Problem] = (),
) -> str:
    """The page as HTML: errors, then warnings, each a table with file, row, column, found, allowed and remedy.

    `folder` is the data package, `day` that of the check, `first` the language shown at first; `corrections`, as
    `corrections.listed` gives them, follow in a table of their own.

    >>> html = check_page([], "data/raw", dt.date(2026, 1, 1))
    >>> html.count("<h1>"), "http" in html
    (1, False)
    """
    from jinja2 import Environment, FileSystemLoader

    langs = sorted(LANGUAGES, key=lambda lang: lang != first)
    errors, warnings = counted(problems)
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    return environment.get_template("problems.html.j2").render(
        langs=langs,
        html_langs=[HTML_LANG[lang] for lang in langs],
        w={lang: {key: entry[lang] for key, entry in catalogue().items()} for lang in langs},
        found={lang: [problem_in(problem, lang) for problem in problems] for lang in langs},
        made={lang: [problem_in(made, lang) for made in corrections] for lang in langs},
        errors=errors,
        warnings=warnings,
        folder=str(folder),
        date=day.isoformat(),
        version=__version__,
    )
