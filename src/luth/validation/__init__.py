"""Recipes checked before they run: by themselves, and against the Hub."""
