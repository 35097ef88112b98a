"""What the code knows of each language."""
