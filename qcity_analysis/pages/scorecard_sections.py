"""The sections of the scorecard notebook, one call each; see `sections` for those of a single target."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import check_language, join, text
from ..figures.canvas import Picture
from ..figures.dots import scorecard_chart, section_name
from ..reporting import describe
from ..reporting.describe import status_shown
from ..reporting.formatting import percent, text_of
from ..reporting.tables import html_table, single_figures
from ..targets import section_order
from .sections import _say, _show, heading

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..data.load import Data

STATUSES = ("met", "missed", "forecast", "depends_on_definition", "not_assessable")


def answer(data: Data, results: Sequence[Assessment], lang: str) -> None:
    """Show how many targets are met, missed, uncertain or cannot be assessed, and hand the page its title."""
    check_language(lang)
    counts = {status: sum(a.status == status for a in results) for status in STATUSES}
    parts = [
        text(
            "scorecard_part",
            lang,
            count=count,
            label=text(f"n_{status.removesuffix('_on_definition')}", lang),
        )
        for status, count in counts.items()
        if count
    ]
    said = text("scorecard_answer", lang, total=len(results), as_of=data.as_of, parts=join(parts, lang))
    plan = results[0].target.plan
    name = describe.plan_title(data, plan, lang)
    front = {
        "kind": "scorecard",
        "lang": lang,
        "title": text("scorecard_question", lang, plan=name),
        "plan": plan,
        "plan_title": name,
        "as_of": data.as_of.isoformat(),
        "model": results[0].model,
        "answer": said,
        "short": said,
        "counts": counts,
        "illustrative": any(a.illustrative for a in results),
    }
    _say(f"## {text('h_answer', lang)}\n\n{said}", {"qcity": front})


def picture(results: Sequence[Assessment], lang: str) -> None:
    """Show the dots of all targets; the description lists every value."""
    _say(heading("scorecard_figure", lang))
    items = join([f"{_name(a, lang)} {_verdict(a, lang)}" for a in results], lang)
    _show(Picture(scorecard_chart(results, lang), text("alt_scorecard", lang, items=items)))


def by_section(results: Sequence[Assessment], lang: str) -> None:
    """Show one table a section: target, probability and word, last figure, and the answer in words."""
    _say(heading("scorecard_table", lang))
    names = sorted(dict.fromkeys(text_of(a.target.section) for a in results), key=section_order)
    columns = [text(key, lang) for key in ("c_answer", "k_last", "c_reason")]
    for name in names:
        mine = [a for a in results if text_of(a.target.section) == name]
        rows = [[_verdict(a, lang), _last(a, lang), describe.headline(a, lang)] for a in mine]
        index = pd.Index([_name(a, lang) for a in mine], name=text("c_target", lang))
        caption = section_name(name, lang) if len(names) > 1 else ""
        _show(html_table(pd.DataFrame(rows, columns=columns, index=index), caption, index=True))


def add(results: Sequence[Assessment], lang: str) -> None:
    """Show how to add figures for the targets that cannot be assessed, with one of them as the example."""
    missing = [a for a in results if a.status == "not_assessable"]
    if missing:
        _say(f"{heading('scorecard_add', lang)}\n\n{describe.how_to_add(missing[0], lang)}")


def as_data(results: Sequence[Assessment]) -> dict[str, Any]:
    """The assessments as JSON-able data, by target."""
    return {a.target.target_id: a.to_dict() for a in results}


def _name(a: Assessment, lang: str) -> str:
    return text_of(a.target.name_zh if lang == "zh" else a.target.name_en)


def _verdict(a: Assessment, lang: str) -> str:
    if a.status == "forecast" and a.probability is not None:
        word = text(f"word_{a.word}", lang) if a.word else ""
        return join([percent(a.probability, lang), word], lang)
    return status_shown(a, lang)


def _last(a: Assessment, lang: str) -> str:
    part = a.parts[-1] if a.status == "depends_on_definition" else a
    return single_figures(part, lang).get(text("k_last", lang), "–")
