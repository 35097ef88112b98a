"""The LightEval metric of mathematics tasks."""

from lighteval.metrics.metrics_sample import SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc

from luth.evaluation.scoring.mathematics.equivalence import equivalent, is_list
from luth.evaluation.scoring.mathematics.extraction import boxes, final_answer, listed_answers
from luth.evaluation.scoring.mean_metric import mean_metric
from luth.languages import Language

LONGEST_ANSWER = 200  # characters; a gold that is longer is a solution, whose box a translation may have lost


class FinalAnswer(SampleLevelComputation):
    """1 if the final answer of what the model wrote is equivalent to a gold answer, else 0."""

    def __init__(self, language: Language) -> None:
        """Score answers written in `language`."""
        self.language = language

    def compute(self, doc: Doc, model_response: ModelResponse, **kwargs: object) -> int:
        """Score one answer against the golds of `doc`: final answers, or reference solutions that box theirs.

        Raises:
            RuntimeError: the process that compares mathematics cannot be started.
        """
        text = next(iter(model_response.final_text), None) or ""
        answer = final_answer(text, self.language)
        return int(answer is not None and any(self._right(answer, text, gold) for gold in doc.get_golds()))

    def _final(self, solution: str) -> str:
        """Return the answer of a reference solution: its last boxes as a list, unless they box one value twice."""
        last = final_answer(solution, self.language) or solution
        listed = listed_answers(solution, self.language)
        if listed is None or all(equivalent(part, last, self.language) for part in listed.split(" ; ")):
            return last
        return listed

    def _right(self, answer: str, text: str, gold: str) -> bool:
        if boxes(gold) or len(gold) > LONGEST_ANSWER:
            gold = self._final(gold)
        if equivalent(answer, gold, self.language):
            return True
        answers = listed_answers(text, self.language) if is_list(gold, self.language) else None
        return answers is not None and equivalent(answers, gold, self.language)


def extractive_match(language: Language) -> SampleLevelMetric:
    """Return the metric for answers in a language, under the name that LightEval gives to its own of this kind."""
    return mean_metric("extractive_match", FinalAnswer(language))
