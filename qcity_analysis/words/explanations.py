"""Why a forecast is what it is, in words: which cells carry the weight, what each year contributes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from .amounts import level_shown
from .describe import say
from .numbers import number, percent
from .texts import check_language, text

if TYPE_CHECKING:
    from ..attainment.assessment import Assessment
    from ..forecasting.predictive import Explanation

SMALL = 0.05  # of an extra step: neither repeated nor lost


def explained(assessment: Assessment, found: Explanation, lang: str) -> list[str]:
    """Sentences on a mixture forecast and its explanation.

    >>> import qcity_analysis as qc
    >>> answer = qc.assess(qc.load(as_of="2023-12-31"), "rd_intensity")
    >>> len(explained(answer, answer.forecast.explain(), "en"))
    3
    """
    check_language(lang)
    first, second = sorted(found.shares, key=lambda name: -found.shares[name])[:2]
    facts = {
        "part": percent(found.structural, lang),
        "first": _family(first, lang),
        "second": _family(second, lang),
        "p": percent(found.shares[first], lang),
        "q": percent(found.shares[second], lang),
    }
    lines = [say("why_cells", lang, **facts), _step(found.last_value - 1, lang)]
    if len(found.without):
        year = int((found.without - found.median).abs().idxmax())
        shown = {
            "year": year,
            "until": assessment.target.deadline,
            "without": level_shown(assessment, float(found.without[year]), lang),
            "median": level_shown(assessment, found.median, lang),
        }
        lines.append(say("why_year", lang, **shown))
    if _moved(assessment, found):
        assert assessment.median is not None
        final = level_shown(assessment, assessment.median, lang)
        lines.append(say("why_moved", lang, until=assessment.target.deadline, final=final))
    return lines


def without_table(assessment: Assessment, found: Explanation, lang: str) -> pd.DataFrame:
    """The median at the deadline with every figure, and without that of each year: index shown year.

    >>> import qcity_analysis as qc
    >>> answer = qc.assess(qc.load(as_of="2023-12-31"), "rd_intensity")
    >>> without_table(answer, answer.forecast.explain(), "en").index[0]
    'none'
    """
    medians = pd.concat([pd.Series({text("none_left_out", lang): found.median}), found.without])
    columns = {
        text("c_median_without", lang, until=assessment.target.deadline): [
            level_shown(assessment, float(value), lang) for value in medians
        ],
        text("c_difference", lang): [_change(float(value) - found.median) for value in medians],
    }
    index = pd.Index([str(name) for name in medians.index], name=text("c_left_out", lang))
    return pd.DataFrame(columns, index=index)


def _moved(assessment: Assessment, found: Explanation) -> bool:
    """Whether errors of figures, partial years or comparators moved the median by more than drawing paths does."""
    if assessment.median is None or assessment.interval is None:
        return False
    width = assessment.interval[1] - assessment.interval[0]
    return abs(assessment.median - found.median) > 0.02 * width


def _family(name: str, lang: str) -> str:
    return say(f"family_{name.replace(' ', '_')}", lang)


def _step(repeated: float, lang: str) -> str:
    if abs(repeated) < SMALL:
        return say("why_stays", lang)
    key = "why_goes_on" if repeated > 0 else "why_lost"
    return say(key, lang, share=percent(abs(repeated), lang))


def _change(difference: float) -> str:
    shown = number(difference)
    return "–" if shown == "0" else f"+{shown}" if difference > 0 else shown
