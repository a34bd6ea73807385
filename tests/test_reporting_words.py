"""Results in words: both languages say the same, every code has its sentence, and no number crosses its threshold."""

import json
import re
from dataclasses import replace
from functools import cache
from html import escape, unescape
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from matplotlib.text import Text
from packages import CUT, PERCENT, STEADY, answer, borrowing, changes, figures, packed, run, two_definitions

import qcity_analysis as qc
from qcity_analysis.assessment.answer import SPOKEN
from qcity_analysis.catalogue import LANGUAGES, catalogue, text
from qcity_analysis.errors import Note
from qcity_analysis.forecasting.mixture import Explanation
from qcity_analysis.reporting import sections, sentences
from qcity_analysis.reporting.analyses import why_block
from qcity_analysis.reporting.figures import Picture
from qcity_analysis.reporting.formatting import number, percent, signed
from qcity_analysis.reporting.show import card
from qcity_analysis.targets import find_target

HOME = Path(sentences.__file__).parents[1]
SHARES = {"constant mean": 0.1, "moving level": 0.3, "damped trend": 0.4, "trend": 0.2}
EXPLANATION = Explanation(SHARES, 1.45, pd.Series({2019: 59.0, 2022: 55.5}), 60.0, 0.2)


def of(kind, direction="at_least", threshold=0, **cells):
    return {"kind": kind, "direction": direction, "threshold": threshold, "base_year": 2020} | cells


STEADILY, COUNTED = run(2016, STEADY.values()), {"support": "count", "unit": "items"}
CUT_SO_FAR, LATER = changes({2021: -3, 2022: -3.5, 2023: -2.9}), run(2016, [*STEADY.values(), 21.5])
CASES = {  # a target, its figures and its indicator, for each thing a reader can be told and each kind
    "forecast": ({}, STEADILY), "about": ({"commitment": "about", "tolerance": 1}, STEADILY),
    "reached": ({"threshold": 12}, STEADILY), "change": (CUT, CUT_SO_FAR), "met": ({"deadline": 2023}, LATER),
    "none": ({}, []), "missed": ({"deadline": 2023, "threshold": 30}, LATER),
    "awaiting": ({"deadline": 2023}, STEADILY), "short": ({}, run(2021, [3])),
    "rank": ({"kind": "rank", "threshold": 3}, STEADILY), "growth": (of("average_growth", threshold=5), STEADILY),
    "at most": ({"direction": "at_most", "threshold": 5}, run(2015, [9, 8.6, 8.1, 7.7, 7.4, 7, 6.5, 6.1])),
    "each year": (of("every_year", threshold=14, base_year=2022), STEADILY),
    "monotone": (of("monotone", "increase_every_year", base_year=2021), STEADILY),
    "direction": (of("direction", "increase", base_year=2021), STEADILY),
    "coverage": (of("coverage", threshold=100, unit="%"), run(2018, [70, 75, 80, 86, 90]), PERCENT),
    "total": (of("cumulative", threshold=60), run(2021, [10, 12, 11], "count_new"), COUNTED),
    "events": (of("zero_event", "at_most", base_year=2023), run(2019, [1, 0, 0, 1, 0], "count_new"), COUNTED),
    "close": ({"threshold": 19.4}, STEADILY),
}  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """One answer for each thing a reader can be told."""
    folder = tmp_path_factory.mktemp("told")
    data = packed(folder / "cases", CASES.values())
    made = {name: qc.assess(data, f"w{k}", draws=200) for k, name in enumerate(CASES)}
    lent = borrowing(folder / "borrowed", {2021: 9.0})
    definitions = two_definitions(folder / "definitions", {2021: 5.0, 2022: 5.2, 2023: 5.5})
    made |= {"borrowed": lent, "borrowed part": lent.parts[0]}
    return made | {"definitions": definitions, "old definition": definitions.parts[0]}


def numbers(text):
    """The numbers of a text; a year may be named once in one language and twice in the other."""
    return set(re.findall(r"\d+(?:\.\d+)?", text))


def result_in_words(a, lang):
    return [sentences.headline(a, lang), *sentences.sentences(a, lang), sentences.alt_text(a, lang)]


