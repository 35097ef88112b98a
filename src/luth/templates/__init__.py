"""Chat templates for training, one a model family."""
