"""Numbers in sentences: as typed, with the digits that mean something, on their own side of the threshold."""

import json
from pathlib import Path

import pytest

import qcity_analysis as qc
from qcity_analysis.catalogue import catalogue
from qcity_analysis.reporting import describe, target_sections
from qcity_analysis.reporting.formatting import number, percent, signed, typed

TARGETS = [(row.plan, row.target_id) for row in qc.load().targets.itertuples()]


def read(shown: str) -> float:
    return float(shown.replace(",", "").replace("−", "-").replace("×10^", "e"))


@pytest.mark.parametrize("power", range(-12, 17))
@pytest.mark.parametrize("head", [1.5, 9.995, 3.25, 8.0])
@pytest.mark.parametrize("away", [1e-8, -1e-8, 1e-5, -1e-4, 0.003, -0.04, 0.5])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_stays_on_its_side_of_the_threshold(power, head, away, sign):
    mark = sign * float(f"{head}e{power}")
    value = mark * (1 + away)
    for shown in (number(value, [mark]), signed(value, [mark])):
        assert (read(shown) > mark, read(shown) < mark) == (value > mark, value < mark), (value, mark, shown)


@pytest.mark.parametrize(
    "text", ["0.0046", "99.95", "−3.25", "12.0", "1,100", "32,100,000", "0.10", "0.000012"]
)
def test_a_typed_figure_is_quoted_as_it_was_typed(text):
    assert typed(read(text), len(text.partition(".")[2])) == text


@pytest.mark.parametrize(
    "share", [0.0, 1e-9, 0.0999, 0.3301, 0.4999, 0.659, 0.797, 0.7999, 0.8996, 0.9499, 0.996, 1.0]
)
def test_a_probability_is_never_certain_nor_shown_to_reach_what_it_does_not(share):
    shown = percent(share, "zh")
    assert shown not in ("0%", "100%")
    if shown[0] not in "<>":
        for limit in (50, 66, 80, 90, 95):
            assert (float(shown[:-1]) >= limit) == (100 * share >= limit)


def test_no_text_says_that_nothing_was_published():
    claims = ("尚未公布", "未发布", "没有已公布", "从未公布", "没有公布", "只公布", "no published", "not published yet",
              "never published", "nothing was published", "nothing is published", "unpublished")  # fmt: skip
    for key, said in (catalogue("sentences") | catalogue()).items():
        assert not [claim for claim in claims for text in said.values() if claim in text.lower()], key


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_of_every_target_has_the_plan_s_words_and_our_readings(lang, shown):
    data = qc.load()
    for plan, target in TARGETS:
        shown.clear()
        found = qc.assess(data, target, plan=plan, draws=200)
        target_sections.answer(data, found, lang)
        page, row = "\n".join(shown), found.target
        assert row.wording in page and row.section in page, target
        assert (row.note_en if lang == "en" else row.note) in page, target
        named = row.departments_en if lang == "en" else row.departments
        assert all(name.strip() in page for name in named.split(";")), target


def test_remarks_are_in_both_languages():
    for row in qc.load().targets.itertuples():
        assert bool(row.note) == bool(row.note_en), row.target_id


def test_the_centre_is_the_median_in_the_sentence_and_in_the_table():
    found = qc.assess(qc.load(as_of="2023-12-31"), "rd_intensity", draws=500)
    shown = describe.level(found, found.median, "en")
    assert any(f"The median for 2025 is {shown}" in said for said in describe.sentences(found, "en"))
    from qcity_analysis.reporting.tables import key_figures

    assert key_figures(found).loc["Median for 2025"].item() == shown


def test_the_descriptor_names_the_english_remarks():
    told = json.loads(Path("data/raw/datapackage.json").read_text("utf-8"))
    targets = next(resource for resource in told["resources"] if resource["path"] == "targets.csv")
    assert "note_en" in [field["name"] for field in targets["schema"]["fields"]]
