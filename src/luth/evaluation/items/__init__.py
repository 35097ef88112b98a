"""A task's items: read from its dataset, checked row by row."""