def test_both_languages_say_the_same_numbers_and_leave_no_place_unfilled(told):
    for name, a in told.items():
        lines = {}
        for lang in ("zh", "en"):
            more = [way(a, lang) for way in (sentences.ask, sentences.finding, sentences.figure_title, card)]
            more += [sentences.note(note, lang) for note in a.notes] + [sentences.reason(a.reason, lang)]
            lines[lang] = [*result_in_words(a, lang), *more]
            for line in (*lines[lang], sentences.how_to_add(a, lang)):
                assert not re.search(r"[{}]|\bnan\b|None|<NA>", line), line
        for zh, en in zip(lines["zh"], lines["en"], strict=True):
            assert numbers(zh) == numbers(en), (name, zh, en)


def test_a_headline_holds_the_answers_and_every_sentence_of_a_borrowed_result_says_so(told):
    found, said = told["forecast"], sentences.headline(told["forecast"], "en")
    assert f"{100 * found.probability:.0f} %" in said and "at least 20 points in 2025" in said
    for lang, word in (("zh", "参考"), ("en", "eference")):
        said = sentences.headline(told["definitions"], lang)
        assert all(part.definition[f"name_{lang}"] in said for part in told["definitions"].parts)
        lines = result_in_words(told["borrowed part"], lang)
        assert len(lines) > 3 and all(word in line for line in lines)


CLAIMS = "尚未公布|未发布|没有已公布|从未公布|没有公布|只公布|no published|not published yet"
CLAIMS += "|never published|nothing was published|nothing is published|unpublished"


@pytest.mark.parametrize("part", ["columns", "problems", "sentences", "texts"])
def test_every_entry_has_both_languages_with_the_same_places_and_none_says_nothing_was_published(part):
    assert [key for key, entry in catalogue(part).items() if entry.keys() - {"level"} != {*LANGUAGES}] == []
    for key, entry in catalogue(part).items():
        named = {lang: re.findall(r"{(\w+)", entry[lang]) for lang in ("zh", "en")}
        zh, en = ({re.sub("_(zh|en)$", "", name) for name in named[lang]} for lang in ("zh", "en"))
        assert zh - {"unit"} == en - {"unit"}, key  # English alone needs a word for one year or several
        assert not [words for words in entry.values() if re.search(CLAIMS, words.lower())], key


def test_every_code_of_a_note_or_reason_in_the_source_has_its_sentence():
    files = [*HOME.glob("assessment/*.py"), *HOME.glob("series/*.py")]
    source = "".join(file.read_text("utf-8") for file in files)
    codes = set(re.findall(r'Note\(\s*"(\w+)"', source))
    codes |= {f"unused_{code}" for code in re.findall(r'reason\[.*\] = "(\w+)"', source)}
    codes |= {"only_bounds", "no_observation", *(f"wording_{code}" for code in SPOKEN)}
    written = {re.sub("^(note|reason)_", "", key) for key in catalogue("sentences")}
    assert len(codes) > 12 and codes <= written


def test_a_note_signs_its_changes_and_the_command_that_adds_a_figure_is_for_this_indicator(tmp_path):
    conflict = Note("conflict", {"start": 2020, "end": 2021, "published": -2.0, "implied": 1.25})
    assert re.search(r"−2 %.*\+1.2 %", sentences.note(conflict, "en"))
    large = {"year": 2021, "shown": 18526.4, "computed": 18520.0}
    assert "18,526.4, computed" in sentences.note(Note("derived_conflict", large), "en")
    text = sentences.how_to_add(answer(tmp_path, CUT, observations=[]), "en")
    assert "qcity add widgets --region testville --period 2021 --value VALUE --measure change_pct" in text


# numbers
def read(shown):
    return float(shown.replace(",", "").replace("−", "-").replace("×10^", "e"))


@pytest.mark.parametrize("power", range(-12, 17))
def test_a_number_stays_on_its_side_of_the_threshold(power):
    for head in (1.5, 9.995, 3.25, 8.0, -1.5, -9.995, -3.25, -8.0):
        mark = float(f"{head}e{power}")
        for value in (mark * (1 + away) for away in (1e-8, -1e-8, 1e-5, -1e-4, 0.003, -0.04, 0.5)):
            for shown in (number(value, [mark]), signed(value, [mark])):
                sides = (read(shown) > mark, read(shown) < mark)
                assert sides == (value > mark, value < mark), (value, mark, shown)


