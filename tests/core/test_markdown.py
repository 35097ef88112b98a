import pytest

from luth.core.markdown import table


def test_a_cell_stays_one_cell_and_numbers_stand_right():
    assert table(["model", "task", "n"], [["a|b", "two\nlines", 3], ("c", "", None)], left=2) == (
        "| model | task | n |\n| --- | --- | ---: |\n| a\\|b | two lines | 3 |\n| c |  | None |"
    )
    assert table(["only"], iter([])) == "| only |\n| --- |"


def test_a_row_of_another_length_is_a_fault():
    with pytest.raises(ValueError, match="3 cells under 2"):
        table(["a", "b"], [[1, 2, 3]])
