"""LightEval task definitions, one file a benchmark."""
