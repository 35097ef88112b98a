"""Merging: what MergeKit is given and what it must give back."""
