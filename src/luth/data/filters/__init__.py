"""Steps that keep or reject rows."""
