"""Write train/generated.jsonl: French conversations from seeded families of generators.

    python recipes/demo/data/generate.py

The file is committed, so that it can be read where it lies; a test holds it equal to what this script writes.
"""

import json
import random
import re
from pathlib import Path

from families import formats, grammar, knowledge, mathematics, rewriting

SEED = 2510
MODULES = (knowledge, mathematics, grammar, rewriting, formats)
NO_BREAK = "\u00a0"


def typography(text: str) -> str:
    """Put a no-break space where French has one: before : ; ! ? » % €, after «, between thousands."""
    text = re.sub(r" (?=[:;!?»%€])", NO_BREAK, text)
    text = re.sub(r"(?<=«) ", NO_BREAK, text)
    return re.sub(r"(?<=\d) (?=\d{3}(?!\d))", NO_BREAK, text)


def rows() -> list[dict[str, object]]:
    """Return all rows, families mixed, in an order that depends on the seed alone."""
    made: list[dict[str, object]] = []
    for module in MODULES:
        for family in module.FAMILIES:
            topic = module.__name__.rsplit(".", 1)[-1]
            # Each family draws from a generator of its own: one edited family leaves the others as they were.
            for messages in family(random.Random(f"{SEED} {topic} {family.__name__}")):
                for message in messages:
                    message["content"] = typography(message["content"])
                made.append({"source": family.__name__, "topic": topic, "messages": messages})
    random.Random(SEED).shuffle(made)
    return made


def main() -> None:
    """Write the file beside this script."""
    path = Path(__file__).parent / "train" / "generated.jsonl"
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows())
    path.write_text(text, encoding="utf-8")
    print(f"{path}: {text.count(chr(10))} conversations")


if __name__ == "__main__":
    main()
