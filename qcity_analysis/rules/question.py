"""The question put to a rule as one record of numbers, read from any series and target; what rules and answers are.

Out of scope: judging a series, which is for the published rules; they judge own figures only, not borrowed ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..catalogue import text
from ..errors import Note, QcityError, did_you_mean
from ..targets import reaches

if TYPE_CHECKING:
    from ..assessment.answer import Assessment

UP = ("at_least", "increase", "increase_every_year", "up", "higher", "more", "rise", "rising", "upward", "maximise",
      "maximize", "max", "positive", "increasing", "above", ">=", ">", "+", "+1", "1")  # fmt: skip
DOWN = ("at_most", "decrease", "decrease_every_year", "down", "lower", "less", "fall", "falling", "downward",
        "minimise", "minimize", "min", "negative", "decreasing", "reduce", "reduction", "below", "<=", "<", "-",
        "-1")  # fmt: skip
BETWEEN = ("between", "within", "interval", "range", "inside", "")
RELATIVE = ("percent_change", "change_pct", "cumulative_change_pct")
YEARLY = ("threshold", "limit", "constant", "maintain", "permanent", "zero_event")
DIRECTIONAL = ("direction", "direction_only", "directional", "trend")
BOUNDS = ("at_least", "at_most", ">=", "<=", ">", "<", "above", "below")
UNSUITED = ("cumulative", "rank", "milestone", "every_year", "average_growth")
NEVER = -math.inf  # the bound of the last category


class NotApplicable(Exception):
    """A rule does not apply: a code (`rule_reason_<code>` of the catalogue) and the values its sentence needs."""

    def __init__(self, code: str, **values: int | str) -> None:
        self.code, self.values = code, values
        super().__init__(text(f"rule_reason_{code}", "en", **values))


@dataclass(frozen=True)
class Goal:
    """A target for the rules, where there is no plan at hand: the attributes they look at.

    `direction` is at_least, at_most, increase, decrease or between; `threshold` a number, a pair (an interval; one end
    may be None) or None; `kind` level, relative_change (percent on the base year), yearly or direction.
    """

    direction: str | None
    threshold: float | tuple[float | None, float | None] | None = None
    base_year: int | None = None
    deadline: int | None = None
    kind: str | None = None
    limit: float | None = None
    unit: str | None = None
    support: str | None = None


@dataclass(frozen=True)
class RuleResult:
    """What a rule says: `category` (snake_case English) and `will_meet`, both None where the rule does not apply,
    `reason` (why it does not, in English), `value` (the number the category was read from, where there is one), `note`
    (the reason as a code with its values, for other languages).
    """

    category: str | None
    will_meet: bool | None
    reason: str | None = None
    value: float | None = None
    note: Note | None = None


def refused(error: NotApplicable) -> RuleResult:
    """The result of a rule that does not apply."""
    return RuleResult(None, None, str(error), None, Note(error.code, error.values))


def banded(value: float, bounds: Mapping[str, float]) -> RuleResult:
    """The first category whose bound `value` reaches, from best to worst, else the last; only the first means yes."""
    *words, last = bounds
    category = next((word for word in words if reaches(value, bounds[word])), last)
    return RuleResult(category, category == next(iter(bounds)), value=value)


@dataclass(frozen=True)
class Question:
    """One question to a rule: what is known and what is asked.

    Stated are `known` (year -> value up to the as-of year, in order), `sign` (1 more is better, -1 less is better),
    `level` (None where only a direction is given), `kind` ("level", "yearly" or "direction"), `stated_base` and
    `deadline` (years), `limit` (a natural one), `unit`, `support`. The rest is worked out when a rule asks for it, and
    raises NotApplicable where something is missing; a missing base is never taken to be 0: `last` (the figure of
    `last_year`), `base` (that of `base_year`), `met` (whether the last figure reaches the level), `slipped` (the base
    figure did, the last one does not), the years `elapsed` between both, `left` to the deadline and `whole` from base
    to deadline, and `closed`, the share of the way from base to target covered (below 0 when it went the wrong way).
    """

    known: dict[int, float]
    sign: int
    level: float | None
    kind: str
    stated_base: int | None = None
    deadline: int | None = None
    limit: float | None = None
    unit: str | None = None
    support: str | None = None

    def dated(self) -> Question:
        """The same question about a level at a deadline; figures after the deadline play no part.

        Raises NotApplicable for a target without a level or a deadline, and where there is no figure.
        """
        _ = self.goal
        known = {year: value for year, value in self.known.items() if year <= self.due}
        if not known:
            raise NotApplicable("no_figure", year=self.due)
        return self if len(known) == len(self.known) else replace(self, known=known)

    @property
    def goal(self) -> float:
        """The level asked for."""
        if self.level is None:
            raise NotApplicable("no_threshold")
        return self.level

    @property
    def due(self) -> int:
        """The deadline of a level that is asked for once."""
        if self.kind == "yearly" or self.deadline is None:
            raise NotApplicable("no_deadline")
        return self.deadline

    last_year = property(lambda self: next(reversed(self.known)))
    last = property(lambda self: self.known[self.last_year])
    met = cached_property(lambda self: self.level is not None and self.reached(self.last))
    base = property(lambda self: self.known[self.base_year])
    elapsed = property(lambda self: self.last_year - self.base_year)
    whole = property(lambda self: self.due - self.base_year)
    left = property(lambda self: self.due - self.last_year)
    slipped = property(lambda self: self.reached(self.base) and not self.met)
    closed = property(lambda self: (self.last - self.base) / (self.goal - self.base))

    def reached(self, value: float) -> bool:
        """Whether a value reaches the level asked for."""
        return bool(reaches(self.sign * value, self.sign * self.goal))

    @cached_property
    def base_year(self) -> int:
        """The stated base year; the first year with a figure where none is stated."""
        stated = self.stated_base
        if stated is not None and stated not in self.known:
            raise NotApplicable("no_base", year=stated)
        year = next(iter(self.known)) if stated is None else stated
        if self.level is not None and self.due <= year:
            raise NotApplicable("deadline_before_base", deadline=self.due, year=year)
        if self.last_year <= year:
            raise NotApplicable("no_elapsed", year=year)
        return year

    def points(self, least: int, since: int = 0) -> tuple[list[int], list[float]]:
        """Years and values (from `since` on); raises NotApplicable when there are fewer than `least`."""
        kept = {year: value for year, value in self.known.items() if year >= since}
        if len(kept) < least:
            raise NotApplicable("too_few", count=len(kept), least=least)
        return list(kept), list(kept.values())


Ask = Callable[[Question], RuleResult | float | tuple[bool, float]]


@dataclass(frozen=True)
class Rule:
    """One published rule: its function, its categories from best to worst, and the least number for those read from
    one. What is not `judged` by the function itself: a level at a deadline that the last figure meets is of the best
    category, and for a rule that measures the way from the `base` one that only the base figure met of the worst.

    >>> RULES["barometer"].categories, RULES["destatis"].source("en")
    (('green', 'orange', 'red'), 'Federal Statistical Office of Germany, status of indicators')
    """

    ask: Ask
    categories: tuple[str, ...]
    bounds: dict[str, float]
    settled: str

    def name(self, lang: str) -> str:
        """The rule's name in `lang` ("zh" or "en")."""
        return text(f"rule_name_{self.ask.__name__}", lang)

    def source(self, lang: str) -> str:
        """Who published the rule, in `lang`."""
        return text(f"rule_source_{self.ask.__name__}", lang)

    def says(self, question: Question) -> RuleResult:
        """What the rule says to a question; where it does not apply, why."""
        try:
            result = self._judged(question)
            if question.kind == "level" and question.deadline in question.known:
                return replace(result, will_meet=question.reached(question.known[question.deadline]))
            return result
        except NotApplicable as error:
            return refused(error)
        except ArithmeticError:  # a rate or a power beyond numbers: this rule fails, the others stand
            return refused(NotApplicable("beyond_numbers"))

    def _judged(self, question: Question) -> RuleResult:
        """The result before the deadline's figure is looked at."""
        q = question if self.settled == "judged" else question.dated()
        if self.settled != "judged" and q.met:
            return RuleResult(self.categories[0], True)
        if self.settled == "base" and q.slipped:
            return RuleResult(self.categories[-1], False)
        said = self.ask(q)
        if isinstance(said, tuple):
            return RuleResult(self.categories[0 if said[0] else -1], said[0], value=said[1])
        return said if isinstance(said, RuleResult) else banded(said, self.bounds)


