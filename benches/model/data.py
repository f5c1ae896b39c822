"""Customers of an invented service who leave or stay: 15 numbers, 5 texts, and the outcome.

python data.py ROWS SEED FILE
"""

import sys

import numpy
import pyarrow
import pyarrow.parquet

LEVELS = {"campaign": 60, "group": 14, "region": 8, "device": 4, "plan": 3}


def texts(codes, name):
    names = pyarrow.array([f"{name} {level}" for level in range(LEVELS[name])])
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(codes.astype(numpy.int32)), names)


def table(rows, seed):
    # The same effects in every table, whatever its rows.
    effects = numpy.random.default_rng(7)
    of_campaign, of_group = effects.normal(0, 0.7, 60), effects.normal(0, 0.5, 14)
    of_region = effects.normal(0, 0.25, 8)
    random = numpy.random.default_rng(seed)
    profile = random.beta(4, 3, rows) * 100
    activity = numpy.clip(random.beta(2, 4, rows) * 100 + 0.25 * (profile - 57), 0, 100)
    stars = numpy.round(numpy.clip(random.normal(3.7, 0.8, rows), 1, 5), 1)
    tenure = numpy.floor(random.exponential(400, rows))
    sessions = random.poisson(2 + activity / 6)
    spent = numpy.round(random.lognormal(2.2 + 0.004 * activity, 1, rows), 2) * (random.random(rows) < 0.6)
    sent, received = random.poisson(1 + sessions * 0.8), random.poisson(1 + sessions * 0.7 + profile / 25)
    since_login = numpy.floor(random.exponential(1 + 20 * numpy.exp(-activity / 25)))
    tickets = random.poisson(0.3 + 0.4 * (stars < 3))
    age = numpy.floor(numpy.clip(random.normal(34, 10, rows), 18, 90))
    photos = random.integers(0, 10, rows)
    likes_in, likes_out = random.poisson(profile / 8), random.poisson(4, rows) + sessions // 4
    minutes = numpy.round(random.gamma(2, 4 + sessions / 6), 2)
    shares = 1 / (1 + numpy.arange(60))
    campaign = random.choice(60, rows, p=shares / shares.sum())
    group = (campaign + random.integers(0, 5, rows)) % 14
    region = random.choice(8, rows, p=[0.3, 0.2, 0.15, 0.1, 0.1, 0.07, 0.05, 0.03])
    device = random.choice(4, rows, p=[0.5, 0.3, 0.15, 0.05])
    plan = random.choice(3, rows, p=[0.6, 0.3, 0.1])
    score = (
        -1.3 - 0.028 * (activity - 35) - 0.015 * (profile - 57) + 0.55 * (3.7 - stars)
        + 0.9 * (since_login > 14) + 0.35 * numpy.log1p(since_login) - 0.0012 * numpy.minimum(tenure, 900)
        + 0.35 * tickets - 0.25 * numpy.log1p(spent) - 0.7 * (plan == 2) + 0.5 * ((plan == 0) & (tenure < 60))
        + of_campaign[campaign] + of_group[group] + of_region[region] + 0.6 * numpy.sin(age / 6) * (device == 1)
        + 0.5 * ((received < 3) & (photos < 3)) - 0.02 * numpy.minimum(minutes, 30)
    )
    leaves = random.random(rows) < 1 / (1 + numpy.exp(-score))
    numbers = {
        "profile": profile, "activity": activity, "stars": stars, "tenure": tenure, "sessions": sessions, "spent": spent,
        "sent": sent, "received": received, "since_login": since_login, "tickets": tickets, "age": age,
        "photos": photos, "likes_in": likes_in, "likes_out": likes_out, "minutes": minutes,
    }
    codes = {"campaign": campaign, "group": group, "region": region, "device": device, "plan": plan}
    columns = {name: values.astype(numpy.float32) for name, values in numbers.items()}
    columns |= {name: texts(values, name) for name, values in codes.items()}
    return pyarrow.table({**columns, "churn": numpy.where(leaves, "yes", "no")})


if __name__ == "__main__":
    pyarrow.parquet.write_table(table(int(sys.argv[1]), int(sys.argv[2])), sys.argv[3])
