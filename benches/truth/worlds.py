"""Worlds whose truth is known: columns of training and production data with and without a shift."""

import math
from bisect import bisect
from itertools import accumulate

MISSING = ""


def normal(random, shift=0.0):
    return lambda: random.gauss(shift, 1.0)


def rounded(random, digits, shift=0.0):
    """Numbers with so many decimals; 0.5 is added so that one of them is not in the middle."""
    return lambda: round(random.gauss(0.5 + shift, 1.0), digits)


def heavy(random, shift=0.0):
    """Student's t with one degree of freedom, which has no mean."""
    return lambda: shift + math.tan(math.pi * (random.random() - 0.5))


def amounts(random, shift=0.0):
    """Log-normal amounts, in cents."""
    return lambda: round(math.exp(3.0 + random.gauss(shift, 1.0)), 2)


def atom(random, share):
    """Zero in this share of the rows, and an amount in the others."""
    amount = amounts(random)
    return lambda: 0.0 if random.random() < share else amount()


def missing(random, share):
    return lambda: MISSING if random.random() < share else random.gauss(0.0, 1.0)


def levels(random, weights, first=0):
    """Levels by their weights; their names begin with a letter, so that they are text."""
    ends = list(accumulate(weights))
    return lambda: f"level {first + min(bisect(ends, random.random() * ends[-1]), len(ends) - 1)}"


def zipf(count):
    return [1.0 / rank for rank in range(1, count + 1)]


def weekday(random, day, shift=1.0):
    """Numbers that are larger at weekends."""
    return lambda: random.gauss(shift if day % 7 >= 5 else 0.0, 1.0)


def customers(random, rows, whose, noise, decimals, shift):
    """Rows of both sides with the customer first, then five features.

    `whose`: "same" customers on both sides, "half" of them, "others"; "three rows" of the same customers.
    """
    each = 3 if whose == "three rows" else 1
    count = rows // each
    known = [[random.gauss(0.0, 1.0) for _ in range(5)] for _ in range(2 * count)]
    table = lambda customer_of, moved: [
        [f"c{customer}", *(number(known[customer][feature], moved if feature == 0 else 0.0) for feature in range(5))]
        for customer in map(customer_of, range(count))
        for _ in range(each)
    ]

    def number(value, moved):
        value += moved + (random.gauss(0.0, noise) if noise else 0.0)
        return value if decimals is None else round(value, decimals)

    in_production = {
        "same": lambda customer: customer,
        "three rows": lambda customer: customer,
        "half": lambda customer: customer if customer % 2 else count + customer,
        "others": lambda customer: count + customer,
    }
    return table(lambda customer: customer, 0.0), table(in_production[whose], shift)


def predictions(random, rows, error):
    """Pairs of predicted probability and outcome; the true probability is `error` nearer to one half or, in one bin, above."""
    pairs = []
    for _ in range(rows):
        predicted = 0.02 + 0.9 * random.random() ** 2
        truth = predicted + (error if predicted < 0.5 else -error)
        pairs.append((predicted, int(random.random() < truth)))
    return pairs
