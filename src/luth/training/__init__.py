"""Supervised fine-tuning on TRL: arguments, conversations, loss masks, trainer, checkpoints."""
