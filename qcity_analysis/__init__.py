"""Will a plan's target be met? Checked probabilities from a handful of published yearly figures.

The names below are the library's table of contents; each is loaded when it is first used.

>>> import qcity_analysis as qc
>>> data = qc.load(as_of="2026-01-01")
>>> qc.assess(data, "high_value_patents", plan="china_14fyp", as_of="2024-06-30").word
'very_likely'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # pragma: no cover - for type checkers and editors
    from . import rules
    from .assessment.answer import Assessment
    from .data.load import Data, check, load
    from .data.vintages import diff
    from .errors import QcityError
    from .forecasting.forecast import Forecast, forecast
    from .forecasting.panel import forecast_panel
    from .importing.importing import import_figures
    from .problems import DataError
    from .results import Answer, Scorecard, WhatIf, assess, assess_series, explore, scorecard
    from .running.runner import check_parameters
    from .series.annual import AnnualSeries, annual_series
    from .trackrecord.record import track_record

__version__ = "0.1.0"
__all__ = ["AnnualSeries", "Answer", "Assessment", "Data", "DataError", "Forecast", "QcityError", "Scorecard", "WhatIf",
           "annual_series", "assess", "assess_series", "check", "check_parameters", "diff", "explore",
           "forecast", "forecast_panel", "import_figures", "load", "rules", "scorecard", "track_record"]  # fmt: skip
_HOMES = {  # where each name is defined; `rules` is a subpackage, used as qc.rules.evaluate
    "assessment.answer": "Assessment", "data.load": "Data check load", "data.vintages": "diff", "problems": "DataError",
    "errors": "QcityError", "forecasting.forecast": "Forecast forecast", "forecasting.panel": "forecast_panel",
    "results": "Answer Scorecard WhatIf assess assess_series explore scorecard", "running.runner": "check_parameters",
    "importing.importing": "import_figures", "series.annual": "AnnualSeries annual_series",
    "trackrecord.record": "track_record",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'qcity_analysis' has no attribute {name!r}")
    if name == "rules":
        return importlib.import_module(".rules", __name__)
    home = next(home for home, names in _HOMES.items() if name in names.split())
    return globals().setdefault(name, getattr(importlib.import_module(f".{home}", __name__), name))


def __dir__() -> list[str]:
    return __all__
