"""Pairs of real Debian versions: what is installed against each fixed version of the same source, as lines
`left<TAB>right`. Reads dpkg status files on standard input, and a tracker file in the form of Debian's if one is named."""

import json
import random
import sys

SEED = 1
WANTED = 400_000


def installed(lines):
    source = version = package = None
    for line in lines:
        key, _, value = line.rstrip("\n").partition(": ")
        if key == "Package":
            package, source, version = value, None, None
        elif key == "Source":
            source = value
        elif key == "Version":
            version = value
        elif not line.strip() and package and version:
            name, _, own = (source or package).partition(" (")
            yield name, own.rstrip(")") or version
            package = None
    if package and version:
        name, _, own = (source or package).partition(" (")
        yield name, own.rstrip(")") or version


def main():
    known = {}
    for name, version in installed(sys.stdin):
        known.setdefault(name, set()).add(version)
    pairs = []
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8") as file:
            tracker = json.load(file)
        for name, advisories in tracker.items():
            fixed = {
                release["fixed_version"]
                for advisory in advisories.values()
                for release in advisory.get("releases", {}).values()
                if release.get("fixed_version")
            }
            ordered = sorted(fixed)
            for version in sorted(known.get(name, ())):
                pairs += [(version, other) for other in ordered]
            pairs += list(zip(ordered, ordered[1:]))
    if not pairs:
        # Without advisories, neighbours in a list of all versions stand for them.
        every = sorted({version for versions in known.values() for version in versions})
        pairs = list(zip(every, every[1:]))
    chance = random.Random(SEED)
    for _ in range(WANTED):
        left, right = chance.choice(pairs)
        if chance.random() < 0.5:
            left, right = right, left
        print(left, right, sep="\t")


main()
