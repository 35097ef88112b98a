"""Parsers of the scripts: one line for a mistake, help wherever it is asked for."""

import pytest

from luth.core.command_line import recipe_parser, script_parser, split
from luth.core.errors import UserError


def test_an_option_that_is_cut_short_is_refused(capsys):
    parser = script_parser("What it does.")
    assert parser.parse_args(["--debug"]).debug
    with pytest.raises(UserError) as error:
        parser.parse_args(["--verb"])
    assert error.value.code == "bad-argument" and "did you mean '--verbose'" in str(error.value)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ([], "recipe"),
        (["r.yaml", "--limt", "3"], "--limt (did you mean '--limit'?)"),
        (["r.yaml", "--limit", "three"], "--limit: invalid int value: 'three'"),
        (["r.yaml", "--kind=c"], "--kind: invalid choice: 'c'"),
        (["r.yaml", "another"], "another"),
        (["r.yaml", "--limit", "3", "--limit=4"], "--limit is given twice"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line_with_a_code(words, fact):
    parser = script_parser("What it does.")
    parser.add_argument("recipe")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--kind", choices=("a", "b"))
    with pytest.raises(UserError) as error:
        parser.parse_args(words)
    assert error.value.code == "bad-argument" and fact in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("words", [["--help"], ["r.yaml", "-h"], ["r.yaml", "--max_steps", "3", "--help"]])
def test_a_training_script_prints_its_help_wherever_it_is_asked_for(words, capsys):
    with pytest.raises(SystemExit) as stop:
        split(words, recipe_parser("What it does."))
    out = capsys.readouterr().out
    assert stop.value.code == 0 and "What it does." in out and "RECIPE [--KEY VALUE ...]" in out


def test_dashes_inside_an_option_are_underscores_and_values_stay():
    parser = script_parser(None)
    parser.add_argument("--base_url")
    parser.add_argument("--model", nargs="+", action="extend")
    words = ["--base-url=http://a-b:1/--c-d", "--model", "a-b", "--model", "c"]
    assert vars(parser.parse_args(words))["base_url"] == "http://a-b:1/--c-d"
    assert parser.parse_args(words).model == ["a-b", "c"]
    words = ["my-r.yaml", "--learning-rate", "-1e-5", "--output-dir=a-b"]
    assert split(words, recipe_parser(None)) == (
        "my-r.yaml",
        ["--learning_rate", "-1e-5", "--output_dir=a-b"],
    )


def test_the_recipe_comes_first():
    parser = recipe_parser(None)
    assert split(["r.yaml", "--max_steps", "3"], parser) == ("r.yaml", ["--max_steps", "3"])
    assert split(["--max_steps", "3", "--config", "r.yaml"], parser) == ("r.yaml", ["--max_steps", "3"])
    for words in ([], ["--preview", "2", "r.yaml"]):
        with pytest.raises(UserError) as error:
            split(words, parser)
        assert error.value.code == "bad-argument" and "RECIPE" in str(error.value)
