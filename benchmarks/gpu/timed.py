"""Runs a training script in this process with a stopwatch, and with our attention where its recipe asks for it.

    python benchmarks/gpu/timed.py whole TIMES.json scripts/sft.py recipes/luth-0.6b.yaml
    python benchmarks/gpu/timed.py unsaved TIMES.json trl.scripts.sft --config recipe.yaml

`trl sft` does not know attn_implementation: varlen. Importing luth.training.attention registers it with transformers,
and then TRL trains with the very kernel that scripts/sft.py has. TIMES.json gets the seconds of every step, tokens a
second and the peak memory in bytes. `unsaved` leaves the script when its training is over.
"""

import json
import runpy
import sys
from pathlib import Path

from timing import StopAfterTraining, Stopwatch, TrainedEnough, peak_bytes, watch

import luth.training.attention  # noqa: F401


def main(until: str, times: str, script: str, *arguments: str) -> None:
    stopwatch = StopAfterTraining() if until == "unsaved" else Stopwatch()
    watch(stopwatch)
    sys.argv = [script, *arguments]
    try:
        if script.endswith(".py"):
            runpy.run_path(script, run_name="__main__")
        else:
            runpy.run_module(script, run_name="__main__", alter_sys=True)
    except TrainedEnough:
        pass
    finally:
        if stopwatch.seconds:
            found = {"seconds": stopwatch.seconds, "peak_memory_bytes": peak_bytes()}
            found |= {"card_memory_bytes": stopwatch.on_card}
            if len(stopwatch.seconds) > 3:
                found |= {"step_seconds": stopwatch.step_seconds, "tokens_per_second": stopwatch.tokens_per_second}
            Path(times).write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
