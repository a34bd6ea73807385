"""Results in words: both languages say the same, every code has its sentence, and no number crosses its threshold."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from asking import CUT, answer, borrowing, two_definitions
from packages import STEADY, changes, figure, figures, indicator, loaded, target

import qcity_analysis as qc
from qcity_analysis.assessment.answer import SPOKEN, Assessment
from qcity_analysis.catalogue import TEMPLATES, catalogue
from qcity_analysis.errors import Note
from qcity_analysis.forecasting.mixture import Explanation
from qcity_analysis.reporting import sentences
from qcity_analysis.reporting.analyses import explained, without_table
from qcity_analysis.reporting.formatting import number, percent, signed
from qcity_analysis.reporting.sentences import level
from qcity_analysis.reporting.show import key_figures
from qcity_analysis.reporting.target_sections import answer as answer_section
from qcity_analysis.reporting.target_sections import why

HOME = Path(sentences.__file__).parents[1]
EXPLANATION = Explanation(
    {"constant mean": 0.1, "moving level": 0.3, "damped trend": 0.4, "trend": 0.2},
    1.45,
    pd.Series({2019: 59.0, 2022: 55.5}),
    60.0,
    0.2,
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Assessment]:
    """One assessment for each thing a reader can be told."""
    folder = tmp_path_factory.mktemp("told")
    met = figures(STEADY | {2023: 21.5})
    borrowed = borrowing(folder / "borrowed", {2021: 9.0})
    definitions = two_definitions(folder / "definitions", {2021: 5.0, 2022: 5.2, 2023: 5.5})
    return {
        "forecast": answer(folder / "forecast"),
        "about": answer(folder / "about", {"commitment": "about", "tolerance": 1}),
        "change": answer(folder / "change", CUT, observations=changes({2021: -3, 2022: -3.5, 2023: -2.9})),
        "reached": answer(folder / "reached", {"threshold": 12}),
        "met": answer(folder / "met", {"deadline": 2023}, observations=met),
        "missed": answer(folder / "missed", {"deadline": 2023, "threshold": 30}, observations=met),
        "none": answer(folder / "none", observations=[]),
        "short": answer(folder / "short", observations=[figure(2021, 3)]),
        "rank": answer(folder / "rank", {"kind": "rank", "threshold": 3}),
        "awaiting": answer(folder / "late", {"deadline": 2023}, "2024-12-31"),
        "borrowed": borrowed,
        "borrowed part": borrowed.parts[0],
        "definitions": definitions,
        "old definition": definitions.parts[0],
    }


def numbers(text: str) -> set[str]:
    """The numbers of a text; a year may be named once in one language and twice in the other."""
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def result_in_words(a: Assessment, lang: str) -> list[str]:
    return [sentences.headline(a, lang), *sentences.sentences(a, lang), sentences.alt_text(a, lang)]


def test_both_languages_say_the_same_numbers_and_leave_no_place_unfilled(told: dict[str, Assessment]) -> None:
    for name, a in told.items():
        lines = {
            lang: [
                *result_in_words(a, lang),
                *(sentences.note(note, lang) for note in a.notes),
                sentences.reason(a.reason, lang),
                sentences.ask(a, lang),
            ]
            for lang in ("zh", "en")
        }
        for zh, en in zip(lines["zh"], lines["en"], strict=True):
            assert numbers(zh) == numbers(en), (name, zh, en)
        adding = [sentences.how_to_add(a, lang) for lang in ("zh", "en")]
        for line in (*lines["zh"], *lines["en"], *adding):
            assert not re.search(r"[{}]|\bnan\b|None|<NA>", line), line


def test_every_sentence_of_a_borrowed_result_says_so(told: dict[str, Assessment]) -> None:
    for lang, word in (("zh", "借用"), ("en", "orrowed")):
        lines = result_in_words(told["borrowed part"], lang)
        assert len(lines) > 3 and all(word in line for line in lines)


def test_a_headline_holds_the_probability_or_the_answer_of_each_definition(
    told: dict[str, Assessment],
) -> None:
    found = told["forecast"]
    assert found.probability is not None
    assert f"{100 * found.probability:.0f} %" in sentences.headline(found, "en")
    assert "at least 20 points in 2025" in sentences.headline(found, "en")
    for lang in ("zh", "en"):
        said = sentences.headline(told["definitions"], lang)
        assert all(part.definition[f"name_{lang}"] in said for part in told["definitions"].parts)


@pytest.mark.parametrize("part", sorted(folder.name for folder in TEMPLATES.iterdir()))
def test_every_entry_has_both_languages_with_the_same_places(part: str) -> None:
    for key, entry in catalogue(part).items():
        assert set(entry) - {"level"} == {"zh", "en"}, key
        named = {lang: re.findall(r"{(\w+)", entry[lang]) for lang in ("zh", "en")}
        zh, en = ({re.sub("_(zh|en)$", "", name) for name in named[lang]} for lang in ("zh", "en"))
        assert zh - {"unit"} == en - {"unit"}, key  # English alone needs a word for one year or several


def test_no_text_says_that_nothing_was_published() -> None:
    claims = (
        "尚未公布|未发布|没有已公布|从未公布|没有公布|只公布|no published|not published yet|never published"
    )
    claims += "|nothing was published|nothing is published|unpublished"
    for key, entry in (catalogue("sentences") | catalogue()).items():
        assert not [words for words in entry.values() if re.search(claims, words.lower())], key


def test_every_code_of_a_note_or_reason_in_the_source_has_its_sentence() -> None:
    files = [*HOME.glob("assessment/*.py"), *HOME.glob("series/*.py")]
    source = "".join(file.read_text("utf-8") for file in files)
    codes = set(re.findall(r'Note\(\s*"(\w+)"', source))
    codes |= {f"unused_{code}" for code in re.findall(r'reason\[.*\] = "(\w+)"', source)}
    codes |= {"only_bounds", "no_observation", *(f"wording_{code}" for code in SPOKEN)}
    written = {re.sub("^(note|reason)_", "", key) for key in catalogue("sentences")}
    assert len(codes) > 12 and codes <= written


def test_a_note_signs_its_changes() -> None:
    conflict = Note("conflict", {"start": 2020, "end": 2021, "published": -2.0, "implied": 1.25})
    assert re.search(r"−2 %.*\+1.2 %", sentences.note(conflict, "en"))


def test_the_command_that_adds_a_figure_is_for_this_indicator_and_region(tmp_path: Path) -> None:
    data = loaded(tmp_path, targets=[target(**CUT)], indicators=[indicator("widgets")], observations=[])
    text = sentences.how_to_add(qc.assess(data, "goal"), "en")
    assert "qcity add widgets --region testville --period 2021 --value VALUE --measure change_pct" in text


# numbers


def read(shown: str) -> float:
    return float(shown.replace(",", "").replace("−", "-").replace("×10^", "e"))


@pytest.mark.parametrize("power", range(-12, 17))
def test_a_number_stays_on_its_side_of_the_threshold(power: int) -> None:
    for head in (1.5, 9.995, 3.25, 8.0, -1.5, -9.995, -3.25, -8.0):
        mark = float(f"{head}e{power}")
        for value in (mark * (1 + away) for away in (1e-8, -1e-8, 1e-5, -1e-4, 0.003, -0.04, 0.5)):
            for shown in (number(value, [mark]), signed(value, [mark])):
                sides = (read(shown) > mark, read(shown) < mark)
                assert sides == (value > mark, value < mark), (value, mark, shown)


SHARES = [0.0, 1e-9, 0.0999, 0.3301, 0.4999, 0.659, 0.797, 0.7999, 0.8996, 0.9499, 0.996, 1.0]


@pytest.mark.parametrize("share", SHARES)
def test_a_probability_is_never_certain_nor_shown_to_reach_what_it_does_not(share: float) -> None:
    shown = percent(share, "zh")
    assert shown not in ("0%", "100%")
    if shown[0] not in "<>":
        assert all((float(shown[:-1]) >= limit) == (100 * share >= limit) for limit in (50, 66, 80, 90, 95))


def test_the_centre_is_the_median_in_the_sentence_and_in_the_table() -> None:
    found = qc.assess(qc.load(as_of="2023-12-31"), "rd_intensity", draws=500)
    shown = level(found, found.median, "en")
    assert any(f"The median for 2025 is {shown}" in said for said in sentences.sentences(found, "en"))
    assert key_figures(found).loc["Median for 2025"].item() == shown


# the plan's own words


def test_the_page_of_every_target_has_the_plan_s_words_and_our_readings(shown: list[str]) -> None:
    data = qc.load()
    for row in data.targets.itertuples():
        assert bool(row.note) == bool(row.note_en), row.target_id
        a = qc.assess(data, row.target_id, plan=row.plan, draws=100)
        for lang, tail in (("zh", ""), ("en", "_en")):
            shown.clear()
            answer_section(data, a, lang)
            named = getattr(a.target, f"departments{tail}").split(";")
            words = [
                a.target.wording,
                a.target.section,
                getattr(a.target, f"note{tail}"),
                *map(str.strip, named),
            ]
            assert all(part in "\n".join(shown) for part in words), row.target_id


def test_the_descriptor_names_the_english_remarks() -> None:
    told = json.loads(Path("data/raw/datapackage.json").read_text("utf-8"))
    targets = next(resource for resource in told["resources"] if resource["path"] == "targets.csv")
    assert "note_en" in [field["name"] for field in targets["schema"]["fields"]]


# why a forecast is what it is


@pytest.fixture
def mixture(tmp_path: Path) -> Assessment:
    levels = dict(enumerate([50, 51, 53, 52, 55, 58], start=2017))
    return qc.assess(loaded(tmp_path, observations=figures(levels)), "goal")


def test_the_heaviest_kinds_and_the_year_that_matters_most_are_named(mixture: Assessment) -> None:
    english, chinese = (explained(mixture, EXPLANATION, lang) for lang in ("en", "zh"))
    assert "(20 %) is mostly a damped trend (40 %), then a moving level without trend (30 %)" in english[0]
    assert all(part in chinese[0] for part in ("占 20%", "逐渐减弱的趋势（40%）", "水平游走、无趋势（30%）"))
    assert {"2022", "55.5", "60"} <= numbers(english[2]) & numbers(chinese[2])
    table = without_table(mixture, EXPLANATION, "en")
    assert table.index.to_list() == ["none", "2019", "2022"]
    assert table.iloc[:, 1].to_list() == ["–", "−1", "−4.5"]


@pytest.mark.parametrize(
    ("last", "english", "chinese"),
    [
        (1.45, "45 % is expected to be repeated", "再延续其中的 45%"),
        (0.7, "30 % is expected to be lost again", "回吐其中的 30%"),
        (1.01, "neither to be repeated nor to be lost", "既不延续也不回吐"),
    ],
)
def test_what_becomes_of_an_extra_step(mixture: Assessment, last: float, english: str, chinese: str) -> None:
    changed = replace(EXPLANATION, last_value=last)
    assert english in explained(mixture, changed, "en")[1] and chinese in explained(mixture, changed, "zh")[1]


def test_a_median_moved_by_other_knowledge_is_said(mixture: Assessment) -> None:
    same, moved = (replace(EXPLANATION, median=(mixture.median or 0) + by) for by in (0, 5))
    assert len(explained(mixture, same, "en")) == 3
    assert "from the yearly figures alone" in explained(mixture, moved, "en")[3]


def test_a_page_explains_each_mixture_forecast_and_nothing_else(
    mixture: Assessment, shown: list[str]
) -> None:
    why(mixture, "en")
    assert shown[0].startswith("## Why the forecast is what it is")
    assert "structural model" in shown[1] and "year left out" in shown[2]
    shown.clear()
    why(replace(mixture, model="naive"), "en")
    assert shown == []
