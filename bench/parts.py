#!/usr/bin/env python3
"""Where a run's wall time went, from its journal (`fettle run show RUN -o json` on standard input).

usage: parts.py RESULTS ROUND
RESULTS holds the line of the `fettle run start` that was measured; a line with the parts, in seconds, is appended.

Hosts are out one at a time, so that every moment of the run belongs to one step: the one of the host that is out. Work that
is done meanwhile on hosts which are still in service (their checks, their downloads) costs no time and counts where it stands
alone. What is no step is `between`: a step counts from when it is intended, after the driver has looked whether it can start,
and one that proved to be done already has no time of its own. Before the first event is `start`, after the last `afterwards`.

Four steps tell how long a part of them took: of `patch` it is `apt`, for which the package manager itself ran, measured by the
host's systemd; of `stage` it is `download`, the same of apt's downloads (in the measure in which the step stood alone); of `restore`
it is `watch`, for which a host that is back was watched; of `restart` it is `services`, for which systemd restarted them.
"""
import datetime
import json
import sys

# Steps that a host takes while it still serves.
PREPARATION = ("preflight", "stage")


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def intervals(journal):
    """(name of the step, start, end) of each attempt."""
    begun, result = {}, []
    for record in journal:
        (kind, values), = record["event"].items()
        if kind == "stepIntended":
            begun[values["step"]] = moment(record["at"])
        elif kind in ("stepDone", "stepFailed") and values["step"] in begun:
            result.append((values["step"].split("/")[-1], begun.pop(values["step"]), moment(record["at"])))
    return result


def attribute(steps, start, end):
    """Seconds for each name, so that they add up to end - start."""
    edges = sorted({start, end} | {edge for _, *both in steps for edge in both if start < edge < end})
    seconds = {}
    for left, right in zip(edges, edges[1:]):
        active = [name for name, begin, finish in steps if begin <= left and right <= finish]
        outage = [name for name in active if name not in PREPARATION]
        name = (outage or active or ["between"])[0]
        seconds[name] = seconds.get(name, 0) + right - left
    return seconds


def observed_seconds(journal, detail, name):
    """A time that steps of that name have measured themselves, of all of them together."""
    done = [record["event"]["stepDone"] for record in journal if "stepDone" in record["event"]]
    return sum(
        int(event["observation"].get("details", {}).get(detail, 0))
        for event in done if event["step"].split("/")[-1] == name
    ) / 1000


def main():
    results, this_round = sys.argv[1], int(sys.argv[2])
    with open(results) as file:
        measured = [json.loads(line) for line in file]
    run = [line for line in measured if (line["what"], line["way"], line["round"]) == ("rolling", "fettle", this_round)][-1]
    journal = json.load(sys.stdin)
    at = {next(iter(record["event"])): moment(record["at"]) for record in journal}
    parts = attribute(intervals(journal), at["started"], at["ended"])
    for part, detail, step in (("apt", "packageManagerMilliseconds", "patch"), ("watch", "watchedMilliseconds", "restore"),
                               ("services", "restartMilliseconds", "restart")):
        parts[part] = observed_seconds(journal, detail, step)
        parts[step] = parts.get(step, 0) - parts[part]
    # Downloads are made side by side with all else, except those that the first host waits for.
    staging = sum(end - start for name, start, end in intervals(journal) if name == "stage")
    if staging > 0:
        parts["download"] = observed_seconds(journal, "packageManagerMilliseconds", "stage") * parts["stage"] / staging
        parts["stage"] -= parts["download"]
    parts["start"] = at["started"] - run["startedAt"]
    parts["afterwards"] = run["startedAt"] + run["wall"] - at["ended"]
    with open(results, "a") as file:
        file.write(json.dumps({"what": "parts", "way": "fettle", "round": this_round, "parts": parts}) + "\n")


main()
