"""Recipes that make a small language model good at a language, keep its English, and prove it."""
