"""Final answers of mathematics problems: extraction, notation, equivalence, metric."""

from luth.evaluation.scoring.mathematics.equivalence import equivalent
from luth.evaluation.scoring.mathematics.extraction import final_answer

__all__ = ["equivalent", "final_answer"]
