"""The sections of the notebooks, one call each: a heading, a sentence before, the thing itself, what it
means.

Everything is shown in the language asked for. Sentences about results come from `describe`, fixed ones from
`texts`. The first section also tells the page renderer what the page is called (output metadata `qcity`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..catalogue import check_language, text
from ..figures.canvas import Picture
from ..figures.plot import fan_chart
from ..reporting import describe
from ..reporting.describe import status_shown
from ..reporting.formatting import percent, text_of
from ..reporting.labels import level_shown, panel_title
from ..reporting.tables import html_table, key_figures, sources_by_series

if TYPE_CHECKING:
    from ..assessment.answer import Assessment
    from ..data.load import Data


def _say(markdown: str, metadata: dict[str, Any] | None = None) -> None:
    from IPython.display import Markdown, display

    display(Markdown(markdown), metadata=metadata)


def _show(thing: Any) -> None:
    from IPython.display import HTML, display

    display(HTML(thing) if isinstance(thing, str) else thing)


def heading(key: str, lang: str) -> str:
    """A heading and the sentence under it, as Markdown.

    >>> heading("sources", "en").splitlines()[0]
    '## Figures and sources'
    """
    return f"## {text(f'h_{key}', lang)}\n\n{text(f's_{key}', lang)}"


def answer(data: Data, assessment: Assessment, lang: str) -> None:
    """Show the question's answer in words, and hand the page its title and summary."""
    check_language(lang)
    front = front_of_target(data, assessment, lang)
    _say(f"## {text('h_answer', lang)}\n\n{front['answer']}", {"qcity": front})
    _say(
        f"## {text('h_plan', lang)}\n\n"
        + "\n".join(f"- {line}" for line in describe.plan_says(assessment, lang))
    )


def front_of_target(data: Data, assessment: Assessment, lang: str) -> dict[str, Any]:
    """Title, answer and summary of a target's page, JSON-able; what index and command line show.

    >>> import qcity_analysis as qc
    >>> data = qc.load()
    >>> front_of_target(data, qc.assess(data, "rd_intensity"), "en")["target"]
    'rd_intensity'
    """
    target, name = assessment.target, text_of(assessment.target.name_zh)
    name = name if lang == "zh" else text_of(target.name_en)
    region = data.region_name(target.region, lang)
    said = describe.headline(assessment, lang)
    open_ = assessment.status == "forecast" and assessment.probability is not None
    word = text(f"word_{assessment.word}", lang) if open_ and assessment.word else ""
    share = percent(assessment.probability, lang) if open_ and assessment.probability is not None else ""
    status = status_shown(assessment, lang)
    return {
        "kind": "target",
        "lang": lang,
        "title": text("question", lang, region=region, name=name, deadline=target.deadline),
        "name": name,
        "plan": target.plan,
        "target": target.target_id,
        "section": text_of(target.section),
        "as_of": assessment.as_of.isoformat(),
        "model": assessment.model,
        "answer": said,
        "short": f"{share} ({word})" if share and word else _short(assessment, lang),
        "status": assessment.status,
        "status_shown": status,
        "probability": assessment.probability if open_ else None,
        "probability_shown": share,
        "word_shown": word,
        "illustrative": assessment.illustrative or any(part.illustrative for part in assessment.parts),
    }


def _short(assessment: Assessment, lang: str) -> str:
    """The verdict without a probability in a few words: status, and why or with which figure."""
    parts = []
    for part in assessment.parts:
        if part.role == "definition":
            chance = part.probability
            said = status_shown(part, lang) if chance is None else percent(chance, lang)
            parts.append(f"{part.definition[f'name_{lang}']} {said}")
    found = "; ".join(parts) or describe.reason(assessment, lang)
    if assessment.outcome is not None:
        found = text(
            "in_year",
            lang,
            year=assessment.settled_in or assessment.target.deadline,
            value=level_shown(assessment, assessment.outcome, lang),
        )
    return f"{status_shown(assessment, lang)}: {found}".rstrip(": ")


