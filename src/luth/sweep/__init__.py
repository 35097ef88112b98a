"""The search for the best merge: its recipe, its runs, its choice, its report."""
