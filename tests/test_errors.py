"""What an error says, and how."""

from __future__ import annotations

from qcity_analysis.errors import DataError, Problem, QcityError, did_you_mean, unknown


def test_a_problem_names_file_row_column_found_allowed_and_remedy() -> None:
    problem = Problem("a.csv", 7, "value", "abc", "a number", "write 3.48")
    assert str(problem) == "a.csv, row 7, column value: found 'abc'; allowed: a number; write 3.48"
    assert problem.to_dict() == {
        "file": "a.csv", "row": 7, "column": "value", "found": "abc", "allowed": "a number",
        "remedy": "write 3.48", "level": "error",
    }  # fmt: skip


def test_a_problem_of_the_whole_file_names_no_row() -> None:
    assert str(Problem("a.csv", None, None, "no such file", "a table", "create it")) == (
        "a.csv: found 'no such file'; allowed: a table; create it"
    )


def test_a_data_error_lists_every_problem_on_a_line_of_its_own() -> None:
    problems = [Problem("a.csv", row, "x", "", "a year", "add it") for row in (2, 3)]
    error = DataError(problems)
    assert isinstance(error, QcityError)
    assert str(error).splitlines() == ["2 problems in the data:", *(f"  {problem}" for problem in problems)]


def test_a_hint_is_given_only_for_a_word_that_is_close() -> None:
    assert did_you_mean("widgts", ["widgets", "gadgets"]) == ' Did you mean "widgets"?'
    assert did_you_mean("qqq", ["widgets", "gadgets"]) == ""


def test_a_long_list_of_names_is_cut_and_says_so() -> None:
    names = [f"name{k:02}" for k in range(20)]
    shown = ", ".join(names[:12])
    assert (
        str(unknown("target", "q", names))
        == f"unknown target 'q'. Known: {shown}, …. `qcity list` shows all."
    )
    assert str(unknown("target", "q", [])) == "unknown target 'q'. Known: none. `qcity list` shows all."
