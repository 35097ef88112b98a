"""The mixture, its files and its card."""
