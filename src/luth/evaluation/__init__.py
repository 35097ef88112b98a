"""LightEval tasks, metrics and the run of an evaluation. All LightEval imports sit here."""
