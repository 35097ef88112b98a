"""What every step uses: errors, recipes, files, locks, run.json, served models, text."""
