"""Log-likelihoods and generation on the transformers backend, without work that is thrown away.

Answers are kept on disk by model, question and this version. Raise it with every change, here or in
backends/transformers_model.py, after which the same model may answer the same question differently: kept answers are
then no longer used, and results are made anew. tests/evaluation/test_versions.py fails where that is forgotten.
"""

ANSWERS_VERSION = 2
