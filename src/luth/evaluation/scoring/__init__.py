"""Scoring that LightEval lacks, one benchmark family a package."""
