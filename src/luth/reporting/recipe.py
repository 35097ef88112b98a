"""The keys of a report recipe."""

from dataclasses import dataclass

from luth.core.errors import UserError
from luth.core.recipes import nearest


@dataclass
class ReportRecipe:
    """What a report compares.

    Parameters:
        base: the model that every difference is taken to.
        fine_tuned: the fine-tuned model's folder; its log history gives the loss curve.
        merged: the merge's folder.
        sweep: the output_dir of the sweep that chose the merge; its figures are shown. Null if none did.
        evaluation: the output_dir of the evaluation; of a sweep it is its folder `test`.
        groups: column names, each with its tasks; a group's score is the mean over all items of its tasks.
        french, english: the two groups whose differences are said in words first.
        french_likelihood, english_likelihood: the two groups of log-likelihoods, said next.
        prompts: questions whose answers are shown as the models give them.
        max_new_tokens: the longest such answer.
        output_dir: where report.md, results.json and the figures go.
    """

    base: str
    fine_tuned: str
    merged: str
    evaluation: str
    groups: dict[str, list[str]]
    french: str
    english: str
    french_likelihood: str
    english_likelihood: str
    prompts: list[str]
    max_new_tokens: int
    output_dir: str
    sweep: str | None = None

    def check(self) -> None:
        """Raise `UserError` for a group that is named but not defined, or empty, or a report without prompts."""
        for name in (self.french, self.english, self.french_likelihood, self.english_likelihood):
            if not self.groups.get(name):
                raise UserError(
                    "bad-recipe-value", f"groups: there is no group {name!r} with tasks{nearest(name, self.groups)}"
                )
        if not self.prompts:
            raise UserError("bad-recipe-value", "prompts: the list is empty: name at least one")
