"""One series forecast, by the mixture or a named alternative: joint paths ahead and the questions one asks of them.

Out of scope: which figures make the series (`series`), ratios from their inputs (`annual`), targets (`assessment`).
"""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..catalogue import say
from ..errors import QcityError, did_you_mean
from ..series.evidence import Evidence
from .conditioning import Conditions, conditioned
from .histories import FARTHEST, FEWEST, SUPPORTS, as_number, limits, one_history, same, whole_number, yearly
from .mixture import BATCHES, Explanation, batch_sizes, draw, explain, look_ahead
from .prior import Prior, shipped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MODELS = ("ets", "theta", "arima", "ucm", "drift", "naive")  # named alternatives to the mixture
A_SEED = "a seed (a whole number, 0 or more) or a numpy Generator"
STATSMODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "ets": ("exponential_smoothing.ets", "ETSModel", {"error": "add", "trend": "add", "damped_trend": True}),
    "arima": ("arima.model", "ARIMA", {"order": (0, 1, 1), "trend": "t"}),  # with drift
    "ucm": ("statespace.structural", "UnobservedComponents", {"level": "lltrend"}),  # a local linear trend
}  # where a model is, its name, what it is made with
MATRICES = ("predicted_state_cov", "design", "transition", "selection", "state_cov", "obs_cov")


class ModelError(QcityError):
    """A named model that cannot be fitted to this series; `values` say why in either language (`sentences.reason`)."""

    def __init__(self, cause: str, **values: Any) -> None:
        super().__init__(say(f"model_{cause}", "en", **values))
        self.values = {"cause": cause, "why": str(self), **values}