RULES: dict[str, Rule] = {}


def rule(*words: str, settled: str = "figure", **bounds: float) -> Callable[[Ask], Ask]:
    """Enter a function as the rule of its name. Its categories from best to worst: `words`, then those read from the
    number it gives; or it says yes or no with the number behind it, or gives a whole result.
    """

    def enter(ask: Ask) -> Ask:
        RULES[ask.__name__] = Rule(ask, (*words, *bounds), bounds, settled)
        return ask

    return enter


def question_of(series: pd.Series, target: Any, as_of_year: int) -> Question:
    """The question that a series and a target pose with what was known by the end of `as_of_year`.

    `target` is any object with the attributes of a `Goal`; missing ones are None. Direction and kind take this
    package's words and common synonyms. A target of kind "direction" names no level, nor does one of kind "monotone"
    (better every year), unless its direction is at_least or at_most: then its threshold holds every year. So does a
    threshold without a deadline, or of a kind such as "yearly". A relative target becomes the level
    `base (1 + change / 100)`. Of an interval the end that asks least counts; where no direction goes with it, the end
    the last figure is nearer to (inside) or must move to (outside). Raises NotApplicable for a kind that is no level,
    no direction, no figure, or no base figure for a relative target; QcityError for a direction that is no known word,
    or a series that is not figures by year.

    >>> q = question_of(pd.Series({2020: 50.0, 2021: 48.0}), Goal("at_most", -18, 2020, 2025, "relative_change"), 2021)
    >>> q.level, q.sign, q.kind, q.deadline
    (41.0, -1, 'level', 2025)
    """
    given = {name: getattr(target, name, None) for name in Goal.__dataclass_fields__}
    given = {name: None if _missing(value) else value for name, value in given.items()}
    kind, way, sign = _word(given["kind"]), _word(given["direction"]), _sign(given["direction"])
    if kind in UNSUITED or way == "achieved":
        raise NotApplicable("kind", kind=kind or "milestone")
    no_level = kind in DIRECTIONAL or (kind == "monotone" and way not in BOUNDS)
    ends = () if no_level else _ends(given["threshold"])
    stated = [given["base_year"], given["deadline"]]
    base_year, deadline = (None if year in (None, "") else _year(year) for year in stated)
    if sign == 0 and len(ends) != 2:
        raise NotApplicable("no_direction")
    until = _year(as_of_year, "as_of_year is a whole year, such as 2025")
    if not (known := _figures(series, until)):
        raise NotApplicable("no_figure", year=until)
    if ends and (kind in RELATIVE or "relative" in kind):
        ends = _relative(ends, base_year, known)
    if sign == 0:
        last = known[next(reversed(known))]
        sign = 1 if last - ends[0] < ends[-1] - last else -1
    level = (ends[0] if sign > 0 else ends[-1]) if ends else None
    yearly = kind in (*YEARLY, "monotone") or "year" in kind or "annual" in kind or deadline is None
    asked = "direction" if not ends else "yearly" if yearly else "level"
    limit = None if given["limit"] is None else float(given["limit"])
    return Question(known, sign, level, asked, base_year, deadline, limit, given["unit"], given["support"])


