"""Final answers of mathematics problems, in French and in English: extraction, notation, equivalence, metric."""
