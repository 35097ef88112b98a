"""What models are asked about rows: translations, answers, verdicts."""
