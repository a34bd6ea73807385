"""The section of the track record on borrowing from comparators."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..catalogue import check_language, join, text
from ..forecasting.comparators import evidence, learned
from ..reporting.formatting import percent
from ..reporting.tables import html_table
from .sections import _say, _show

ROWS = ("published", "expected")


def borrowing(lang: str) -> None:
    """Show how far forecasts move towards comparators, and what that did to their error on held-out indicators."""
    check_language(lang)
    found = evidence()
    facts = {"indicators": found["indicators"], "cases": f"{found['cases']:,}"}
    _say(f"## {text('h_borrowing', lang)}\n\n{text('s_borrowing', lang, **facts)}")
    _show(html_table(borrowing_table(found, lang)))
    _say(text(f"borrow_verdict_{verdict(found)}", lang, **facts))


def borrowing_table(found: dict[str, Any], lang: str) -> pd.DataFrame:
    """One row for what comparators published, one for what is expected of them; shown text.

    >>> borrowing_table(evidence(), "en").shape
    (2, 5)
    """
    shares = {"published": [learned().published], "expected": list(learned().expected)}
    rows = []
    for key in ROWS:
        by_indicator = found[key]["by_indicator"].values()
        cells = [
            text(f"r_borrow_{key}", lang),
            join([_share(share, lang) for share in shares[key]], lang),
            f"{found[key]['crps']:.2f}",
            f"{min(by_indicator):.2f}–{max(by_indicator):.2f}",
            percent(found[key]["interval_90_holds"], lang),
        ]
        rows.append(cells)
    heads = ("what", "share", "error", "range", "holds")
    return pd.DataFrame(rows, columns=[text(f"c_borrow_{head}", lang) for head in heads])


def verdict(found: dict[str, Any]) -> str:
    """ "helps" when both kinds of borrowing reduce the error, else "mixed".

    >>> verdict({"published": {"crps": 0.9}, "expected": {"crps": 1.01}})
    'mixed'
    """
    return "helps" if all(found[key]["crps"] < 1 for key in ROWS) else "mixed"


def _share(share: float, lang: str) -> str:
    """A share that may be nothing at all, which `percent` would call less than one."""
    return percent(share, lang) if share else f"0{'' if lang == 'zh' else ' '}%"
