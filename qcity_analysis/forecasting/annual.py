"""The forecast of an annual series of published figures, with everything that is known of it in part.

A ratio whose inputs end in the same year is forecast directly, from the ratios that their newest figures give; where
one input is ahead, by the mean of the direct forecast and that from both inputs. Over quotients of real series
(`benchmarks/ratios.py`; CRPS relative to the random walk, one to five years ahead) that was the better choice: both
inputs to the same year .68 direct, .74 from the inputs, whose 90 % intervals held 97 %; numerator ahead .68 direct, .60
by the mean; denominator ahead .68 direct, .64 by the mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..errors import Note, QcityError
from ..series.annual import AnnualSeries
from ..series.evidence import Evidence
from .forecast import Forecast, averaged, forecast, forecast_ratio
from .histories import FEWEST

INPUTS = "inputs"  # the model that forecasts a ratio from its inputs alone


def forecast_series(
    series: AnnualSeries,
    until: int,
    *,
    model: str = "mixture",
    draws: int = 10_000,
    rng: int | np.random.Generator = 0,
) -> Forecast:
    """Forecast an annual series from the year after its last level up to and including `until`.

    With the default model bounds, estimates and errors enter as what they are (see `forecast`), older stretches are
    learned from, and a ratio with one input ahead is forecast from its inputs too; the models of `models.NAMES` take
    the plain levels only; "inputs" forecasts a ratio from its inputs alone. Raises what `forecast` raises, and
    QcityError for "inputs" where there are none.

    >>> import qcity_analysis as qc
    >>> series = qc.annual_series(qc.load(as_of="2025-12-31"), "rd_intensity", "jiangsu")
    >>> forecast_series(series, 2026, rng=0).years.tolist()
    [2025, 2026]
    """
    name = f"{series.region}/{series.indicator_id}"
    generator = np.random.default_rng(rng) if isinstance(rng, (int, np.integer)) else rng
    if model == INPUTS:
        if not _is_ratio(series):
            raise QcityError(f"{name} is no ratio of inputs with figures; use model 'mixture'")
        return _joint(series, until, draws, generator)
    if model != "mixture":
        return forecast(
            series.values.rename(name), until, support=series.support, model=model, draws=draws, rng=generator
        )
    found = forecast(
        series.history().rename(name), until, support=series.support, draws=draws, rng=generator,
        breaks=series.breaks, evidence=series.evidence(),
    )  # fmt: skip
    if not (_is_ratio(series) and _ahead(series)):
        return found
    return averaged(found, _joint(series, until, draws, generator))


def remarks(series: AnnualSeries, model: str = "mixture") -> tuple[Note, ...]:
    """What must be said of how the forecast of this model used what is known in part.

    >>> import qcity_analysis as qc
    >>> series = qc.annual_series(qc.load(as_of="2025-12-31"), "rd_intensity", "jiangsu")
    >>> [note.code for note in remarks(series, "ets")]
    ['partly_ignored']
    """
    if model != "mixture":
        told = series.evidence() and model != INPUTS
        return (Note("partly_ignored", {"model": model}),) if told else ()
    numbers = len(series.history().dropna())
    notes = []
    if numbers < FEWEST:
        notes.append(Note("few_numbers", {"numbers": numbers, "partly": series.points() - numbers}))
    if _is_ratio(series) and _ahead(series):
        notes.append(Note("forecast_of_inputs"))
    return tuple(notes)


def _is_ratio(series: AnnualSeries) -> bool:
    """Whether the series is computed from two inputs that can themselves be forecast."""
    return (
        series.derived in ("ratio", "per_head")
        and len(series.known()) > 0
        and all(part.points() >= FEWEST and len(part.known()) > 1 for part in series.inputs)
        and bool((series.inputs[1].known() > 0).all())
    )


def _ahead(series: AnnualSeries) -> bool:
    """Whether one input has a level after the last year of the ratio."""
    return max(int(part.known().index[-1]) for part in series.inputs) > int(series.known().index[-1])


def _joint(series: AnnualSeries, until: int, draws: int, rng: np.random.Generator) -> Forecast:
    """The forecast of a ratio from those of both inputs."""
    top, under = series.inputs
    above = _input(top, until, draws, rng)
    below = _input(under, until, draws, rng, logarithms=True)
    known = series.known()
    return forecast_ratio(
        above,
        below,
        factor=series.factor,
        after=int(known.index[-1]),
        history=known,
        support=series.support,
        rng=rng,
    )


def _input(
    series: AnnualSeries, until: int, draws: int, rng: np.random.Generator, logarithms: bool = False
) -> Forecast:
    """The forecast of one input, a denominator on logarithms, where it never reaches zero; what the input already has
    as paths that do not vary.
    """
    known = series.known()
    if int(known.index[-1]) >= until:
        years = np.array([until])
        return Forecast(np.full((draws, 1), float(known[until])), years, "known", series.support, known)
    if not logarithms:
        return forecast_series(series, until, draws=draws, rng=rng)
    size = float(known.iloc[-1])  # logarithms of shares of it: the unit does not matter
    history = np.log(series.history().where(lambda level: level > 0) / size)
    evidence = _logarithmic(series, size)
    found = forecast(history, until, draws=draws, rng=rng, breaks=series.breaks, evidence=evidence)
    return replace(found, paths=size * np.exp(found.paths), support=series.support, history=known)


def _logarithmic(series: AnnualSeries, size: float) -> Evidence:
    """What is known in part, for logarithms of shares of `size`."""
    levels, known = series.history(), series.evidence()

    def bounds(table: Mapping[int, float]) -> dict[int, float]:
        return {year: float(np.log(bound / size)) for year, bound in table.items() if bound > 0}

    def errors(table: Mapping[int, float]) -> dict[int, float]:
        return {year: error / float(levels[year]) for year, error in table.items()}

    estimates = {
        year: (float(np.log(value / size)), error / value)
        for year, (value, error) in known.estimates.items()
        if value > 0
    }
    shared = [errors(one) for one in known.shared]
    return Evidence(bounds(known.lower), bounds(known.upper), errors(known.noisy), shared, estimates)