@dataclass(frozen=True, repr=False)
class Forecast:
    """Joint paths of one series after its last observed year.

    Attributes: `paths` (draws, years) in the unit of the series; `years` as integers; `model`, `support` and `breaks`;
    `history`, the series used (index year); `batches`, the independent consecutive parts of the paths (0: each is one).

    >>> ahead = forecast(pd.Series([2.0, 2.1, 2.3, 2.4], index=range(2020, 2024)), horizon=2)
    >>> ahead.summary().round(1).loc[2025].to_dict(), ahead.to_frame().shape
    ({'median': 2.5, 'mean': 2.5, 'lower': 2.0, 'upper': 3.1}, (10000, 2))
    >>> ahead.median().round(2).tolist(), ahead.mean().round(2).tolist(), ahead.quantiles([0.9]).round(2)[0.9].tolist()
    ([2.46, 2.52], [2.46, 2.52], [2.69, 2.9])
    >>> ahead.interval(0.5).round(1).loc[2025].to_dict(), ahead.explainable, len(ahead.explain().without)
    ({'lower': 2.4, 'upper': 2.7}, True, 4)
    >>> p = ahead.probability_at_least(2.5, year=2025)
    >>> round(p + ahead.probability_at_most(2.5), 3), ahead.probability_error(p) < 0.02
    (1.0, True)
    >>> ahead.error_of(ahead.paths[:, -1] > 2.5) < 0.02, ahead.plot().get_lines()[1].get_label()
    (True, 'median')
    """

    paths: np.ndarray
    years: np.ndarray
    model: str
    support: str
    history: pd.Series
    breaks: tuple[int, ...] = ()
    batches: int = 0

    def __repr__(self) -> str:
        last, years = self.summary().iloc[-1], f"{self.years[0]}–{self.years[-1]}"
        about = f"{last['median']:.4g}, 90 % in {last['lower']:.4g} to {last['upper']:.4g}"
        return f"<Forecast {years}, {len(self.paths)} paths by {self.model!r}; median at the end {about}>"

    def _repr_html_(self) -> str:
        return str(self.summary().to_html(float_format="{:.4g}".format))

    def to_frame(self) -> pd.DataFrame:
        """All paths: one row a draw, one column a year."""
        return pd.DataFrame(self.paths, columns=pd.Index(self.years, name="year")).rename_axis("draw")

    def summary(self) -> pd.DataFrame:
        """Median, mean and the ends of the 90 % interval of each year (index year)."""
        return pd.concat([self.median(), self.mean(), self.interval()], axis=1)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the history, the median and the intervals of 50 % and 90 %; returns the axes (new ones unless given)."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        ax = ax if ax is not None else plt.subplots()[1]
        ax.plot(self.history.index, self.history.to_numpy(), "o-", color="#1c2733", ms=4, lw=1.2)
        for share, colour in ((0.9, "#d3e3ee"), (0.5, "#8fb8d4")):
            ends = self.interval(share).to_numpy().T
            ax.fill_between(self.years, *ends, color=colour, lw=0, label=f"{share:.0%}")
        ax.plot(self.years, self.median(), color="#1f5f8b", lw=2, label="median")
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        return ax

    def median(self) -> pd.Series:
        """Median of each year (index year)."""
        return pd.Series(np.median(self.paths, axis=0), pd.Index(self.years, name="year"), name="median")

    def mean(self) -> pd.Series:
        """Mean of each year (index year)."""
        return pd.Series(self.paths.mean(axis=0), pd.Index(self.years, name="year"), name="mean")

    def interval(self, share: float = 0.9) -> pd.DataFrame:
        """Central interval of `share` of the paths: index year, `lower` and `upper`. QcityError outside 0 to 1."""
        if not 0 < as_number(share, "share") < 1:
            raise QcityError(f"an interval holds a share between 0 and 1, such as .9; found {share!r}")
        return self.quantiles([(1 - share) / 2, (1 + share) / 2]).set_axis(["lower", "upper"], axis=1)

    def quantiles(self, levels: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> pd.DataFrame:
        """Quantiles: index year, one column for each level. Raises QcityError for a level outside 0 to 1."""
        wanted = pd.to_numeric(pd.Series(levels), errors="coerce").to_numpy(float)
        if not ((wanted >= 0) & (wanted <= 1)).all():
            raise QcityError(f"levels must lie between 0 and 1; found {levels!r}")
        values = np.quantile(self.paths, wanted, axis=0).T
        return pd.DataFrame(values, index=pd.Index(self.years, name="year"), columns=wanted)

    def probability_at_least(self, threshold: float, year: int | None = None) -> float:
        """Share of paths at or above the threshold in a year (default: the last one). QcityError for another year."""
        return self._share(np.greater_equal, threshold, year)

    def probability_at_most(self, threshold: float, year: int | None = None) -> float:
        """Share of paths at or below the threshold in a year, as `probability_at_least`."""
        return self._share(np.less_equal, threshold, year)

    def _share(self, beyond: np.ufunc, threshold: float, year: int | None) -> float:
        """Share of the paths of a year (default: the last one) that reach a threshold, both checked."""
        asked, years = self.years[-1] if year is None else whole_number(year, "year"), self.years.tolist()
        if asked not in years:
            raise QcityError(f"{year} was not forecast; the forecast runs from {years[0]} to {years[-1]}")
        paths, bound = self.paths[:, years.index(asked)], as_number(threshold, "threshold", finite=False)
        return float(np.mean(beyond(paths, bound) | same(paths, bound)))

    def probability_error(self, probability: float) -> float:
        """Monte Carlo standard error of a probability of the last year: that of the most extreme values, as many."""
        end = self.paths[:, -1]
        many = round(float(probability) * len(end))
        return self.error_of(end >= (np.sort(end)[-many] if many else np.inf))

    def error_of(self, met: np.ndarray) -> float:
        """Monte Carlo standard error of the share of paths that are `met`, told from independent parts of the paths."""
        n = len(met)
        if self.batches < 2:
            p = (float(np.mean(met)) * n + 0.5) / (n + 1)
            return float(np.sqrt(p * (1 - p) / n))
        shares = [part.mean() for part in np.array_split(np.asarray(met, dtype=float), self.batches)]
        return float(np.hypot(np.std(shares, ddof=1) / np.sqrt(self.batches), 0.5 / n))

    @property
    def explainable(self) -> bool:
        """Whether `explain` has an answer: a mixture of at least three values."""
        return self.model == "mixture" and len(self.history) >= FEWEST

    def explain(self) -> Explanation:
        """What carries the weight, from the values alone. QcityError for another model or less than three values."""
        if self.model != "mixture":
            raise QcityError(f"only model 'mixture' can be explained; this is {self.model!r}")
        return explain(self.history, int(self.years[-1]), support=self.support, breaks=self.breaks)


def forecast(  # noqa: PLR0913
    series: pd.Series, until: int | None = None, *, horizon: int | None = None, support: str | None = None,
    model: str = "mixture", draws: int = 10_000, rng: int | np.random.Generator | None = 0,
    breaks: Sequence[int] = (), lower: Mapping[int, float] | None = None,
    upper: Mapping[int, float] | None = None, noisy: Mapping[int, float] | None = None,
    shared: Sequence[Mapping[int, float]] = (), estimates: Mapping[int, tuple[float, float]] | None = None,
    evidence: Evidence | None = None, prior: Prior | None = None,
) -> Forecast:  # fmt: skip
    """Forecast one series from the year after its last value up to the year `until`, or for `horizon` years.

    `series` (or a frame's one column) has years as index: whole numbers, "2024", or yearly periods or dates; NaN and
    missing years are gaps. `support` is the possible range: real, positive (0 or more), percent (0 to 100) or count;
    None: the kind is inferred from the values, guides the forecast, bounds nothing and is named in the result. `breaks`
    are years in which a new definition starts, not linked to the one before. `model` is "mixture" or one of `MODELS`:
    `ets` (additive damped trend), `theta`, `arima` (0, 1, 1) with drift, `ucm` (local linear trend), `drift`, `naive`
    (random walks); ets and theta take no gaps. The same `rng` gives the same answer.

    What is known in part (mixture only), by name or as one record `evidence`: `lower` and `upper` bounds and
    `estimates` (value, standard error) of years without a value; `noisy` standard errors of years with one; `shared`
    errors that move several years together (year to size), as an uncertain change moves every later level.

    Raises SeriesError (values, see `histories.checked`), QcityError (arguments) and ModelError (a named model that
    cannot be fitted: nothing else is used in its place).

    >>> levels = pd.Series([2.1, 2.2, 2.4, 2.4, 2.5], index=range(2019, 2024))
    >>> forecast(levels, until=2025, support="percent", rng=1).years.tolist()
    [2024, 2025]
    """
    draws = whole_number(draws, "draws", "a whole number, 1 or more", least=1)
    if not isinstance(rng, np.random.Generator):
        rng = np.random.default_rng(whole_number(0 if rng is None else rng, "rng", A_SEED, 0, np.inf))
    prior, series = prior or shipped(), yearly(series)
    breaks = tuple(whole_number(year, "breaks") for year in breaks)
    named = Evidence(lower or {}, upper or {}, noisy or {}, shared, estimates or {})
    if named and evidence:
        raise QcityError("give bounds, errors and estimates either by name or as `evidence`")
    if (until is None) == (horizon is None):
        raise QcityError("say how far: until=2030 (a year), or horizon=5 (years after the last value)")
    if model != "mixture" and (named or evidence):
        raise QcityError(f"bounds, estimates and errors need model 'mixture'; {model!r} takes values only")
    batches = len(batch_sizes(draws)) if model == "mixture" else 0
    if named or evidence:
        known = Conditions.of(series, support, breaks, evidence or named, prior)
        years = _years(known.last, until, horizon)
        support, paths = known.support, conditioned(known, len(years), draws, rng)
    else:
        history = one_history(series, support, breaks)
        support, years = SUPPORTS[history.support[0]], _years(int(history.last_year[0]), until, horizon)
        paths = (draw(look_ahead(history, prior, len(years)), draws, rng, BATCHES) if model == "mixture" else
                 _alternative(model, series, len(years), draws, rng, breaks))  # fmt: skip
    return Forecast(np.clip(paths, *limits(support)), years, model, support, series.dropna(), breaks, batches)


def _years(last: int, until: object, horizon: object) -> np.ndarray:
    """The years after the last one with a value, up to and including `until`, or so many as `horizon` says."""
    end = (whole_number(until, "until") if horizon is None else
           last + whole_number(horizon, "horizon", "a number of years", 1))  # fmt: skip
    if end <= last:
        hint = f"; {end} years ahead are horizon={end}" if 0 < end <= FARTHEST else ""
        raise QcityError(f"until must be a year after the last observed one, {last}; found {until!r}{hint}")
    if end - last > FARTHEST:
        raise QcityError(f"until {end} are {end - last} years after {last}; at most {FARTHEST} are forecast")
    return np.arange(last + 1, end + 1)


def _alternative(
    model: str, series: pd.Series, years: int, draws: int, rng: np.random.Generator, breaks: Sequence[int]
) -> np.ndarray:
    """Paths (draws, years) of a named model after the last value; ModelError with the reason it cannot be fitted."""
    if model not in MODELS:
        known = ("mixture", *MODELS)
        raise QcityError(f"unknown model {model!r}; allowed: {', '.join(known)}.{did_you_mean(model, known)}")
    if len(breaks):
        raise QcityError(f"model {model!r} cannot take breaks; use model 'mixture', or the last segment only")
    seen = series.dropna()
    first, last = int(seen.index[0]), int(seen.index[-1])
    full = seen.reindex(range(first, last + 1))
    if model in ("ets", "theta") and full.isna().any():
        raise ModelError("gaps", model=model, first=first, last=last)
    method = _theta if model == "theta" else _simulated if model in STATSMODELS else _walk
    size = max(np.abs(full).max(), np.finfo(float).tiny)  # optimisers stop at absolute distances
    try:
        with warnings.catch_warnings(record=True):  # statsmodels sets filters of its own when imported
            paths = size * method(full.to_numpy() / size, years, draws, rng, model)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError, IndexError) as reason:
        raise ModelError("unfitted", model=model, count=len(seen), reason=reason) from reason
    if paths.shape != (draws, years) or not np.isfinite(paths).all():
        raise ModelError("not_finite", model=model, count=len(seen))
    return paths