def picture(assessment: Assessment, lang: str) -> None:
    """Show the fan chart, and after it what it means; with parts, each has its own sentence and figure."""
    if assessment.parts:
        role = "borrowed" if any(part.borrowed for part in assessment.parts) else "definitions"
        _say(heading(role, lang))
        for part in assessment.parts:
            _say(f"### {panel_title(part, lang)}\n\n{describe.headline(part, lang)}")
            _show(Picture(fan_chart(part, lang), describe.alt_text(part, lang)))
            _say("\n\n".join(describe.sentences(part, lang)))
        return
    if has_figures(assessment):
        _say(heading("figure", lang))
        _show(Picture(fan_chart(assessment, lang), describe.alt_text(assessment, lang)))
    _say("\n\n".join(describe.sentences(assessment, lang)))


def has_figures(assessment: Assessment) -> bool:
    """Whether anything was published that a figure could show.

    >>> import qcity_analysis as qc
    >>> has_figures(qc.assess(qc.load(), "rd_intensity"))
    True
    """
    series = assessment.series
    return series is not None and bool(series.values.notna().any() or len(series.bounds))


def numbers(assessment: Assessment, lang: str) -> None:
    """Show the table of key figures."""
    shares = [part.probability for part in (assessment, *assessment.parts)]
    explained = any(share is not None for share in shares)
    _say(heading("numbers", lang) if explained else f"## {text('h_numbers', lang)}")
    table = key_figures(assessment, lang).rename_axis(text("k_quantity", lang))
    _show(html_table(table, index=True))


def sources(assessment: Assessment, lang: str) -> None:
    """Show every published figure with publisher, document and date; say so when there is none."""
    tables = sources_by_series(assessment, lang)
    if not tables:
        _say(f"## {text('h_sources', lang)}\n\n{text('no_figures_sentence', lang)}")
        return
    _say(heading("sources", lang))
    for name, table in tables.items():
        _show(html_table(table, name if assessment.parts else ""))


def notes(assessment: Assessment, lang: str) -> None:
    """Show assumptions and notes, those of each part under its name; nothing when there are none."""
    blocks, told = [], set()
    for part in [assessment, *assessment.parts]:
        held = (*part.notes, *(part.series.notes if part.series is not None and part.role != "main" else ()))
        lines = [line for line in dict.fromkeys(describe.note(note, lang) for note in held)]
        lines = [line for line in lines if part.role != "main" or line not in told]
        told.update(lines)
        if lines:
            title = f"### {panel_title(part, lang)}\n\n" if part.role != "main" else ""
            blocks.append(title + "\n".join(f"- {line}" for line in lines))
    if blocks:
        _say("\n\n".join([f"## {text('h_notes', lang)}", *blocks]))


def add(assessment: Assessment, lang: str) -> None:
    """Show how to add a figure, when the target cannot be assessed."""
    if assessment.status == "not_assessable":
        _say(f"## {text('h_add', lang)}\n\n{describe.how_to_add(assessment, lang)}")


def saved(result: dict[str, Any], name: str, lang: str, out: str = "") -> Path:
    """Write the result as JSON to the folder `out` and show where; returns the path.

    An empty `out` means `data/processed` beside the data the project ships, or this folder when that is not
    there.
    """
    from ..files import PROJECT, write_whole

    home = PROJECT / "data"
    folder = Path(out) if out else (home / "processed" if home.is_dir() else Path.cwd())
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    write_whole(path, json.dumps(result, ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    shown = "/".join(path.parts[-2:] if out else path.parts[-3:])
    _say(f"## {text('h_saved', lang)}\n\n{text('s_saved', lang)}`{shown}`")
    return path


def things_to_try(lang: str, *keys: str) -> None:
    """Show what a reader can do next, from the texts named."""
    lines = "\n".join(f"- {text(f'next_{key}', lang)}" for key in keys)
    _say(f"## {text('h_next', lang)}\n\n{lines}")
