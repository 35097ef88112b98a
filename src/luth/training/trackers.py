"""The trackers that `report_to` may name."""

from transformers.integrations.integration_utils import (
    INTEGRATION_TO_CALLBACK,
    get_available_reporting_integrations,
)

from luth.core.errors import UserError
from luth.core.recipes import nearest

# The callbacks of all trackers by name, transformers' own table: a tracker that is added to it works in every recipe.
TRACKERS = INTEGRATION_TO_CALLBACK
# transformers does not say whether these are installed.
UNCHECKED = ("flyte",)


def require_trackers(names: list[str]) -> None:
    """Raise `UserError` for a tracker that does not exist, or whose package is not installed."""
    for name in names:
        if name not in TRACKERS:
            raise UserError("bad-recipe-value", f"report_to: no tracker is called {name!r}{nearest(name, TRACKERS)}")
        theirs = TRACKERS[name].__module__.startswith("transformers.")
        if theirs and name not in (*UNCHECKED, *get_available_reporting_integrations()):
            raise UserError("package-missing", f"report_to: {name} is not installed: pip install {name}")