def _simulated(y: np.ndarray, years: int, draws: int, rng: np.random.Generator, model: str) -> np.ndarray:
    """Paths that a model of statsmodels simulates from its end."""
    module, kind, options = STATSMODELS[model]
    if (count := int(np.isfinite(y).sum())) < 5:
        raise ModelError("short", model=model, count=count)
    made = getattr(importlib.import_module(f"statsmodels.tsa.{module}"), kind)
    fit = made(y, **options).fit(**{} if model == "arima" else {"disp": False})
    if model == "ets":
        name = "rng" if "rng" in inspect.signature(fit.simulate).parameters else "random_state"
        drawn = fit.simulate(years, repetitions=draws, anchor="end", **{name: rng})
        return np.asarray(drawn).reshape(years, draws).T
    known = fit.filter_results
    start, design, transition, select, shock, noise = (getattr(known, name)[..., -1] for name in MATRICES)
    paths = np.tile(fit.forecast(years), (draws, 1))
    state = rng.multivariate_normal(start[0] * 0, start, draws)
    for k in range(years):  # all draws at once, around the expected path
        paths[:, k] += state @ design[0] + np.sqrt(noise[0, 0]) * rng.standard_normal(draws)
        state = state @ transition.T + rng.multivariate_normal(shock[0] * 0, shock, draws) @ select.T
    return paths


