"""Checkers of verifiable instructions: IFEval (arXiv 2311.07911) and French M-IFEval (arXiv 2502.04688)."""
