"""Families of generators for the demo's training conversations, one module a subject."""