def _figures(series: pd.Series, as_of_year: int) -> dict[int, float]:
    """The figures known by the end of `as_of_year`, year -> value in order; gaps (NaN) are left out."""
    years = [_year(label, "the index of a series is years") for label in series.index]
    if twice := [year for k, year in enumerate(years) if year in years[:k]]:
        raise QcityError(f"the series has two figures for {twice[0]}; keep one")
    rows = zip(years, series, strict=True)
    known = {year: float(value) for year, value in rows if year <= as_of_year and not pd.isna(value)}
    for year in [year for year, value in known.items() if math.isinf(value)]:
        raise QcityError(f"the figure for {year} is infinite; leave a gap (NaN) where nothing was published")
    return dict(sorted(known.items()))


def _relative(ends: tuple[float, ...], base_year: int | None, known: dict[int, float]) -> tuple[float, ...]:
    """Percent changes on the base year as levels."""
    if base_year is None:
        raise NotApplicable("no_base_year")
    if base_year not in known:
        raise NotApplicable("no_base", year=base_year)
    if known[base_year] <= 0:
        raise NotApplicable("base_not_positive", year=base_year)
    # rounded where binary fractions blur: 100 * 0.82 is 82
    return tuple(sorted(float(f"{known[base_year] * (100 + change) / 100:.12g}") for change in ends))


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value)) or value is pd.NA


def _word(value: Any) -> str:
    return str(value or "").strip().lower().replace(" ", "_")


def _year(value: Any, needed: str = "a year is a whole number, such as 2025") -> int:
    """The year of a number, a date or a text that begins with it."""
    written = getattr(value, "year", value[:4] if isinstance(value, str) else value)
    with suppress(TypeError, ValueError, OverflowError):
        if (year := int(written)) > 0 and (isinstance(written, str) or year == written):
            return year
    raise QcityError(f"{needed}; found {value!r}")


def _ends(threshold: Any) -> tuple[float, ...]:
    pair = threshold if hasattr(threshold, "__len__") and not isinstance(threshold, str) else [threshold]
    return tuple(sorted(float(end) for end in pair if not _missing(end)))


def _sign(direction: Any) -> int:
    if isinstance(direction, int | float):
        return (direction > 0) - (direction < 0)
    word = _word(direction)
    for sign, words in ((1, UP), (-1, DOWN), (0, (*BETWEEN, "achieved"))):
        if word in words:
            return sign
    raise QcityError(
        f"unknown direction {direction!r}.{did_you_mean(word, [*UP, *DOWN, *BETWEEN])} Use at_least, at_most, "
        "increase, decrease or between."
    )


