"""Rows from the Hub or from files, as conversations."""
