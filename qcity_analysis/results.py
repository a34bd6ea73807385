"""What a user gets in hand: answers that show themselves and can be asked on, and the scorecard of a plan.

An `Answer` is an `Assessment` with the data it was made from and a language; each verb leads to the room that computes
it. Nothing is computed here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .analysis.outlook import Outlook, outlook
from .analysis.portfolio import Portfolio, portfolio
from .analysis.scenarios import Scenario, scenarios
from .analysis.verdicts import sensitivity
from .assessment import assess as judging
from .assessment.answer import Assessment
from .catalogue import check_language, text
from .data.load import Data, in_memory
from .data.schema import decimals
from .errors import QcityError
from .forecasting.forecast import MODELS
from .forecasting.histories import yearly
from .forecasting.mixture import Explanation
from .reporting import sentences, show
from .reporting.analyses import scenario_shown, scenarios_table
from .reporting.figures import Picture, panels_chart, scorecard_chart
from .reporting.figures.fan import fan_chart
from .reporting.formatting import percent
from .rules.question import rules_for
from .targets import Target, find_target
from .trackrecord import ledger as books

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SERIES = "series"  # the plan, target, indicator and region of a series without tables


class _Shown:
    """A result that a notebook shows as HTML, and as Markdown where none is shown."""

    def _repr_mimebundle_(self: Any, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return show.in_both(self._repr_html_()) | {"text/plain": repr(self)}


@dataclass(frozen=True, repr=False)
class Answer(_Shown, Assessment):
    """An `Assessment` that shows itself (a card, `plot`, `to_frame`, `to_dict`) and answers what one asks next:
    `explain`, `outlook`, `sensitivity`, `rules`, `sources`, `what_if`, `judge`. Its parts are answers too.

    Besides the attributes of an assessment: `data`, what was known; `language` of the card and the chart.

    >>> qc.assess(qc.load(as_of="2023-12-31"), "rd_intensity")
    <Answer rd_intensity, rd_intensity of nanjing by 2025: 0.7..., likely, by figures; as of 2023-12-31>
    >>> levels = pd.Series([3.1, 3.2, 3.4, 3.5, 3.7], index=range(2020, 2025), name="Share")
    >>> answer = qc.assess_series(levels, at_least=4, by=2026, support="percent", draws=500)
    >>> answer.to_frame().loc[0, ["status", "word"]].tolist(), answer.outlook().year(0.5)
    (['forecast', 'about_as_likely_as_not'], 2027)
    >>> answer.explain().without.idxmin(), answer.rules().set_index("rule").loc["schedule", "category"]
    (2024, 'on_schedule')
    >>> answer.sources()["Figure"].tolist(), len(answer.plot().get_lines()) > 1
    (['3.1', '3.2', '3.4', '3.5', '3.7'], True)
    >>> short = Answer.of(qc.assess_series(levels[-3:], at_least=4, by=2025, draws=100), answer.data, "zh")
    >>> short.sensitivity()["kind"].unique().tolist(), short.what_if().rows[1].name
    (['asked', 'leave_out', 'model'], 'halted')
    >>> answer.judge(0.8, author="A. Reader", reason="the budget was raised")
    Traceback (most recent call last):
    qcity_analysis.errors.QcityError: a series of your own is in no plan, so a judgement of it could not be scored
    """

    data: Data = field(default_factory=lambda: in_memory("2000-01-01"), compare=False)
    language: str = "en"

    @classmethod
    def of(cls, a: Assessment, data: Data, language: str = "en") -> Answer:
        """The assessment as an answer made with `data`, that speaks `language`; so are its parts."""
        own = {one.name: getattr(a, one.name) for one in fields(Assessment)}
        own["parts"] = tuple(cls.of(part, data, language) for part in a.parts)
        return cls(**own, data=data, language=check_language(language))

    def _repr_html_(self) -> str:
        chart = Picture(fan_chart(self, self.language), sentences.alt_text(self, self.language))
        return f"{show.LOOK}{show.card(self, self.language)}{chart.svg()}"

    def __getitem__(self, name: object) -> None:
        raise QcityError(f"Answer[{name!r}]: this is no frame; to_frame() is, answer.{name} an attribute")

    def plot(self) -> Axes:
        """Draw the fan chart and return its axes; a notebook shows it. `axes.figure.savefig(...)` saves it."""
        return _shown(fan_chart(self, self.language), sentences.alt_text(self, self.language))

    def to_frame(self) -> pd.DataFrame:
        """One row, and one for each definition or comparator after it: verdict, median, interval, last figure."""
        return pd.DataFrame([_row(one) for one in (self, *self.parts)])

    def explain(self) -> Explanation:
        """What carries the weight, and what each year does to the median. QcityError where there is no forecast."""
        if self.forecast is None:
            way = "; ask one of answer.parts" if self.parts else ""
            raise QcityError(f"there is no forecast to explain, the status is {self.status!r}{way}")
        return self.forecast.explain()

    def outlook(self) -> Outlook:
        """When it would be reached, how long one may wait, how often anything moved as fast as needed."""
        return outlook(self.data, self)

    def sensitivity(self) -> pd.DataFrame:
        """The verdict under other choices (window, year, base, tolerance, model), a row each; `flips`: another one."""
        rows = [{"definition": one.answer.definition["indicator_id"]} | vars(row)
                for one in sensitivity(self.data, self) for row in (one.asked, *one.rows)]  # fmt: skip
        return pd.DataFrame(rows).drop(columns=["names", "reason"])

    def rules(self) -> pd.DataFrame:
        """What each published progress rule says: definition, rule, category, will_meet, reason."""
        return rules_for(self)

    def sources(self) -> pd.DataFrame:
        """Every published figure used or set aside, with publisher, document and date, as shown on the page."""
        tables = show.sources_by_series(self, self.language)
        return pd.concat(tables, names=["series"]).reset_index(0) if tables else pd.DataFrame()

    def judge(self, probability: float, *, author: str, reason: str, ledger: str | Path = "") -> Path | None:
        """Enter your own probability into the ledger beside the data (or `ledger`), where it is scored apart.

        Returns the file written; None when it is there already. Raises QcityError for a probability outside 0 to 1, no
        author, no reason, a settled target, and a series of your own, which no plan's outcome could score.
        """
        if self.target.plan == _SERIES:
            raise QcityError("a series of your own is in no plan, so a judgement of it could not be scored")
        home, mark = ledger or books.home(self.data.folder), books.data_hash(self.data.folder)
        return books.judge(self, probability, author, reason, home, mark)

    def what_if(self, several: Mapping[str, Mapping[str, Any]] | None = None, **supposed: Any) -> WhatIf:
        """The answer under suppositions: one by keyword (`given={2026: 3.9}`, `pace="last 5"`, `path`, `shock`,
        `policy`, `threshold`, `deadline`: see `analysis.scenarios`), `several` by name, or without any the usual paces.
        """
        asked = {"+".join(supposed): supposed} if supposed else several
        return WhatIf(self, scenarios(self.data, self, asked))


@dataclass(frozen=True, repr=False)
class WhatIf(_Shown):
    """An answer under suppositions: `asked`, the answer as it is, and `rows`, one Scenario each, by the figures alone.

    >>> answer = qc.assess(qc.load(as_of="2023-12-31"), "rd_intensity", draws=500)
    >>> answer.what_if(given={2024: 3.7}).answer.probability < answer.probability
    True
    >>> several = answer.what_if({"slow": {"pace": 0.1}, "plan": {"path": {2025: 4.1}}})
    >>> several.answers["slow"].word, several.to_frame()["median"].round(1).tolist(), len(several.plot().figure.axes)
    ('likely', [4.1, 4.1], 2)
    """

    asked: Answer
    rows: tuple[Scenario, ...]

    def __repr__(self) -> str:
        shown = ", ".join(f"{row.name} {row.answer.chance}" for row in self.rows[:6])
        return f"<WhatIf {self.asked.target.target_id}, as it is {self.asked.by_figures().chance}: {shown}>"

    def _repr_html_(self) -> str:
        return str(scenarios_table(self.rows, self.asked.language).to_html())

    @property
    def answers(self) -> dict[str, Answer]:
        """The answer of each scenario by its name."""
        return {row.name: Answer.of(row.answer, self.asked.data, self.asked.language) for row in self.rows}

    @property
    def answer(self) -> Answer:
        """The answer of the last scenario: of the only one, where one is asked."""
        return list(self.answers.values())[-1]

    def to_frame(self) -> pd.DataFrame:
        """One row a scenario: status, probability, word, basis, median, `pace` a year (to the median; from a
        supposed figure the one needed), and the share of past moves at least as fast: `own`, `comparators`, `corpus`.
        """
        said = ("status", "probability", "word", "basis", "median")
        shares = {"own": "own", "comparators": "comparator", "corpus": "bank"}
        rows = {row.name: {name: getattr(row.answer, name) for name in said}
                | {"pace": row.pace.linear if row.pace else None}
                | {name: row.share(source) for name, source in shares.items()} for row in self.rows}  # fmt: skip
        return pd.DataFrame(list(rows.values()), index=pd.Index(rows, name="scenario"))

    def plot(self) -> Axes:
        """Draw a fan for each scenario with its probability, all on one scale; returns the first axes."""
        drawn, lang = [row for row in self.rows if row.answer.forecast is not None], self.asked.language
        named = [scenario_shown(row, lang) for row in drawn]
        figure = panels_chart([row.answer for row in drawn], lang, [name for name, _ in named])
        return _shown(figure, "; ".join(map(": ".join, named)))


@dataclass(frozen=True, repr=False)
class Scorecard(_Shown):
    """All targets of one plan: `answers` by target_id, in the order of the plan.

    >>> card = qc.scorecard(qc.load(as_of="2021-12-31"), "china_14fyp", binding="binding", draws=100)
    >>> card.to_frame().loc[0, ["target_id", "word"]].tolist(), card.answers["surface_water"].status
    (['energy_per_gdp', 'likely'], 'not_assessable')
    >>> len(card.portfolio().targets), card.plot().get_title(loc="left")
    (4, 'probability of meeting the target (%)')
    """

    plan: str
    answers: Mapping[str, Answer]
    data: Data
    language: str = "en"

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {status}" for status, n in self.to_frame().value_counts("status").items())
        return f"<Scorecard {self.plan}, {len(self.answers)} targets: {counts}; as of {self.data.as_of}>"

    def _repr_html_(self) -> str:
        shown = ["target_id", f"name_{self.language}", "status", "headline_probability", "word", "basis"]
        return str(self.to_frame()[shown].to_html())

    def __getitem__(self, name: object) -> None:
        raise QcityError(f"Scorecard[{name!r}]: this is no frame; to_frame() is, .answers[{name!r}] a row")

    def to_frame(self) -> pd.DataFrame:
        """One row a target: target_id, section, name_zh, name_en, kind, binding, status, probability, word, basis
        and headline_probability (also of what is not assessed, and settled), median, lower, upper, last_year,
        last_level (what is counted so far, for a target that counts), reason.
        """
        return pd.DataFrame([_row(answer) for answer in self.answers.values()])

    def portfolio(self) -> Portfolio:
        """How many of the targets will be met, when what moves one indicator moves others too."""
        return portfolio(self.data, list(self.answers.values()))

    def plot(self) -> Axes:
        """Draw the probabilities of all targets and return the axes; a notebook shows it."""
        title = text("scorecard_question", self.language, plan=self.plan)
        return _shown(scorecard_chart(list(self.answers.values()), self.language), title)


def assess(
    data: Data, target_id: str | Target = "", *, plan: str | None = None, region: str | None = None,
    as_of: str | dt.date | None = None, model: str = "mixture", draws: int = 10_000, seed: int = 0,
    language: str = "en",
) -> Answer:  # fmt: skip
    """Assess one target with what was known on `as_of` (default: the day `data` were loaded for).

    The target is a name or a record: another question is `dataclasses.replace(target, deadline=2030)`.
    `model` is "mixture" or one of `forecast.MODELS`; `draws` paths are simulated from `seed`. Raises QcityError for
    an unknown plan, target, region or model; too little data is no error but a status with its reason.

    >>> answer = qc.assess(qc.load(), "energy_per_gdp", as_of="2023-03-31")
    >>> answer.status, answer.word
    ('forecast', 'very_unlikely')
    """
    options: dict[str, Any] = {"plan": plan, "region": region, "as_of": as_of, "model": model, "draws": draws}
    return Answer.of(judging.assess(data, target_id, seed=seed, **options), data, language)


def scorecard(data: Data, plan: str | None = None, *, language: str = "en", **options: Any) -> Scorecard:
    """All targets of a plan (default: the first) as one object; `options` are those of `assess`.

    `binding="binding"` or "expected" keeps the targets that the plan calls so.

    >>> qc.scorecard(qc.load(as_of="2026-06-30"), "china_15fyp", binding="binding", draws=10)
    <Scorecard china_15fyp, ... targets: ...; as of 2026-06-30>
    """
    answers = [Answer.of(a, data, language) for a in judging.scorecard(data, plan, **options)]
    plan = answers[0].target.plan if answers else plan or ""
    return Scorecard(plan, {a.target.target_id: a for a in answers}, data.at(options.get("as_of")), language)


def assess_series(
    series: pd.Series, *, by: int, at_least: float | None = None, at_most: float | None = None,
    change: float | None = None, about: float | None = None, base: int | None = None, support: str = "real",
    rounds: str = "", unit: str = "", **options: Any,
) -> Answer:  # fmt: skip
    """Assess a target on yearly figures of your own: the same Answer, no tables needed.

    Asked is one of `at_least`, `at_most`, `about` (at least that, half its last digit left open) or `change` (percent
    since the year `base`). `support` is real, positive, percent or count. With `rounds` ("2019;2021", or "2019/2" for
    every second year) the figures count what is new, and the target is on their sum after `base`. `options` are those
    of `assess`. Raises QcityError, also for an index without years.

    >>> levels = pd.Series([3.1, 3.2, 3.4, 3.5, 3.7], index=range(2020, 2025))
    >>> qc.assess_series(levels, at_least=4, by=2026, support="percent").word
    'about_as_likely_as_not'
    """
    asked = {"at_least": at_least, "at_most": at_most, "change": change, "about": about}
    given = {name: float(value) for name, value in asked.items() if value is not None}
    if len(given) != 1:
        raise QcityError(f"ask one of {', '.join(asked)}; found {', '.join([*given, *options]) or 'none'}")
    ((name, threshold),), levels = given.items(), yearly(series).dropna()
    if base is None and (name == "change" or rounds):
        raise QcityError("a change, and a sum of rounds, count from a year: base=2020")
    kind, measure, support = ("cumulative", "count_new", "count") if rounds else ("level", "level", support)
    down = name == "at_most" or (name == "change" and threshold < 0)
    title, who = str(levels.name or _SERIES), {"indicator_id": _SERIES, "region": _SERIES}
    named = who | {"name_zh": title, "name_en": title, "unit": unit, "unit_zh": unit}
    target = {"plan": _SERIES, "target_id": _SERIES, "kind": kind, "direction": "at_most" if down else "at_least",
              "threshold": threshold, "base_year": base, "deadline": by}  # fmt: skip
    target |= {"kind": "relative_change", "unit": "%", "unit_zh": "%"} if name == "change" else {}
    target["tolerance"] = 0.5 * 10.0 ** -decimals(f"{threshold:g}") if name == "about" else 0.0
    figure = who | {"measure": measure, "qualifier": "=", "status": "final", "unit": unit}
    data = in_memory(
        max(dt.date.today(), dt.date(int(max(levels.index, default=1)), 12, 31)), regions=[named],
        targets=[named | target], indicators=[named | {"support": support, "rounds": rounds}],
        observations=[figure | {"period": year, "value": value, "published": f"{year}-12-31"}
                      for year, value in levels.items()],
    )  # fmt: skip
    return assess(data, _SERIES, **options)


def _row(a: Assessment) -> dict[str, Any]:
    """One answer as a row of a table."""
    about = ("target_id", "section", "name_zh", "name_en", "kind", "binding")
    said = ("status", "probability", "word", "basis", "headline_probability", "median")
    (lower, upper), (year, level) = a.interval or (None, None), a.newest
    return {
        **{name: getattr(a.target, name) for name in about}, "definition": a.definition["indicator_id"],
        **{name: getattr(a, name) for name in said}, "lower": lower, "upper": upper, "last_year": year,
        "last_level": None if year is None else level, "reason": a.reason.code if a.reason else None,
    }  # fmt: skip


def _shown(figure: Figure, alt: str) -> Axes:
    """The axes of a figure that a notebook is shown; outside of one nothing appears by itself."""
    from IPython import get_ipython

    if get_ipython() is not None:
        show.picture(figure, alt)
    return figure.axes[0]


class Explorer:
    """Controls for one target whose fan and probability follow as they are moved: target, region, what was known when,
    window, model, comparators and ambition (`controls` by name); `answer` is the one shown. Below them, for a page
    without a kernel: a slider over target levels, computed before.

    >>> shown = qc.explore(qc.load(as_of="2023-12-31"), "rd_intensity", draws=200)
    >>> before, shown.controls["ambition"].value = shown.answer.probability, 5.0
    >>> shown.answer.probability < before, shown.static().count("range")
    (True, 1)
    """

    def __init__(
        self, data: Data, target_id: str = "", *, plan: str = "", language: str = "en", draws: int = 2_000
    ) -> None:
        import ipywidgets as w

        self.data, self.language, self.draws, self.shown = data, check_language(language), draws, w.HTML()
        self.known = cache(self._known)  # series and forecasts once made are kept with it
        held = data.targets.merge(data.observations[["indicator_id", "region"]].drop_duplicates())
        rows = held.dropna(subset="threshold").itertuples()
        targets = [find_target(data, row.target_id, row.plan) for row in rows]
        names = [(f"{one.plan} · {one.name(language)}", one) for one in targets]
        asked = (one for one in targets if one.target_id == target_id and (not plan or one.plan == plan))
        days = [*(f"{data.as_of.year - back}-12-31" for back in range(8, 0, -1)), str(data.as_of)]
        years = [(text("e_all", language), 0), *((str(years), years) for years in (5, 8, 12, 20))]
        models = [(text(f"model_{name}", language), name) for name in ("mixture", *MODELS)]
        self.controls = {
            "target": w.Dropdown(options=names, value=next(asked, targets[0])), "region": w.Dropdown(),
            "as_of": w.SelectionSlider(options=days, value=days[-1], continuous_update=False),
            "window": w.Dropdown(options=years), "model": w.Dropdown(options=models),
            "comparators": w.Checkbox(value=True, indent=False),
            "ambition": w.FloatSlider(readout_format=".3g", continuous_update=False),
        }  # fmt: skip
        self._aim()
        for name, control in self.controls.items():
            control.description, control.style = text(f"e_{name}", language), {"description_width": "8em"}
            control.layout.width = "95%"
            control.observe(self._aim if name == "target" else self._show, "value")
        self.box = w.HBox([w.VBox(list(self.controls.values()), layout={"width": "22em"}), self.shown])

    def _aim(self, change: object = None) -> None:
        """Set region and ambition to those of the target chosen, all together, and show its answer."""
        target, region, slider = (self.controls[name] for name in ("target", "region", "ambition"))
        rows, goal = self.data.observations, float(target.value.threshold or 0)
        held = rows.loc[rows["indicator_id"] == target.value.indicator_id, "region"]
        names, (low, high) = dict.fromkeys([target.value.region, *held]), sorted((0.5 * goal, 1.5 * goal))
        self.silent = True
        region.options = [(self.data.region_name(name, self.language), name) for name in names]
        region.value = target.value.region
        slider.min, slider.max = min(low, slider.min), max(high, slider.max)
        slider.value, slider.min, slider.max, slider.step = goal, low, high, (high - low) / 100 or 1
        self.silent = False
        self._show()

    def _show(self, change: object = None) -> None:
        """Assess what the controls say and show it."""
        if self.silent:
            return
        say = {name: one.value for name, one in self.controls.items()}
        target = replace(say["target"], threshold=say["ambition"], region=say["region"])
        data = self.known(say["as_of"], say["comparators"], say["window"], target.indicator_id)
        self.answer = assess(data, target, model=say["model"], draws=self.draws, language=self.language)
        self.shown.value = self.answer._repr_html_()

    def _known(self, day: str, comparators: bool, window: int, indicator_id: str) -> Data:
        """What was known on a day, with comparators or without, the indicator in the last years of a window only."""
        data, first = self.data.at(day), int(day[:4]) - window if window else 0
        indicators = data.indicators if comparators else data.indicators.assign(comparators="")
        rows = data.observations[lambda x: (x["year"] >= first) | (x["indicator_id"] != indicator_id)]
        return replace(data, indicators=indicators, observations=rows)

    def static(self) -> str:
        """A slider over target levels with the probability of each, as HTML that needs no kernel."""
        ahead, target = self.answer.forecast, self.answer.target
        if ahead is None:
            return ""
        sign, ask = ("≥", ahead.probability_at_least) if target.upward else ("≤", ahead.probability_at_most)
        low, high = ahead.quantiles([0.01, 0.99]).iloc[-1]
        levels = np.linspace(low, high, 41)
        words = [f"{sign} {at:.3g}: {percent(ask(at), self.language)}" for at in levels]
        at = int(np.abs(levels - (self.answer.threshold or 0)).argmin())  # it starts at the plan's target
        script = "this.nextElementSibling.textContent=JSON.parse(this.dataset.words)[this.value]"
        label = escape(text("e_static", self.language, year=target.deadline))
        held = f'min="0" max="40" value="{at}" data-words="{escape(json.dumps(words, ensure_ascii=False))}"'
        slider = f'<input type="range" {held} oninput="{script}" style="width:20em">'
        return f"<label>{label}<br>{slider} <output>{escape(words[at])}</output></label>"

    def _ipython_display_(self) -> None:
        from IPython.display import display

        display(self.box._repr_mimebundle_() | {"text/plain": ""}, raw=True)  # controls say nothing as text
        show.html('<div class="qcity">', self.shown.value, self.static(), "</div>")


explore = Explorer
