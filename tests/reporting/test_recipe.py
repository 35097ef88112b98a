"""What a report's recipe may not say: each mistake one line, before anything is read."""

import pytest


@pytest.mark.parametrize(
    ("changes", "code", "facts"),
    [
        ({"kept": ["Englsh"]}, "bad-recipe-value", ("kept", "'Englsh'", "did you mean 'English'")),
        ({"gained": [], "kept": []}, "bad-recipe-value", ("gained, kept",)),
        ({"kept": ["French"]}, "bad-recipe-value", ("gained, kept", "'French'")),
        ({"groups": {"French": []}}, "bad-recipe-value", ("groups",)),
        ({"models": []}, "bad-recipe-value", ("models",)),
        ({"models": ["org/tuned", "org/base/"]}, "bad-recipe-value", ("base, models", "'org/base'")),
        ({"names": {"org/tunde": "ours"}}, "bad-recipe-value", ("names", "did you mean 'org/tuned'")),
        ({"names": {"org/base": "one", "org/tuned": "one"}}, "bad-recipe-value", ("names", "'one'")),
        (
            {"groups": {"French": ["choice_fr"], "English": ["choice_en"], "choice_en": ["choice_fr", "said_fr"]}},
            "bad-recipe-value",
            ("groups", "'choice_en'"),
        ),
        ({"sweep": "out/sweep"}, "bad-recipe-value", ("models", "out/sweep/winner")),
        ({"prompts": ["Bonjour"]}, "bad-recipe-value", ("prompts", "'max_new_tokens'")),
        ({"prompts": ["Bonjour"], "max_new_tokens": 0}, "bad-recipe-value", ("max_new_tokens: 0",)),
        # The keys of before are keys that nobody knows.
        ({"french": "French"}, "bad-recipe-key", ("'french'",)),
        ({"french_likelihood": "Answers"}, "bad-recipe-key", ("'french_likelihood'",)),
        ({"gain": ["French"]}, "bad-recipe-key", ("'gain'", "did you mean 'gained'")),
        ({"models": None, "model": "org/tuned"}, "bad-recipe-key", ("'model'", "did you mean 'models'")),
    ],
)
def test_mistakes_in_one_line(report_recipe, run, tmp_path, changes, code, facts):
    exit_code, out, err = run("report", report_recipe(**changes))
    assert exit_code == 2 and out == "" and f"[{code}]" in err and len(err.strip().split("\n")) == 1
    assert all(fact in err for fact in facts), err
    assert not (tmp_path / "report").exists()
