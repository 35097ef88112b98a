"""The child process that compares expressions by value; comparison.py starts it.

Each line that comes in is a JSON object, and each line that goes out is its answer: true or false for {"left": node,
"right": node, "up_to_factor": bool}, a float or null for {"value": node}. Nodes are those of parsing.py, as lists.

Two expressions are equal if they take equal values at every point tried, to `DIGITS` digits more than either writes.
This is identity testing (Schwartz 1980, Zippel 1979): it needs no rules of simplification, and in practice never calls
different expressions equal. Points are real, positive and negative. A point where either side is not real is left out,
so that ln(x²) = 2 ln x, while √(x²) ≠ x. The letters n, k and m stand for integers.
"""

import json
import math
import random
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
from mpmath import mp, mpc, mpf

DIGITS = 40
POINTS = 12
MEMORY = 2 * 2**30  # bytes
MAX_EXPONENT = 1e6
LONGEST = 60  # seconds


class Undefined(ArithmeticError):
    """The expression has no value, or one that is too large to write."""


def integer_part(value: Any) -> int:
    """Return a value as an integer, which it must be."""
    nearest = mpmath.nint(mpmath.re(value))
    if abs(value - nearest) > mpf(10) ** -30:
        raise Undefined("not an integer")
    return int(nearest)


def power(base: Any, exponent: Any) -> Any:
    """Return a power whose result is small enough to write."""
    if base == 0 and mpmath.re(exponent) <= 0:
        raise Undefined("0 to a power that is not positive") if exponent != 0 else Undefined("0^0")
    size = abs(mpmath.log(abs(base))) * abs(exponent) if base != 0 else mpf(0)
    if size > MAX_EXPONENT:
        raise Undefined("too large")
    if exponent == mpmath.nint(mpmath.re(exponent)):
        return base ** int(mpmath.re(exponent))
    return mpmath.power(base, exponent)


def root(value: Any, index: Any) -> Any:
    """Return the n-th root; for odd n, the real root of a negative number."""
    if mpmath.im(value) == 0 and mpmath.re(value) < 0 and integer_part(index) % 2:
        return -power(-mpmath.re(value), 1 / index)
    return power(value, 1 / index) if value != 0 else value


def factorial(value: Any) -> Any:
    """Return Γ(x + 1) for x up to 100,000 that is no negative integer."""
    if abs(value) > 1e5:
        raise Undefined("too large")
    return mpmath.gamma(value + 1)


def log(value: Any, base: Any = 10) -> Any:
    """Return a logarithm, by default of base 10."""
    return mpmath.log(value) / mpmath.log(base)