def _theta(y: np.ndarray, years: int, draws: int, rng: np.random.Generator, model: str) -> np.ndarray:
    """Paths of the Theta model: a random walk with drift behind exponential smoothing (Hyndman and Billah 2003)."""
    from statsmodels.tsa.forecasting.theta import ThetaModel

    index = pd.period_range("2000", periods=len(y), freq="Y")
    fit = ThetaModel(pd.Series(y, index=index), deseasonalize=False).fit(disp=False)
    alpha, sigma = float(fit.params["alpha"]), float(np.sqrt(fit.sigma2))
    errors = rng.standard_normal((draws, years)) * sigma
    return fit.forecast(years).to_numpy() + errors + alpha * (np.cumsum(errors, axis=1) - errors)


def _walk(y: np.ndarray, years: int, draws: int, rng: np.random.Generator, model: str) -> np.ndarray:
    """Paths of a random walk, with drift or without."""
    when = np.flatnonzero(np.isfinite(y))
    change, gap, slope = np.diff(y[when]), np.diff(when).astype(float), np.zeros((1, 1))
    sigma = np.sqrt(np.mean(change**2 / gap))
    if model == "drift":
        span = gap.sum()
        drift = change.sum() / span
        sigma = np.sqrt(np.sum((change - drift * gap) ** 2 / gap) / max(len(change) - 1, 1))
        slope = drift + sigma / np.sqrt(span) * rng.standard_normal((draws, 1))
    steps = np.cumsum(sigma * rng.standard_normal((draws, years)), axis=1)
    return float(y[when[-1]]) + slope * np.arange(1, years + 1) + steps
