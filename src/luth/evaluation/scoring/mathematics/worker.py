"""The child process that compares expressions by value; comparison.py starts it.

Each line that comes in is a JSON object, and each line that goes out is its answer: true or false for {"left": node,
"right": node, "up_to_factor": bool}, a float or null for {"value": node}, true or false for {"value": node, "digits":
text, "places": int}. Nodes are those of parsing.py, as lists.

Two expressions are equal if they take equal values at every point tried, to more digits than either spans or writes.
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
LARGEST_SPAN = 10_000  # decimal places; values that span more are compared exactly (comparison.py) or not at all
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


def evaluate(node: list[Any], point: dict[str, Any], sizes: list[int]) -> Any:
    """Return the value of an expression at a point; raise ArithmeticError or ValueError if it has none.

    The decimal exponents of all values on the way are added to `sizes`.
    """
    kind, *parts = node
    if kind == "num":
        value = mpf(parts[0])
    elif kind == "sym":
        value = point[parts[0]]
    elif kind == "fn":
        arguments = [evaluate(part, point, sizes) for part in parts[1:]]
        value = FUNCTIONS[parts[0]](*arguments)
        if parts[0] in ("tanh", "th"):
            # tanh 200 differs from 1 by e^-400, which no value on the way shows.
            sizes.append(int(min(abs(arguments[0]), 2 * LARGEST_SPAN)))
    elif kind in OPERATIONS:
        value = OPERATIONS[kind](*(evaluate(part, point, sizes) for part in parts))
    else:
        raise Undefined(kind)
    if value != 0 and mpmath.isfinite(value):
        sizes.append(int(mpmath.mag(value) * math.log10(2)))
    return value


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


def precision(left: list[Any], right: list[Any], names: set[str]) -> tuple[int, list[dict[str, Any]]]:
    """Return how many decimal places either side's values may span, and the points where both sides have values.

    e^-500 and e^-501 differ from the 218th place on, 100! + 1 and 100! in the 158th digit.
    """
    mp.dps = DIGITS
    span, defined = 0, []
    for point in points(names):
        sizes: list[int] = []
        try:
            for side in (left, right):
                evaluate(side, point, sizes)
        except (ArithmeticError, ValueError, TypeError):
            continue
        widest = max(map(abs, sizes), default=0)
        if widest <= LARGEST_SPAN:
            span = max(span, widest)
            defined.append(point)
    return span, defined


def equal(left: list[Any], right: list[Any], up_to_factor: bool) -> bool:
    """Tell whether two expressions are equal at every point, or have one ratio that is not 0 or infinite.

    With s places spanned, values are computed to 80 + 4s digits or more, and differ if they do by 10^-(40 + 2s): what
    rounding leaves of a difference is smaller, what two different values leave of it in practice larger.
    """
    names = {*symbols(left), *symbols(right)}
    span, defined = precision(left, right, names)
    span *= 1 + up_to_factor
    written = longest_number(left) + longest_number(right)
    mp.dps = 2 * (DIGITS + 2 * span + written)
    tolerance = mpf(10) ** -(DIGITS + 2 * span + written)
    base: tuple[Any, Any] | None = None
    # Where some points give real values, those alone count.
    verdicts: dict[bool, bool] = {}
    for point in defined:
        try:
            pair = mpc(evaluate(left, point, [])), mpc(evaluate(right, point, []))
        except (ArithmeticError, ValueError, TypeError):
            continue
        if not all(map(mpmath.isfinite, pair)):
            return False
        if up_to_factor and max(map(abs, pair)) <= tolerance:
            continue
        counts = "i" in names or all(abs(value.imag) <= tolerance for value in pair)
        if up_to_factor:
            base = base or pair
            alike = min(map(abs, pair)) > tolerance and abs(pair[0] * base[1] - pair[1] * base[0]) <= tolerance
        else:
            alike = abs(pair[0] - pair[1]) <= tolerance
        if counts and not alike:
            return False
        verdicts[counts] = verdicts.get(counts, True) and alike
    return verdicts.get(True, verdicts.get(False, False))


def value(node: list[Any]) -> float | None:
    """Return the real value of an expression without unknowns."""
    mp.dps = 30
    try:
        result = mpc(evaluate(node, {"e": mpmath.e, "\\pi": mpmath.pi}, []))
        return float(result.real) if result.imag == 0 and mpmath.isfinite(result) else None
    except (ArithmeticError, ValueError, TypeError, KeyError):
        return None


def cut(node: list[Any], digits: str, places: int) -> bool:
    """Tell whether an exact real value is `digits` / 10^`places` when rounded or truncated at that place."""
    mp.dps = 2 * DIGITS + len(digits) + abs(places)
    scaled = mpc(evaluate(node, {"e": mpmath.e, "\\pi": mpmath.pi}, [])) * mpf(10) ** places
    near, written = mpf(10) ** -DIGITS, int(digits)
    if abs(scaled.imag) > near or not mpmath.isfinite(scaled) or (scaled.real < 0) != (written < 0):
        return False
    return -0.5 - near <= abs(scaled.real) - abs(written) < 1 - near


def answer(request: dict[str, Any]) -> bool | float | None:
    """Answer one request; expressions that cannot be computed are not equal."""
    try:
        if "digits" in request:
            return cut(request["value"], request["digits"], request["places"])
        if "value" in request:
            return value(request["value"])
        return equal(request["left"], request["right"], request["up_to_factor"])
    except (ArithmeticError, ValueError, TypeError, KeyError, MemoryError, RecursionError):
        return None if "value" in request and "digits" not in request else False


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
