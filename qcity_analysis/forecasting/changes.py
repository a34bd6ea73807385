"""How fast indicators change: quantiles of the changes over 1 to 10 years in a corpus of real series.

The corpus is read only by the training command (`training.changes`); what it says is the small file
`prior/moves.json`. Which share of a series' own past was as fast is counted in `analysis.outlook`, on the same
scales.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

from ..errors import QcityError

FILE = "moves.json"
COMMAND = "python -m training BANK --out DIR"
YEARS = tuple(range(1, 11))
LEVELS = np.arange(1, 100) / 100
EDGE = 0.1  # percentage points: shares closer than this to 0 or 100 count as this close
SCALES = {"positive": "log", "count": "log", "percent": "logodds", "real": "typical"}
TIE = 1e-9


def scaled(levels: np.ndarray, support: str, typical: float = 1.0) -> np.ndarray:
    """Levels on the scale on which changes of a support are compared; NaN where the scale does not hold them.

    positive and count: 100 ln(level), so that a difference is about a change in percent. percent: the log-odds
    ln(p / (100 - p)), so that from 96 to 98 counts as halving what is missing, like from 80 to 90 (about); shares
    within `EDGE` of 0 or 100 are taken as `EDGE` away. real: the level over `typical`, the mean absolute change from
    one year to the next of the same series.

    >>> scaled(np.array([50.0, 75.0]), "percent").round(3).tolist()
    [0.0, 1.099]
    """
    levels = np.asarray(levels, dtype=float)
    if SCALES[support] == "log":
        return 100 * np.log(np.where(levels > 0, levels, np.nan))
    if SCALES[support] == "logodds":
        kept = np.clip(levels, EDGE, 100 - EDGE)
        return np.asarray(np.log(kept / (100 - kept)))
    return levels / typical if typical > 0 else np.full(levels.shape, np.nan)


@dataclass(frozen=True)
class ReferenceChanges:
    """What the corpus says about changes of one support.

    Attributes: `quantiles` (10 years, 99 levels): changes on the scale of `scaled`, divided by the number of years;
    `series` and `indicators`: how many they were computed from.
    """

    support: str
    series: int
    indicators: int
    quantiles: np.ndarray

    def share(
        self, change: float, years: int, *, rising: bool | None = None, either: bool = False
    ) -> float | None:
        """Share of the corpus' changes over so many years that went at least as far a year as `change`.

        They count in the direction of `change`, or in that of `rising` where it is given (a change of -1 when a rise
        is wanted: at most that much lost). With `either` a series that went as far the other way counts too, for what
        is good differs between indicators. None beyond 10 years, or where the corpus has no such change. The answer is
        known to within one percentile; 0 and 1 mean beyond the outermost one.

        >>> reference = ReferenceChanges("real", 9, 3, np.tile(np.linspace(-4.9, 4.9, 99), (10, 1)))
        >>> round(reference.share(2.0, 3), 3), round(reference.share(-2.0, 3, either=True), 3)
        (0.3, 0.6)
        """
        if years not in YEARS or not np.isfinite(change):
            return None
        known = self.quantiles[years - 1]
        if np.isnan(known).any():
            return None

        def below(x: float) -> float:
            return float(np.interp(x, known, LEVELS, left=0.0, right=1.0))

        if either:
            return min(1.0, (1 - below(abs(change) - TIE)) + below(-abs(change) + TIE))
        up = change >= 0 if rising is None else rising
        return 1 - below(change - TIE) if up else below(change + TIE)


def typical_change(levels: np.ndarray) -> float:
    """Mean absolute change from one year to the next; 0 where no two neighbouring years are known.

    >>> typical_change(np.array([1.0, 3.0, 2.0, np.nan, 9.0]))
    1.5
    """
    steps = np.abs(np.diff(np.asarray(levels, dtype=float)))
    steps = steps[np.isfinite(steps)]
    return float(steps.mean()) if len(steps) else 0.0


@lru_cache(maxsize=1)
def shipped_changes() -> dict[str, ReferenceChanges]:
    """What the shipped file says, by support.

    >>> sorted(shipped_changes())
    ['count', 'percent', 'positive', 'real']
    """
    place = resources.files("qcity_analysis").joinpath("forecasting", "prior", FILE)
    return read_changes(place.read_text("utf-8"))


def read_changes(content: str) -> dict[str, ReferenceChanges]:
    """Changes by support from the text of a file that the training command wrote; QcityError when it is not one."""
    try:
        return {
            name: ReferenceChanges(
                name, int(one["series"]), int(one["indicators"]), np.array(one["quantiles"], dtype=float)
            )
            for name, one in json.loads(content)["supports"].items()
        }
    except (KeyError, TypeError, ValueError) as problem:
        raise QcityError(f"not a file of moves ({problem}); `{COMMAND}` writes one") from None
