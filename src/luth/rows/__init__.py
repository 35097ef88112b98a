"""Rows as people have them, for training and for building datasets: files, datasets, and forms of conversations."""
