"""The keys of a report recipe."""

from dataclasses import dataclass


@dataclass
class ReportRecipe:
    """What a report compares.

    Parameters:
        base: the model that every difference is taken to.
        fine_tuned: the fine-tuned model's folder; its log history gives the loss curve.
        merges: merged models' folders by the fine-tuned model's share, 0 to 1.
        evaluation: the output_dir of the evaluation.
        groups: column names, each with its tasks; a group's score is the mean over all items of its tasks.
        french, english: the two groups that are set against each other.
        french_likelihood, english_likelihood: the two groups of log-likelihoods.
        prompts: questions whose answers are shown as the models give them.
        max_new_tokens: the longest such answer.
        output_dir: where report.md, results.json and the figures go.
    """

    base: str
    fine_tuned: str
    merges: dict[float, str]
    evaluation: str
    groups: dict[str, list[str]]
    french: str
    english: str
    french_likelihood: str
    english_likelihood: str
    prompts: list[str]
    max_new_tokens: int
    output_dir: str
