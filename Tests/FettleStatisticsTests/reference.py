#!/usr/bin/env python3
"""Writes what SciPy says of inputs that are drawn with a fixed seed: Fixtures/reference.jsonl, a case a line.

Needs python3 with scipy (written with SciPy 1.17.1)."""
import json
import pathlib
import warnings

import numpy
from scipy import stats

random = numpy.random.default_rng(20261126)
cases = []


def case(kind, **values):
    cases.append({"kind": kind, **values})


for p in [1e-300, 1e-100, 1e-20, 1e-9, 1e-4, 0.01, 0.05, 0.0749, 0.0751, 0.3, 0.5, 0.7, 0.95, 0.975, 0.999, 1 - 1e-9]:
    case("quantile", p=p, result=float(stats.norm.ppf(p)))
for z in [-40, -8, -1.5, 0, 0.1, 1.96, 5, 10, 37]:
    case("normalTail", z=z, result=float(stats.norm.sf(z)))

for n in [1, 2, 7, 15, 16, 40, 1_000, 123_456, 10_000_000, 4_000_000_000]:
    for p in [1e-9, 0.001, 0.2, 0.5, 0.93]:
        deviation = (n * p * (1 - p)) ** 0.5
        for k in {int(n * p + step * deviation) for step in (-6, -1, 0, 1, 4, 12)}:
            if 0 < k <= n:
                case("binomialTail", k=k, n=n, p=p, result=float(stats.binom.sf(k - 1, n, p)), digits=9)

for _ in range(60):
    scale = 10 ** random.uniform(0, 5)
    events, control = (int(x) for x in random.poisson([scale * random.uniform(0.5, 2), scale]))
    exposure, control_exposure = (float(x) for x in random.uniform(0.1, 10, 2))
    ratio = float(random.choice([1, 1.2, 2]))
    share = ratio * exposure / (ratio * exposure + control_exposure)
    result = float(stats.binomtest(events, events + control, share, alternative="greater").pvalue) if events + control else 1
    case("rateRatio", events=events, exposure=exposure, control=control, controlExposure=control_exposure, ratio=ratio,
         result=result, digits=9)

for _ in range(80):
    attempts, control_attempts = (int(10 ** x) for x in random.uniform(0, 5, 2))
    rate = 10 ** random.uniform(-3, 0)
    failures = int(random.binomial(attempts, min(1, rate * random.uniform(0.7, 2))))
    control = int(random.binomial(control_attempts, rate))
    result = float(stats.fisher_exact([[failures, attempts - failures], [control, control_attempts - control]],
                                      alternative="greater").pvalue)
    case("fisher", failures=failures, attempts=attempts, control=control, controlAttempts=control_attempts,
         result=result, digits=9)

for number in range(80):
    sizes = random.integers(1, 9, 2) if number < 30 else random.integers(2, 200, 2)
    a, b = (random.lognormal(0, 1, size) for size in sizes)
    a *= random.choice([1, 1.3, 3])
    if number >= 50:
        a, b = numpy.round(a, int(number % 3)), numpy.round(b, int(number % 3))
    ties = len(set(numpy.concatenate([a, b]))) < len(a) + len(b)
    exact = not ties and min(sizes) <= 8 and max(sizes) <= 100
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tails = {
            side: float(stats.mannwhitneyu(a, b, alternative=side, method="exact" if exact else "asymptotic").pvalue)
            for side in ("greater", "less")
        }
        statistic = float(stats.mannwhitneyu(a, b).statistic)
    if all(value == value for value in tails.values()):
        case("mannWhitney", a=[float(x) for x in a], b=[float(x) for x in b], statistic=statistic,
             greater=tails["greater"], less=tails["less"])

for number in range(50):
    size = int(random.integers(3, 80))
    x = numpy.sort(random.uniform(0, 100, size))
    y = random.uniform(-2, 2) * x + random.standard_cauchy(size)
    if number >= 25:
        x, y = numpy.round(x / 10), numpy.round(y)
    if len(set(x)) < 2:
        continue
    confidence = float(random.choice([0.9, 0.95, 0.99]))
    slope, intercept, low, high = stats.theilslopes(y, x, alpha=2 * confidence - 1)
    case("theilSen", x=[float(v) for v in x], y=[float(v) for v in y], confidence=confidence, slope=float(slope),
         intercept=float(intercept), lower=float(low), upper=float(high))

folder = pathlib.Path(__file__).parent / "Fixtures"
folder.mkdir(exist_ok=True)
with open(folder / "reference.jsonl", "w") as file:
    for one in cases:
        file.write(json.dumps(one) + "\n")
print(len(cases), "cases")