def rounded(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return floor or ceiling made safe from rounding errors in the last digits."""
    return lambda value: mpmath.nint(value) if abs(value - mpmath.nint(value)) < mpf(10) ** -30 else function(value)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{
        name: getattr(mpmath, name)
        for name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "exp")
    },
    **{f"arc{name}": getattr(mpmath, f"a{name}") for name in ("sin", "cos", "tan", "cot", "sec", "csc")},
    **{"sh": mpmath.sinh, "ch": mpmath.cosh, "th": mpmath.tanh, "ln": mpmath.log, "log": log, "abs": abs},
    **{"floor": rounded(mpmath.floor), "ceil": rounded(mpmath.ceil), "root": root, "sqrt": lambda x: root(x, mpf(2))},
    **{"min": min, "max": max},
    "gcd": lambda *n: mpf(math.gcd(*map(integer_part, n))),
    "lcm": lambda *n: mpf(math.lcm(*map(integer_part, n))),
    "binom": lambda n, k: mpmath.binomial(n, k),
}


def evaluate(node: list[Any], point: dict[str, Any]) -> Any:
    """Return the value of an expression at a point; raise ArithmeticError or ValueError if it has none."""
    kind, *parts = node
    if kind == "num":
        return mpf(parts[0])
    if kind == "sym":
        return point[parts[0]]
    if kind == "fn":
        return FUNCTIONS[parts[0]](*(evaluate(part, point) for part in parts[1:]))
    if kind not in OPERATIONS:
        raise Undefined(kind)
    return OPERATIONS[kind](*(evaluate(part, point) for part in parts))


OPERATIONS: dict[str, Callable[..., Any]] = {
    "+": lambda a, b: a + b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": power,
    "neg": lambda a: -a,
    "!": factorial,
    "deg": lambda a: a * mpmath.pi / 180,
}


def symbols(node: Any) -> Iterator[str]:
    """Yield the names in an expression."""
    if isinstance(node, list) and node:
        if node[0] == "sym":
            yield node[1]
        else:
            for part in node[1:]:
                yield from symbols(part)


def longest_number(node: Any) -> int:
    """Return the digits of the longest number in an expression."""
    if isinstance(node, list) and node:
        return len(node[1]) if node[0] == "num" else max((longest_number(part) for part in node[1:]), default=0)
    return 0


def points(names: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the points to try, as values by symbol; e, i and π keep their own values."""
    constants = {"e": mpmath.e, "i": mpc(0, 1), "\\pi": mpmath.pi}
    free = sorted(names - constants.keys())
    draw = random.Random(20826)
    for index in range(POINTS if free else 1):
        values = {}
        for name in free:
            if name in ("n", "k", "m"):
                values[name] = mpf(draw.randint(1, 40))
            else:
                sign = 1 if index % 3 == 0 else draw.choice((-1, 1))
                values[name] = sign * mpf(draw.randint(1, 10**12)) / 10**12 * draw.choice((1, 3, 10))
        yield constants | values


def values(left: list[Any], right: list[Any], digits: int) -> list[tuple[Any, Any]]:
    """Return both sides' values at each point where both have one; real pairs alone, if there are any."""
    mp.dps = digits
    names = {*symbols(left), *symbols(right)}
    pairs = []
    for point in points(names):
        try:
            pairs.append((mpc(evaluate(left, point)), mpc(evaluate(right, point))))
        except (ArithmeticError, ValueError, TypeError):
            continue
    real = [pair for pair in pairs if all(abs(value.imag) <= abs(value) * mpf(10) ** -(digits - 10) for value in pair)]
    return pairs if "i" in names or not real else real


def same(first: Any, second: Any, digits: int) -> bool:
    """Compare two values computed with `digits` digits, of which the last `DIGITS / 2` may be rounding."""
    if not (mpmath.isfinite(first) and mpmath.isfinite(second)):
        return False
    tolerance = mpf(10) ** -(digits - DIGITS // 2)
    return abs(first - second) <= tolerance * max(abs(first), abs(second), mpf(10) ** -DIGITS)


def equal(left: list[Any], right: list[Any], up_to_factor: bool) -> bool:
    """Tell whether two expressions are equal at every point, or have one ratio that is not 0 or infinite."""
    digits = 2 * DIGITS + longest_number(left) + longest_number(right)
    pairs = values(left, right, digits)
    if up_to_factor:
        pairs = [pair for pair in pairs if pair != (0, 0)]
        if not pairs or any(0 in pair for pair in pairs):
            return False
        left_0, right_0 = pairs[0]
        return all(same(a * right_0, b * left_0, digits) for a, b in pairs)
    return bool(pairs) and all(same(a, b, digits) for a, b in pairs)


def value(node: list[Any]) -> float | None:
    """Return the real value of an expression without unknowns."""
    mp.dps = 30
    try:
        result = mpc(evaluate(node, {"e": mpmath.e, "\\pi": mpmath.pi}))
        return float(result.real) if result.imag == 0 and mpmath.isfinite(result) else None
    except (ArithmeticError, ValueError, TypeError, KeyError):
        return None


def answer(request: dict[str, Any]) -> bool | float | None:
    """Answer one request; expressions that cannot be computed are not equal."""
    try:
        if "value" in request:
            return value(request["value"])
        return equal(request["left"], request["right"], request["up_to_factor"])
    except (ArithmeticError, ValueError, TypeError, KeyError, MemoryError, RecursionError):
        return None if "value" in request else False


def main() -> None:
    """Answer requests until the pipe closes. The argument is JSON: functions by their names in other languages."""
    FUNCTIONS.update({alias: FUNCTIONS[name] for alias, name in json.loads(sys.argv[1]).items()})
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    print("ready", flush=True)
    for line in sys.stdin:
        # The parent ends a slow worker; this ends one whose parent was killed meanwhile.
        signal.alarm(LONGEST)
        print(json.dumps(answer(json.loads(line))), flush=True)
        signal.alarm(0)


if __name__ == "__main__":
    main()
