"""Scoring that LightEval lacks, one benchmark family a package.

Results are kept by this version. Raise it with every change of the scoring, of tasks/, of luth/languages/ or of
backends/thinking.py after which an answer may get another score: results are then made anew, from the kept answers.
tests/evaluation/test_versions.py fails where that is forgotten.
"""

SCORING_VERSION = 2
