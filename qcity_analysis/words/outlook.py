"""The outlook of a target and the reason for a change in words and tables, in Chinese and English.

What is found is in `analysis.outlook` and `analysis.attribution`; the wording is data in
`templates/`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from . import describe
from .describe import say
from .labels import axis_unit
from .numbers import number, percent, signed, typed, with_unit
from .texts import check_language, text

if TYPE_CHECKING:
    from ..analysis.attribution import Change, Figure
    from ..analysis.outlook import Feasibility, Moved, Outlook
    from ..attainment.assessment import Assessment
    from ..data.datapackage import Data

NONE = "–"


def pace_sentences(a: Assessment, found: Outlook, lang: str) -> list[str]:
    """What pace is needed, with the monthly one for a target that counts; or why there is none.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.outlook import outlook
    >>> data = qc.load(as_of="2023-12-31")
    >>> a = qc.assess(data, "rd_intensity", draws=500)
    >>> pace_sentences(a, outlook(data, a), "en")[0][:39]
    'Reaching 3.9 % by 2025 meets the target'
    """
    check_language(lang)
    move, monthly = found.feasibility, _monthly(a, lang)
    if monthly:
        return monthly
    if move.needed is None:
        return [say(f"lack_{move.reason.code}", lang)] if move.reason is not None else []
    assert move.from_year is not None and move.to_year is not None and move.start is not None
    facts = {
        "year": move.to_year,
        "last": move.from_year,
        "years": _years(move.to_year - move.from_year, lang),
        "level": _level(a, move.start, lang),
        "bound": _level(a, move.end, lang),
        "pace": _pace(a, move, lang),
    }
    return [say("move_spare" if found.reached else "move_needed", lang, **facts)]


def _level(a: Assessment, value: float | None, lang: str) -> str:
    """A level as it is spoken of; a relative change without any figure is measured from 100."""
    if a.threshold is None and a.target.kind == "relative_change" and value is not None:
        return describe.change(value - 100, lang)
    return describe.level(a, value, lang)


def _years(count: int, lang: str) -> str:
    if lang == "zh":
        return str(count)
    return f"{count} year{'s' if count != 1 else ''}"


def _pace(a: Assessment, move: Feasibility, lang: str) -> str:
    """The pace needed in the unit people use: percent a year where ratios are compared, else points or units."""
    assert move.needed is not None and move.start is not None and move.end is not None
    if move.scale == "log":
        return describe.change(100 * math.expm1(move.needed / 100), lang)
    assert move.to_year is not None and move.from_year is not None
    linear = (move.end - move.start) / (move.to_year - move.from_year)
    unit = axis_unit(a, lang)
    unit = text("points", lang) if unit == "%" else unit
    return ("−" if linear < 0 else "+") + with_unit(abs(linear), unit, lang)


def _monthly(a: Assessment, lang: str) -> list[str]:
    """Counts per month so far and needed, for a target with a tally."""
    tally = getattr(a, "tally", None)
    if tally is None or a.status != "forecast" or a.target.kind != "cumulative" or not tally.needed > 0:
        return []
    months = months_left(a)
    if months <= 0:
        return []
    facts = {"count": number(tally.count), "needed": number(tally.needed), "months": months}
    facts["rate"] = number(tally.needed / months)
    counted = 12 * tally.covered
    if tally.through is None or counted <= 0:
        return [say("move_month_none", lang, **facts)]
    return [say("move_month", lang, **facts, through=tally.through, sofar=number(tally.count / counted))]


def months_left(a: Assessment) -> int:
    """Months of the target's period without a count, or from the day of the assessment to the end of the deadline.

    >>> import qcity_analysis as qc
    >>> months_left(qc.assess(qc.load(as_of="2024-06-30"), "rd_intensity", draws=500))
    18
    """
    tally = getattr(a, "tally", None)
    if tally is not None:
        return round(12 * (tally.years - tally.covered))
    return 12 * (a.target.deadline - a.as_of.year) + 12 - a.as_of.month


def speed_table(data: Data, a: Assessment, found: Feasibility, lang: str) -> pd.DataFrame:
    """Whose moves were at least as fast, how often: one row a source, all cells shown text; empty without a pace.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.outlook import feasibility
    >>> data = qc.load(as_of="2023-12-31")
    >>> a = qc.assess(data, "rd_intensity", draws=500)
    >>> speed_table(data, a, feasibility(data, a), "en").iloc[0].tolist()
    ['Nanjing', '2', '1', '50 %']
    """
    years = (found.to_year or 0) - (found.from_year or 0)
    windows = text("o_windows_one" if years == 1 else "o_windows", lang, years=years)
    columns = [text("o_who", lang), windows, text("o_fast", lang), text("o_share", lang)]
    rows = [[_who(data, a, row, lang), *_counts(row, lang)] for row in found.rows]
    return pd.DataFrame(rows, columns=columns)


def _counts(row: Moved, lang: str) -> list[str]:
    share = (
        NONE if row.share is None else percent(row.share, lang) if 0 < row.share < 1 else _whole(row, lang)
    )
    if row.windows is None:
        return [NONE, NONE, share]
    return [str(row.windows), str(row.as_fast), share]


def _whole(row: Moved, lang: str) -> str:
    """None and all of a count are exact; of the bank they are only beyond its outermost percentile."""
    assert row.share is not None
    if row.windows is None:
        return percent(row.share, lang)
    return f"{100 * row.share:.0f}{'' if lang == 'zh' else ' '}%"


def _who(data: Data, a: Assessment, row: Moved, lang: str) -> str:
    if row.source.startswith("bank"):
        key = "o_bank_either" if row.source == "bank_either" else "o_bank"
        return text(key, lang, series=f"{row.series:,}", indicators=row.indicators)
    region = data.region_name(row.region, lang)
    if row.indicator_id == a.definition["indicator_id"]:
        return region
    name = data.indicator(row.indicator_id)[f"name_{lang}"]
    return text("place_and_series", lang, region=region, name=name)


def speed_sentences(a: Assessment, found: Feasibility, lang: str) -> list[str]:
    """What the table of speeds says: counts over series, percentile in the bank, and how it was compared."""
    said = []
    series = [row for row in found.rows if row.windows is not None]
    windows, fast = sum(row.windows or 0 for row in series), sum(row.as_fast or 0 for row in series)
    own = [row for row in series if row.source == "own"]
    if own and not own[0].windows:
        years = (found.to_year or 0) - (found.from_year or 0)
        said.append(
            say("fast_own_none", lang, region=a.region_names[lang], years=_years(years, lang).split(" ")[0])
        )
    if windows:
        said.append(say("fast_series", lang, windows=windows, count=fast))
    bank = {row.source: row.share for row in found.rows if row.source.startswith("bank")}
    if bank.get("bank") is not None and "bank_either" in bank:
        said.append(say("fast_bank", lang, share=percent(1 - (bank["bank"] or 0), lang)))
    elif bank.get("bank") is not None:
        said.append(say("fast_bank_lost", lang, share=percent(bank["bank"] or 0, lang)))
    if found.scale in ("logodds", "typical") and found.rows:
        said.append(say(f"fast_{found.scale}", lang))
    return said


def attained_table(found: Outlook, lang: str) -> pd.DataFrame:
    """The first year with a chance of 50, 80 and 95 %, or until when there is none; all cells shown text.

    >>> from types import SimpleNamespace
    >>> found = SimpleNamespace(attained={0.5: 2024, 0.8: None}, looked_until=2037)
    >>> attained_table(found, "en")["Year"].tolist()
    ['2024', 'not by 2037']
    """
    rows = [
        [percent(level, lang), str(year) if year else text("o_not_within", lang, year=found.looked_until)]
        for level, year in found.attained.items()
    ]
    return pd.DataFrame(rows, columns=[text("o_certainty", lang), text("o_year", lang)])


def waiting_sentences(found: Outlook, lang: str, today: int | None = None) -> list[str]:
    """When it is reached, and how long one may wait; or why that cannot be said.

    `today` is the year of asking: after the deadline nothing is said about waiting, and what is past is said as past.

    >>> from types import SimpleNamespace
    >>> waiting_sentences(SimpleNamespace(reason=SimpleNamespace(code="settled")), "en")
    ['The target is settled; no pace is needed any more.']
    """
    if found.reason is not None:
        return [say(f"lack_{found.reason.code}", lang)]
    year, until = found.attained[0.5], found.looked_until
    facts = {"year": year, "until": until, "deadline": found.deadline, "last": found.last_year}
    said = [say("attained_some" if year else "attained_none", lang, **facts)]
    act, last = found.last_to_act, found.last_year
    if last is None or last >= found.deadline or (today or 0) > found.deadline:
        return said
    if found.reached:
        key = "act_reached"
    elif act is None:
        key = "act_none"
    else:
        key = "act_year" if act > last else "act_now" if act == last else "act_past"
    if key == "act_year" and act is not None and act < (today or 0):
        key = "act_over"
    return [*said, say(key, lang, **facts, act=act, years=len(found.chances))]


def change_sentence(found: Change, lang: str) -> str:
    """From which answer to which, and why, in one sentence.

    >>> import qcity_analysis as qc
    >>> from qcity_analysis.analysis.attribution import explain_change
    >>> change = explain_change(qc.load(), "rd_intensity", None, "2024-01-31", "2024-02-28", draws=500)
    >>> change_sentence(change, "en")[:37]
    'The answer of 2024-01-31 still stands'
    """
    facts = {
        "earlier": found.before.as_of.isoformat(),
        "later": found.after.as_of.isoformat(),
        "before": _verdict(found.before, lang),
        "after": _verdict(found.after, lang),
    }
    if found.word == "unchanged":
        return say("changed_same", lang, **facts)
    key = "changed_flipped" if found.flipped else "changed_moved"
    return say(key, lang, **facts, cause=say(f"cause_{found.word}", lang))


def _verdict(a: Assessment, lang: str) -> str:
    if a.status == "forecast" and a.probability is not None:
        return percent(a.probability, lang)
    key = "depends" if a.status == "depends_on_definition" else a.status
    return f"“{text(f'status_{key}', lang)}”"


def steps_table(found: Change, lang: str) -> pd.DataFrame:
    """What each step did to the probability, in percentage points; empty where a step has no probability.

    >>> from types import SimpleNamespace
    >>> made = SimpleNamespace(by_time=0.0, by_revision=-0.021, by_new_figure=0.5)
    >>> steps_table(made, "en").iloc[:, 1].tolist()
    ['0 points', '−2.1 points', '+50 points', '+47.9 points']
    """
    moves = {"time": found.by_time, "revision": found.by_revision, "new_figure": found.by_new_figure}
    columns = [text("d_step", lang), text("d_effect", lang)]
    known = {name: move for name, move in moves.items() if move is not None}
    if len(known) < len(moves):
        return pd.DataFrame(columns=columns)
    rows = [[text(f"d_{name}", lang), _points(move, lang)] for name, move in known.items()]
    return pd.DataFrame([*rows, [text("d_total", lang), _points(sum(known.values()), lang)]], columns=columns)


def _points(move: float, lang: str) -> str:
    return text("d_points", lang, value=signed(100 * move))


def came_table(data: Data, figures: list[Figure], lang: str) -> pd.DataFrame:
    """The figures that were published in between, with what they replaced; all cells shown text."""
    columns = [
        text(key, lang) for key in ("d_series", "c_period", "c_measure", "c_figure", "d_before", "c_date")
    ]
    rows = []
    for figure in figures:
        row = data.indicator(figure.indicator_id)
        region = data.region_name(figure.region, lang)
        name = text("place_and_series", lang, region=region, name=row[f"name_{lang}"])
        unit = "%" if "change" in figure.measure else str(row["unit_zh" if lang == "zh" else "unit"])
        sign = {">=": "≥ ", "<=": "≤ ", "~": "≈ "}.get(figure.qualifier, "")
        before = NONE if figure.before is None else with_unit(typed(figure.before), unit, lang)
        measure = text(f"m_{figure.measure}", lang, base=figure.base_period or "").strip()
        value = sign + with_unit(typed(figure.value, figure.decimals), unit, lang)
        rows.append([name, figure.period, measure, value, before, figure.known_from.isoformat()])
    return pd.DataFrame(rows, columns=columns)