def evaluate(rule: str, series: pd.Series, target: Any, as_of_year: int) -> RuleResult:
    """What one published rule says about a series and a target, with what was known by the end of `as_of_year`.

    `rule` is a key of RULES. `series` has years as index; NaN is a gap; later figures are ignored. `target` is any
    object with the attributes of a `Goal` (missing ones count as None), or a list of them, of which the worst result
    counts. Where the rule does not apply, category and will_meet are None and `reason` says why. A target met by the
    last figure is a yes; when the deadline's figure is in and misses it, a no. Raises QcityError for an unknown rule, a
    direction that is no known word, or a series that is not figures by year.

    >>> evaluate("schedule", pd.Series({2020: 10, 2022: 12}), Goal("at_least", 15, 2020, 2025), 2022)
    RuleResult(category='on_schedule', will_meet=True, reason=None, value=0.4, note=None)
    """
    if rule not in RULES:
        raise QcityError(f"unknown rule {rule!r}.{did_you_mean(rule, RULES)} Known: {', '.join(RULES)}.")
    if isinstance(target, Sequence) and not hasattr(target, "direction"):
        return _worst(RULES[rule], [evaluate(rule, series, one, as_of_year) for one in target])
    try:
        return RULES[rule].says(question_of(series, target, as_of_year))
    except NotApplicable as error:
        return refused(error)


def evaluate_all(series: pd.Series, target: Any, as_of_year: int) -> pd.DataFrame:
    """Every rule's answer, one row each: columns rule, category, will_meet, reason. Raises QcityError as `evaluate`.

    >>> table = evaluate_all(pd.Series({2020: 10, 2022: 12}), Goal("at_least", 15, 2020, 2025), 2022)
    >>> table.set_index("rule").loc["barometer"].tolist()
    [None, None, 'the rule is for reductions']
    """
    return _table({rule: evaluate(rule, series, target, as_of_year) for rule in RULES})


def _table(results: dict[str, RuleResult]) -> pd.DataFrame:
    rows = [[rule, result.category, result.will_meet, result.reason] for rule, result in results.items()]
    return pd.DataFrame(rows, columns=["rule", "category", "will_meet", "reason"], dtype=object)


def _worst(rule: Rule, results: list[RuleResult]) -> RuleResult:
    """The worst of several results; none where one of several targets cannot be judged, unless another is worst."""
    if not results:
        return refused(NotApplicable("no_threshold"))
    judged = [result for result in results if result.category is not None]
    judged.sort(key=lambda result: rule.categories.index(str(result.category)))
    if len(judged) < len(results) and (not judged or judged[-1].category != rule.categories[-1]):
        return next(result for result in results if result.category is None)
    return replace(judged[-1], will_meet=all(result.will_meet for result in judged))


def results_for(assessment: Assessment) -> dict[str, RuleResult]:
    """Every rule's result for the series and target of one assessment, by rule.

    The level asked for is the one the probability is about: in the unit of `assessment.series` (an index with the base
    year at 100 where only changes are published), "about" and published rounding allowed for.
    """
    series, goal = assessment.series, _goal(assessment)
    values = series.values if series is not None else pd.Series(dtype=float)
    return {rule: evaluate(rule, values, goal, assessment.as_of.year) for rule in RULES}


def rules_for(assessment: Assessment) -> pd.DataFrame:
    """Every rule's answer for an assessment: columns definition (the indicator's name), rule, category, will_meet,
    reason. One row a rule; where the answer depends on the definition, one row a rule and definition.

    >>> rules_for(qc.assess(qc.load(), "rd_intensity"))["rule"].tolist()[:3]
    ['schedule', 'log_schedule', 'barometer']
    """
    parts = assessment.by_definition()
    tables = {str(part.definition["indicator_id"]): _table(results_for(part)) for part in parts}
    return pd.concat(tables, names=["definition"]).reset_index("definition").reset_index(drop=True)


def _goal(assessment: Assessment) -> Goal:
    target, series = assessment.target, assessment.series
    level = assessment.bound if assessment.bound is not None else assessment.threshold
    unit, support = (target.unit, None) if series is None else (series.unit, series.support)
    if series is not None and series.base_year is not None:
        unit, support = "index", None
    # without a level in the unit of the series the rules see the target as the plan words it
    kind = target.kind if level is None or not target.relative else "level"
    asked = target.threshold if level is None else level
    return Goal(target.direction, asked, target.base_year, target.deadline, kind, None, unit, support)
