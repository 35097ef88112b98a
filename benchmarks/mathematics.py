"""Hold the scoring of mathematics against Math-Verify's and LightEval's own test cases.

    python benchmarks/mathematics.py TEST_FILE... [--math-verify PYTHON]

Each TEST_FILE is one of theirs: tests/ of math-verify's source distribution on PyPI, lighteval's
tests/unit/metrics/test_extractive_match.py. Its lists of (gold, answer, expected) are read, none of its code is run.
Every case that is judged otherwise than its authors expect is printed; src/luth/evaluation/scoring/README.md says why.
--math-verify names a Python that has math-verify installed: its own verdicts are counted beside ours.
"""

import argparse
import ast
import json
import subprocess
import time
from pathlib import Path

from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc

from luth.evaluation.scoring.letters import stated_letter
from luth.evaluation.scoring.mathematics.extraction import final_answer
from luth.evaluation.scoring.mathematics.extractive_match import FinalAnswer
from luth.languages import reading

MATH_VERIFY = """
import json, sys
from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify
targets = [LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig()]
for gold, answer, *_ in json.load(sys.stdin):
    try:
        print(int(verify(parse(gold, targets), parse(answer, targets))))
    except Exception:
        print(0)
"""
LETTERS = "NativeLetters"


def cases(path: Path) -> list[tuple[str, str, int, bool]]:
    """Return (gold, answer, expected, whether it is about letters) of each literal case of a test file."""
    found = []
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        letters = LETTERS in ast.unparse(function)
        for decorator in function.decorator_list:
            if not (isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("parametrize")):
                continue
            names = [name.strip() for name in ast.literal_eval(decorator.args[0]).split(",")]
            if not isinstance(decorator.args[1], ast.List) or names[:2] != ["gold", "pred"]:
                continue
            for element in decorator.args[1].elts:
                assert isinstance(element, ast.Tuple)
                values = dict(zip(names, map(_literal, element.elts), strict=True))
                gold, answer, expected = values["gold"], values["pred"], values.get("expected", values.get("result"))
                if isinstance(gold, str) and isinstance(answer, str) and expected is not None:
                    found.append((gold, answer, int(expected), letters))
    return found


def _literal(node: ast.expr) -> str | int | None:
    """Return a literal's value; None for a text that is computed, and for an enumeration's member."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def ours(gold: str, answer: str, letters: bool) -> int:
    """Return our score of one case."""
    language = reading("en", "fr")
    if letters:
        return int(stated_letter(answer, [""] * 4, language) == stated_letter(gold, [""] * 4, language))
    golds = [gold, final_answer(gold, language) or gold]
    doc = Doc(task_name="cases", query="", choices=golds, gold_index=[0, 1])
    return FinalAnswer(language).compute(doc, ModelResponse(text=[answer]))


def main() -> None:
    """Print every difference, and how many cases each gets as expected."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--math-verify", metavar="PYTHON")
    arguments = parser.parse_args()
    found = list(dict.fromkeys(case for path in arguments.files for case in cases(path)))
    start = time.monotonic()
    scores = [ours(gold, answer, letters) for gold, answer, _, letters in found]
    seconds = time.monotonic() - start
    for (gold, answer, expected, _), score in zip(found, scores, strict=True):
        if score != expected:
            print(f"expected {expected}, ours {score}: gold {gold!r}, answer {answer[-300:]!r}")
    agree = sum(score == case[2] for case, score in zip(found, scores, strict=True))
    print(f"ours: {agree} of {len(found)} as expected, {seconds:.1f} s")
    if arguments.math_verify:
        start = time.monotonic()
        command = [arguments.math_verify, "-c", MATH_VERIFY]
        output = subprocess.run(command, input=json.dumps(found), capture_output=True, text=True, check=True).stdout
        seconds = time.monotonic() - start
        theirs = sum(int(line) == case[2] for line, case in zip(output.split(), found, strict=True))
        print(f"Math-Verify: {theirs} of {len(found)} as expected, {seconds:.1f} s with its imports")


if __name__ == "__main__":
    main()
