"""What a fine-tuning will need before it runs: memory and time, by arithmetic from a recipe and a model's shape."""
