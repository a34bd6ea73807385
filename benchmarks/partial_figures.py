"""A worked example: how the way a figure is published changes the probability.

    python benchmarks/partial_figures.py

A made-up share stood at 94.0, 94.3, 94.7, 94.9 and 95.3 in 2018 to 2022. Asked is the probability of at least 96.5 in
2024, by what is published for 2023: nothing, "about 96", 96, or "at least 96".
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from qcity_analysis.forecasting.forecast import forecast

LEVELS = pd.Series([94.0, 94.3, 94.7, 94.9, 95.3], index=range(2018, 2023))
FIGURE = pd.Series([96.0], index=[2023])
WAYS: dict[str, tuple[pd.Series, dict[str, Any]]] = {
    "nothing": (LEVELS, {}),
    "about 96": (pd.concat([LEVELS, FIGURE]), {"noisy": {2023: 1 / math.sqrt(3)}}),
    "96": (pd.concat([LEVELS, FIGURE]), {}),
    "at least 96": (LEVELS, {"lower": {2023: 96.0}}),
}


def probabilities() -> dict[str, float]:
    """The probability of at least 96.5 in 2024 for each way to publish 2023."""
    return {
        name: forecast(levels, 2024, support="percent", **known).probability_at_least(96.5, 2024)
        for name, (levels, known) in WAYS.items()
    }


def main() -> None:
    """Print one line for each way."""
    print("| published for 2023 | probability of at least 96.5 in 2024 |\n|---|---|")
    for name, chance in probabilities().items():
        print(f"| {name} | {100 * chance:.0f} % |")


if __name__ == "__main__":
    main()
