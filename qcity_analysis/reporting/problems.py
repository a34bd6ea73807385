"""What is wrong with a data package, in both languages.

Problems are written in English where they are found; here each part of a message is matched with the English of
`templates/problems/` and said in Chinese. A part that has no Chinese yet stays as it is: nothing is lost.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from ..catalogue import catalogue, check_language, text
from ..errors import Problem

HINT = re.compile(r'(?P<said>.*?) ?Did you mean "(?P<word>.*)"\?', re.S)
PLACE = re.compile(r"\{(\w+)\}")


def problem_in(problem: Problem, lang: str) -> dict[str, Any]:
    """A problem as a dict like `Problem.to_dict`, its found, allowed and remedy said in `lang`.

    >>> faulty = Problem("targets.csv", 2, "base_year", "abc", "a year of four digits", "write it as 2025")
    >>> problem_in(faulty, "zh")["allowed"], problem_in(faulty, "zh")["remedy"]
    ('四位数的年份', '写作 2025')
    """
    said = problem.to_dict()
    if check_language(lang) == "en":
        return said
    return said | {key: in_chinese(str(said[key])) for key in ("found", "allowed", "remedy")}


def line_of(problem: Problem, lang: str) -> str:
    """A problem as one line in `lang`; in English as the problem itself prints.

    >>> line_of(Problem("targets.csv", 2, "base_year", "x", "a number", "add it there, or correct it."), "zh")
    '错误：targets.csv 第 2 行 base_year 列：现为“x”；应为：一个数；在该表中添加，或更正此处。'
    """
    if check_language(lang) == "en":
        return f"{problem.level}: {problem}"
    said, place = problem_in(problem, lang), problem.file
    if problem.row is not None:
        place = text("check_place_row", lang, file=place, row=problem.row)
    if problem.column is not None:
        place = text("check_place_column", lang, place=place, column=problem.column)
    parts = {key: said[key] for key in ("found", "allowed", "remedy")}
    return f"{text(f'check_level_{problem.level}', lang)}：{text('check_line', lang, place=place, **parts)}"


def correction_line(made: Problem, lang: str) -> str:
    """A correction, as `corrections.listed` gives it, as one line in `lang`.

    >>> made = Problem("corrections.yaml", 1, "rd / nanjing / 2020", "139 -> 13.9 since 2022-06-30", "", "why")
    >>> correction_line(made, "zh")
    '更正：corrections.yaml 第 1 行：rd / nanjing / 2020：139 → 13.9，自 2022-06-30 起；why'
    """
    said = problem_in(made, lang)
    parts = {"found": said["found"], "reason": said["remedy"]}
    return text("check_correction", lang, file=made.file, row=made.row, figure=made.column, **parts)


def in_chinese(english: str) -> str:
    """One part of a message in Chinese; the English itself where there is no Chinese for it.

    >>> in_chinese("each key once"), in_chinese('add the column period. Did you mean "periods"?')
    ('每个键只出现一次', '添加列 period。是否想写“periods”？')
    """
    hint = HINT.fullmatch(english)
    if hint is not None:
        return f"{in_chinese(hint['said'])}是否想写“{hint['word']}”？"
    matches = ((pattern.fullmatch(english), chinese) for pattern, chinese in _patterns())
    return next((chinese.format(**match.groupdict()) for match, chinese in matches if match), english)


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Each English text as a pattern with its Chinese; those with most words of their own first, as they say more."""
    entries = sorted(catalogue("problems").values(), key=lambda entry: -len(PLACE.sub("", entry["en"])))
    escaped = [re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(entry["en"])) for entry in entries]
    return [(re.compile(pattern, re.S), entry["zh"]) for pattern, entry in zip(escaped, entries, strict=True)]


def counted(problems: Sequence[Problem]) -> tuple[int, int]:
    """How many errors and how many warnings there are.

    >>> counted([Problem("a.csv", 2, "x", "", "a year", "add it")])
    (1, 0)
    """
    errors = sum(problem.level == "error" for problem in problems)
    return errors, len(problems) - errors
