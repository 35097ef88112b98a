"""The steps as scripts: `python scripts/NAME.py` in a checkout, `luth NAME` where the package is installed."""
