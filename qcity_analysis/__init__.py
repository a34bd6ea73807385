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
    from . import rules as rules
    from .assessment.answer import Assessment as Assessment
    from .data.load import Data as Data
    from .data.load import check as check
    from .data.load import load as load
    from .data.vintages import diff as diff
    from .errors import QcityError as QcityError
    from .forecasting.forecast import Forecast as Forecast
    from .forecasting.forecast import forecast as forecast
    from .forecasting.panel import forecast_panel as forecast_panel
    from .importing.importing import import_figures as import_figures
    from .importing.importing import undo_import as undo_import
    from .problems import DataError as DataError
    from .results import Answer as Answer
    from .results import Scorecard as Scorecard
    from .results import WhatIf as WhatIf
    from .results import assess as assess
    from .results import assess_series as assess_series
    from .results import explore as explore
    from .results import scorecard as scorecard
    from .running.runner import check_parameters as check_parameters
    from .series.annual import AnnualSeries as AnnualSeries
    from .series.annual import annual_series as annual_series
    from .trackrecord.record import track_record as track_record

__version__ = "0.1.0"

_HOME = {
    "AnnualSeries": "series.annual",
    "Answer": "results",
    "Assessment": "assessment.answer",
    "Data": "data.load",
    "DataError": "problems",
    "Forecast": "forecasting.forecast",
    "QcityError": "errors",
    "Scorecard": "results",
    "WhatIf": "results",
    "annual_series": "series.annual",
    "assess": "results",
    "assess_series": "results",
    "check": "data.load",
    "check_parameters": "running.runner",
    "diff": "data.vintages",
    "explore": "results",
    "forecast": "forecasting.forecast",
    "forecast_panel": "forecasting.panel",
    "import_figures": "importing.importing",
    "load": "data.load",
    "scorecard": "results",
    "track_record": "trackrecord.record",
}

_ROOMS = ("rules",)  # subpackages that are used by their own name, as qc.rules.evaluate

__all__ = sorted([*_HOME, *_ROOMS])


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module 'qcity_analysis' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
