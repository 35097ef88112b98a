"""Statistics, tables and plots from the files that the steps leave."""
