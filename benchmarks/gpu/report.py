"""Verdicts on figures and steps, and the table of them. Standard library only."""

from typing import Any

# A step is what the worst of its figures is, in this order.
WORST = ("failed", "other", "as expected", "measured", "left out")


def verdict_of(said: dict[str, Any], expected: dict[str, Any] | None, known_card: bool) -> dict[str, Any]:
    """Return a figure with its verdict.

    Args:
        said: what the step's program said: name, and value, left_out or failed.
        expected: `low`, `high`, `anywhere` and `otherwise` of expected.toml, None where nothing is expected.
        known_card: expectations of speed and memory hold on this card.
    """
    if "value" not in said:
        return said | {"verdict": "left out" if "left_out" in said else "failed"}
    if expected is None or not (known_card or expected.get("anywhere")):
        return said | {"verdict": "measured"}
    low, high = expected.get("low"), expected.get("high")
    # A figure that is not a number lies in no range.
    inside = (low is None or said["value"] >= low) and (high is None or said["value"] <= high)
    more = {} if inside and said["value"] == said["value"] else {"otherwise": expected["otherwise"]}
    return said | {"low": low, "high": high, "verdict": "other" if more else "as expected"} | more


def verdict_of_step(found: dict[str, Any]) -> str:
    """Return the verdict on a step: how its program ended, then the worst of its figures."""
    if "left_out" in found:
        return "left out"
    verdicts = {figure["verdict"] for figure in found["figures"]}
    if found["why"] or not verdicts:
        return "failed"
    worst = next(verdict for verdict in WORST if verdict in verdicts)
    # Where nothing was expected, nothing is otherwise.
    return "as expected" if worst == "measured" else worst


def table(record: dict[str, Any]) -> str:
    """Return the results as a Markdown table, a figure a line."""
    machine = record["machine"]
    where = machine.get("card") or "a CPU, tiny models: nothing here is a measurement"
    driver = f", driver {machine['driver']}" if machine.get("driver") else ""
    # A CPU build's own name says nothing about the torch that it is.
    lines = [
        f"{where}{driver}; torch {machine['torch']}, transformers {record['packages'].get('transformers')}, "
        f"TRL {record['packages'].get('trl')}; {record['began']}, commit {(record['commit'] or 'unknown')[:10]}.",
        "",
        "| step | figure | measured | expected | verdict |",
        "| --- | --- | --- | --- | --- |",
    ]
    for step in record["steps"]:
        why = step.get("why") or step.get("left_out") or ""
        about, seconds = cell(step["about"]), step.get("seconds", 0)
        lines.append(f"| **{step['name']}** | {about} | {seconds:.0f} s | | {verdict(step, why)} |")
        for figure in step["figures"]:
            value = f"{figure['value']:,g}" if "value" in figure else ""
            why = figure.get("otherwise") or figure.get("left_out") or figure.get("failed") or ""
            lines.append(f"| | {cell(figure['name'])} | {value} | {span(figure)} | {verdict(figure, why)} |")
    return "\n".join(lines) + "\n"


def verdict(found: dict[str, Any], why: str) -> str:
    """Write a verdict, with its reason where there is one."""
    return f"{found['verdict']}{': ' + cell(why) if why else ''}"


def cell(text: str) -> str:
    """Make a text fit into a cell."""
    return " ".join(text.split()).replace("|", "\\|")


def span(figure: dict[str, Any]) -> str:
    """Write the range that a figure should lie in."""
    low, high = figure.get("low"), figure.get("high")
    if low is None and high is None:
        return ""
    if low is None:
        return f"at most {high:,g}"
    return f"{low:,g} to {high:,g}" if high is not None else f"at least {low:,g}"


def summary(record: dict[str, Any]) -> str:
    """Return one line: how many steps have which verdict."""
    verdicts = [step["verdict"] for step in record["steps"]]
    counts = [f"{verdicts.count(name)} {name}" for name in WORST if name in verdicts]
    return f"{len(verdicts)} steps: {', '.join(counts)}. Results:"
