"""Write train/generated/TOPIC.jsonl: French conversations from seeded families of generators, one module a topic.

    python recipes/demo/data/generate.py

The files are committed, so that they can be read where they lie; a test holds them equal to what this script writes.
"""

import json
import random
import re
from pathlib import Path

from families import formats, grammar, knowledge, mathematics, reading, reasoning, rewriting

SEED = 2510
MODULES = (knowledge, reading, reasoning, mathematics, grammar, rewriting, formats)
NO_BREAK = "\u00a0"


def typography(text: str) -> str:
    """Put a no-break space where French has one: before : ; ! ? » % €, after «, between thousands."""
    text = re.sub(r" (?=[:;!?»%€])", NO_BREAK, text)
    text = re.sub(r"(?<=«) ", NO_BREAK, text)
    return re.sub(r"(?<=\d) (?=\d{3}(?!\d))", NO_BREAK, text)


def rows() -> dict[str, list[dict[str, object]]]:
    """Return the rows of every topic, its families mixed, in an order that depends on the seed alone."""
    made: dict[str, list[dict[str, object]]] = {}
    for module in MODULES:
        topic = module.__name__.rsplit(".", 1)[-1]
        made[topic] = []
        for family in module.FAMILIES:
            # Each family draws from a generator of its own: one edited family leaves the others as they were.
            for messages in family(random.Random(f"{SEED} {topic} {family.__name__}")):
                for message in messages:
                    message["content"] = typography(message["content"])
                made[topic].append({"source": family.__name__, "topic": topic, "messages": messages})
        random.Random(SEED).shuffle(made[topic])
    return made


def main() -> None:
    """Write the files beside this script."""
    folder = Path(__file__).parent / "train" / "generated"
    folder.mkdir(exist_ok=True)
    for topic, conversations in rows().items():
        path = folder / f"{topic}.jsonl"
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in conversations)
        path.write_text(text, encoding="utf-8")
        print(f"{path}: {len(conversations)} conversations")


if __name__ == "__main__":
    main()
