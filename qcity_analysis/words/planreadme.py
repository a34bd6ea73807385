"""The guide that lies beside a new plan: what to fill in, in which file, in both languages.

The tables of columns are made from the data contract, so that the guide says what the checks ask for.
"""

from __future__ import annotations

from functools import cache

from ..data.tables import TABLES, Column
from .texts import LANGUAGES, TEMPLATES, read_all, text

CHOICES = {"date": "2024-03-28, 2024-03, 2024", "year": "2025", "number": "3.48", "integer": "6"}


def plan_readme(name: str) -> str:
    """The guide for a plan of that name as Markdown, Chinese first.

    >>> guide = plan_readme("green_city")
    >>> "qcity check" in guide and "`base_period`" in guide
    True
    """
    parts = [f"# {name}\n"]
    for lang in LANGUAGES:
        parts.append(text("np_guide", lang, name=name))
        for table_name in ("regions", "sources", "indicators", "targets", "observations"):
            head = " | ".join(text(f"np_{key}", lang) for key in ("column", "needed", "holds"))
            parts.append(f"### {TABLES[table_name].file}\n\n| {head} |\n|---|---|---|")
            parts[-1] += (
                "".join(_row(table_name, column, lang) for column in TABLES[table_name].columns) + "\n"
            )
    return "\n".join(parts)


def column_said(table: str, column: str, lang: str) -> str:
    """What a column holds, in `lang`; an empty text for one that has no description.

    >>> column_said("observations", "period", "en")
    'a year; or a year to date as 2024-Q3, 2024-08'
    """
    return _descriptions().get(f"{table}__{column}", {}).get(lang, "")


@cache
def _descriptions() -> dict[str, dict[str, str]]:
    return read_all(TEMPLATES / "columns")


def _row(table: str, column: Column, lang: str) -> str:
    needed = "" if column.empty else text("np_yes", lang)
    holds = column_said(table, column.name, lang)
    allowed = ", ".join(f"`{choice}`" for choice in column.choices) or CHOICES.get(column.holds, "")
    said = " · ".join(part for part in (holds, allowed) if part)
    return f"\n| `{column.name}` | {needed} | {said} |"