def test_a_probability_is_never_certain_nor_shown_to_reach_what_it_does_not():
    for share in [0.0, 1e-9, 0.0999, 0.3301, 0.4999, 0.659, 0.797, 0.7999, 0.8996, 0.9499, 0.996, 1.0]:
        shown = percent(share, "zh")
        assert shown not in ("0%", "100%")
        for limit in (50, 66, 80, 90, 95) if shown[0] not in "<>" else ():
            assert (float(shown[:-1]) >= limit) == (100 * share >= limit)


CENTRE = {"value": "centre", "low": "low", "high": "high"}
SAID = {  # what a page says, and which quantity its places say; parts between | are cells of one row
    **{f"expected{kind}": CENTRE for kind in ("", "_only", "_cumulative", "_direction", "_events", "_rank")},
    "alt_forecast": {"probability": "chance"} | CENTRE, "drawn|figure_title": CENTRE, "find_forecast": {},
    "drawn|target_line": {"value": "asked"}, "alt_sensitivity": {"asked": "chance", "flips": "flips"},
    **{f"head_{name}": {"probability": "chance"} for name in ("forecast", "overdue", "by_reference", "by_outside")},
    **{f"basis_{name}": {"value": f"by {name}"} for name in ("figures", "outside", "both", "reference")},
    "headline_both": {"figures": "by figures", "outside": "by outside"}, "rules_counted": {"yes": "yes", "no": "no"},
    "why_moved": {"final": "centre", "until": "moved until"}, "why_year": {"median": "centre by years"},
    **dict.fromkeys(("changed_moved", "changed_flipped"), {"after": "chance"}), "attained_some": {"year": "even"},
    "pace": {"sofar": "so far", "needed": "pace", "level": "aim"}, "move_needed": {"pace": "pace", "bound": "aim"},
    "tally": {"count": "count", "needed": "missing"}, "move_month": {"count": "count", "needed": "missing"},
    "k_so_far|pace_shown": {"pace": "so far"}, "k_needed|pace_shown": {"pace": "pace"}, "sens_flip": {"flips": "flips"},
    "k_last|in_year": {"value": "level of {year}"}, "k_last|counted_by": {"value": "count"},
    "|v_asked|{chance}|{word}|v_asked": {"chance": "chance", "word": "word"}, "even|{year}": {"year": "even"},
    "rules_ours|{word}|{chance}|qcity_analysis": {"chance": "chance", "word": "word"},
    **{key: {"value": "outcome"} for key in catalogue("sentences") if re.match("find_(met|missed)", key)},
    **{f"asks|{key}": {"value": "asked"} for key in catalogue("sentences") if key.startswith("ask_")},
}  # fmt: skip
ANY = r"(?:(?![.] )[^;；。\t])+?"  # what a place holds: no end of a sentence or of a cell


@cache
def patterns(lang, region):
    """Of each key of SAID its pattern, the names of its places, and their quantities; those of most words first."""
    words, gap, found = catalogue("sentences") | catalogue(), "" if lang == "zh" else " ", []
    how = "|".join(entry[lang] for key, entry in words.items() if key.startswith("will_"))
    known = {"region": region, "year": r"\d{4}", "word": f"{how}|"}
    lines = {key: "\t".join(words.get(part, {lang: part})[lang] for part in key.split("|")) for key in SAID}
    for key, line in sorted(lines.items(), key=lambda one: -len(re.sub("{.*?}", "", one[1]))):
        cut = re.split(r"\\{(\w+)\\}", re.escape(line.replace(" ", gap)))
        cut[1::2] = ["(" + known.get(name, ANY) + ")" for name in cut[1::2]]
        found.append((re.compile("".join(cut)), re.findall(r"{(\w+)}", line), SAID[key]))
    return found


