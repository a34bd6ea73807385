"""Results in words: both languages say the same, and every code has its sentence."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import Any

import pytest
from packages import STEADY, changes, figure, figures, indicator, loaded, target
from test_assessment import CUT, answer, borrowing, two_definitions

from qcity_analysis.assessment.answer import SPOKEN, Assessment
from qcity_analysis.assessment.assess import assess
from qcity_analysis.catalogue import catalogue
from qcity_analysis.errors import Note
from qcity_analysis.reporting import describe

HOME = Path(describe.__file__).parents[1]


def situations(folder: Path) -> dict[str, Assessment]:
    """One assessment for each thing a reader can be told."""
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


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Assessment]:
    return situations(tmp_path_factory.mktemp("told"))


def numbers(text: str) -> set[str]:
    """The numbers of a text; a year may be named once in one language and twice in the other."""
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def all_said(found: Assessment, lang: str) -> list[str]:
    notes = [describe.note(note, lang) for note in found.notes]
    said = [describe.headline(found, lang), *describe.sentences(found, lang), *notes]
    return [*said, describe.reason(found, lang), describe.alt_text(found, lang), describe.ask(found, lang)]


def test_both_languages_say_the_same_numbers_in_every_situation(told: dict[str, Assessment]) -> None:
    for name, found in told.items():
        chinese, english = (all_said(found, lang) for lang in ("zh", "en"))
        assert len(chinese) == len(english), name
        for zh, en in zip(chinese, english, strict=True):
            assert numbers(zh) == numbers(en), (name, zh, en)


def test_no_sentence_has_an_unfilled_place_or_a_missing_value(told: dict[str, Assessment]) -> None:
    for found in told.values():
        for lang in ("zh", "en"):
            said = " ".join([*all_said(found, lang), describe.how_to_add(found, lang)])
            assert not re.search(r"[{}]|\bnan\b|None|<NA>", said), said


def test_every_sentence_of_a_borrowed_result_says_so(told: dict[str, Assessment]) -> None:
    part = told["borrowed part"]
    for lang, word in (("zh", "借用"), ("en", "orrowed")):
        said = [describe.headline(part, lang), *describe.sentences(part, lang), describe.alt_text(part, lang)]
        assert len(said) > 3
        for sentence in said:
            assert word in sentence, sentence


def test_a_headline_holds_the_probability_of_the_result(told: dict[str, Assessment]) -> None:
    found = told["forecast"]
    assert found.probability is not None
    assert f"{100 * found.probability:.0f} %" in describe.headline(found, "en")
    assert "at least 20 points in 2025" in describe.headline(found, "en")


def test_each_definition_has_its_own_answer_in_the_headline(told: dict[str, Assessment]) -> None:
    for lang in ("zh", "en"):
        said = describe.headline(told["definitions"], lang)
        for part in told["definitions"].parts:
            assert part.definition[f"name_{lang}"] in said


def entries() -> dict[str, dict[str, str]]:
    return catalogue("sentences")


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", sorted(entries()))
def test_every_entry_has_both_languages_with_the_same_places(key: str) -> None:
    entry = entries()[key]
    assert set(entry) == {"zh", "en"}
    # English alone needs a word for one year or several
    chinese, english = (
        {re.sub("_(zh|en)$", "", place) for place in places(entry[lang])} for lang in ("zh", "en")
    )
    assert chinese - {"unit"} == english - {"unit"}


def test_every_code_of_a_note_or_reason_in_the_source_has_its_sentence() -> None:
    files = [*HOME.glob("assessment/*.py"), *HOME.glob("series/*.py")]
    source = "".join(file.read_text("utf-8") for file in files)
    codes = set(re.findall(r'Note\(\s*"(\w+)"', source))
    codes |= {f"unused_{code}" for code in re.findall(r'reason\[.*\] = "(\w+)"', source)}
    codes |= {"only_bounds", "no_observation", *(f"wording_{code}" for code in SPOKEN)}
    assert len(codes) > 12
    missing = {code for code in codes if not {f"note_{code}", f"reason_{code}"} & set(entries())}
    assert missing == set()


def test_a_note_signs_its_changes() -> None:
    facts: dict[str, Any] = {"start": 2020, "end": 2021, "published": -2.0, "implied": 1.25}
    assert "−2 %" in describe.note(Note("conflict", facts), "en")
    assert "+1.2 %" in describe.note(Note("conflict", facts), "en")


def test_the_command_that_adds_a_figure_is_for_this_indicator_and_region(tmp_path: Path) -> None:
    data = loaded(tmp_path, targets=[target(**CUT)], indicators=[indicator("widgets")], observations=[])
    text = describe.how_to_add(assess(data, "goal"), "en")
    assert "qcity add widgets --region testville --period 2021 --value VALUE --measure change_pct" in text