def read_line(line, known, found):
    """Add the values of quantities that a line says to those `found`."""
    for pattern, names, places in patterns(*known):
        if match := pattern.fullmatch(line):
            values = dict(zip(names, match.groups(), strict=True))
            for name in values.keys() & places:
                own = re.sub("[（(].*", "", values[name]).strip()  # a change with its level beside it
                own = min(numbers(own), default="") if places[name] == "asked" else own
                found.setdefault(places[name].format(**values), set()).add(own)
            return read_line(f"asks\t{values['ask']}", known, found) if "ask" in values else None


def quantities(lines, known):
    """What lines and HTML say of each quantity, in a language and of a region."""
    page, found = re.sub("</(dt|t[dh])><(dd|t[dh])[^>]*>", "\t", "\n".join(lines)), {}
    page, gap = unescape(re.sub("<[^>]+>", "\n", page)), "" if known[0] == "zh" else " "
    for way in (r"\n", r"\n|(?<=。)|(?<=\.) (?=[A-Z])"):
        for line in re.split(way, page):
            read_line(line.strip(" ").replace(" ", gap), known, found)
    return found


def once(way):
    """The same function, computed the first time only: both languages are shown from one result."""
    kept = []
    return lambda *given, **options: (kept or [kept.append(way(*given, **options)), *kept])[-1]


def show_page(a, lang, shown, whole):
    """All lines of a page, also what is folded or described, and what is drawn; `whole` with what takes long."""
    shown.clear()
    with_data = ["answer", "outlook", *(["sensitivity", "changed"] if whole and a.role == "main" else [])]
    for section in (*with_data, "picture", "rules", "why", "numbers", "add", "sources", "notes"):
        getattr(sections, section)(*([a.data] if section in with_data else []), a, lang)
    drawn = [label for one in shown if isinstance(one, Picture) for label in one.figure.findobj(Text)]
    lines = [shown.words(), shown.front["answer"], *re.findall('aria-label="(.*?)"', shown.words())]
    unlike = a.target.kind in sentences.BY_STEP and "target"  # a step is asked for, and a level drawn
    return lines, [label for label in drawn if label.get_visible() and label.get_gid() != unlike]


def agrees(a, shown, monkeypatch, whole=True):
    """The page fills every place and says one number of each quantity: words, tables, strip and fan together."""
    with monkeypatch.context() as patch:
        for way in ("look_ahead", "vary", "explain_change"):
            patch.setattr(sections, way, once(getattr(sections, way)))
        pages = {lang: show_page(a, lang, shown, whole) for lang in ("zh", "en")}
    for lang, (lines, drawn) in pages.items():
        assert not re.search(r"[{}]|\bnan\b|None", lines[0]), a
        told = ["drawn\t" + label.get_text().replace("\n", " " * (lang == "en")) for label in drawn]
        said = quantities(lines + told, (lang, a.region_names[lang]))
        assert a.basis != "reference" or lines[0].count('class="meter"') == 2, a  # it and its panel
        if len(a.by_definition()) > 1:
            continue
        assert {name: values for name, values in said.items() if len(values) > 1} == {}, a
        if a.status == "forecast":
            assert {"chance", "centre", "low", "high"} <= set(said), a
            assert f"<b>{escape(*said['chance'])}</b>" in lines[0]
            assert said["chance"] == said.get(f"by {a.basis}", said["chance"]), a
            votes = {f"{lines[0].count(f'>{text(key, lang)}</td>')}" for key in ("rule_yes", "rule_no")}
            assert said.get("yes", votes) | said.get("no", votes) == votes, a
            assert "moved until" in said or said["centre"] == said.get("centre by years", said["centre"]), a
        dots = sorted((float(x) - 4) / 2.944 for x in re.findall(r'class="dot.*?" cx="([\d.]+)"', lines[0]))
        table = lines[0].partition('class="qcity strip"')[2].partition("</table>")[0]
        shares = sorted(float(share) for share in re.findall(r'nowrap">[<>]?([\d.]+) ?%', unescape(table)))
        assert dots == pytest.approx(shares, abs=1), a
        turned = {table.count('"dot flip"'), table.count(f">{text('v_flips', lang)}<")}
        assert set(map(int, said.get("flips", "0"))) == turned, a
        ends = sorted((label for label in drawn if label.get_gid() == "end"), key=lambda label: label.xy[1])
        if len(ends) == 3 and not a.target.relative:
            shown_too = [re.search(r"[−\d.,]+", *said[name])[0] for name in ("low", "centre", "high")]
            assert shown_too == [label.get_text() for label in ends], a


@pytest.mark.slow
def test_every_number_said_of_one_quantity_is_the_same_on_a_page_of_any_kind(told, shown, monkeypatch):
    for name in CASES:
        agrees(told[name], shown, monkeypatch, whole=name in ("rank", "total", "close"))
    assert '"dot flip"' in shown.words()  # of the close one


@pytest.mark.parametrize("name", [
    *("governor_quality_award_rank", "five_g_coverage", "energy_intensity", "national_standards"),
    *("major_quality_accidents", "construction_pass"), pytest.param("", marks=pytest.mark.slow),
])  # fmt: skip
def test_so_it_is_on_the_page_of_a_shipped_target(name, shown, monkeypatch):
    data = qc.load(as_of="2024-06-30")
    assert (rows := [row for row in data.targets.itertuples() if name in row.target_id])
    for row in rows:
        a = qc.assess(data, row.target_id, plan=row.plan, draws=200)
        for part in (a, *(part for part in a.parts if part.role == "definition")):
            agrees(part, shown, monkeypatch)


def test_every_target_has_the_plan_s_words_and_our_readings():
    data = qc.load()
    for row in data.targets.itertuples():
        assert bool(row.note) == bool(row.note_en), row.target_id
        asked = SimpleNamespace(target=find_target(data, row.target_id, row.plan))
        for lang, tail in (("zh", ""), ("en", "_en")):
            words = [row.wording, row.section if lang == "zh" else "", getattr(row, f"note{tail}")]
            words += map(str.strip, getattr(row, f"departments{tail}").split(";"))
            lines = [*sentences.plan_reading(asked, lang), *asked.target.responsible(lang)]
            lines = "\n".join([*lines, sentences.plan_quote(asked, lang)])
            assert all(part in lines for part in words), row.target_id
    described = json.loads(Path("data/raw/datapackage.json").read_text("utf-8"))["resources"]
    (fields,) = [one["schema"]["fields"] for one in described if one["path"] == "targets.csv"]
    assert "note_en" in [field["name"] for field in fields]


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    rows = dict(enumerate([50, 51, 53, 52, 55, 58], start=2017))
    return answer(tmp_path_factory.mktemp("mixture"), observations=figures(rows))


def explained(mixture, lang, **changes):
    return why_block(mixture, replace(EXPLANATION, **changes), lang).lines


def test_the_heaviest_kinds_and_the_year_that_matters_most_are_named(mixture):
    english, chinese = (explained(mixture, lang) for lang in ("en", "zh"))
    assert "(20 %) is mostly a damped trend (40 %), then a moving level without trend (30 %)" in english[0]
    assert all(part in chinese[0] for part in ("占 20%", "逐渐减弱的趋势（40%）", "水平游走、无趋势（30%）"))
    assert {"2022", "55.5", "60"} <= numbers(english[2]) & numbers(chinese[2])
    (table,) = why_block(mixture, EXPLANATION, "en").tables.values()
    assert table.index.to_list() == ["none", "2019", "2022"]
    assert table.iloc[:, 1].to_list() == ["–", "−1.0", "−4.5"]


def test_what_becomes_of_an_extra_step_and_a_median_moved_by_other_knowledge_are_said(mixture, shown):
    for last, english, chinese in ((1.45, "45 % is expected to be repeated", "再延续其中的 45%"),
            (0.7, "30 % is expected to be lost again", "退回其中的 30%"),
            (1.01, "neither to be repeated nor to be lost", "既不延续也不退回")):  # fmt: skip
        assert english in explained(mixture, "en", last_value=last)[1]
        assert chinese in explained(mixture, "zh", last_value=last)[1]
    assert len(explained(mixture, "en", median=mixture.median)) == 3
    assert "from the yearly figures alone" in explained(mixture, "en", median=mixture.median + 5)[3]
    sections.why(replace(mixture, model="naive"), "en")
    assert shown == []  # no other model is explained
