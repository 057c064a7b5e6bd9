#!/usr/bin/env python3
"""The figures of a bench beside the aims, from its results.

usage: report.py RESULTS.jsonl
"""
import json
import statistics
import sys

WAYS = {
    "ssh": "bare ssh, a handshake and `true`",
    "fettle": "fettle",
    "ansible": "ansible",
    "ansible-packages": "ansible, with package_facts",
    "bare": "bare apt-get by ssh: the package work",
}

# What each part of a run is, for people; in the order in which it happens.
PARTS = {
    "start": "the process starts, the change is read",
    "preflight": "hosts are as planned, and healthy",
    "download": "the package manager's downloads that the first host waits for **",
    "stage": "around it: versions to return to, apt's rehearsal",
    "drain": "leaves the rotation, sessions end *",
    "apt": "the package manager itself **",
    "patch": "around it: is all as rehearsed, the job, what came of it",
    "services": "systemd restarts services **",
    "restart": "around it: which run replaced code, and whether they came back",
    "reboot": "the host restarts **",
    "gate": "health is sampled *",
    "bake": "what came back is watched for longer *",
    "verify": "versions are there, new code runs",
    "restore": "back in the rotation",
    "watch": "and stays up **",
    "between": "whether the next step can start, or is needed",
    "afterwards": "all hosts are looked at again, result",
}
# Waiting for users and for health is no overhead.
WAITS = ("drain", "gate", "bake")
# Nor is, by the second figure, what a change takes whatever carries it out.
WORK = ("apt", "download", "services", "reboot", "watch")
# All of staging is package work, by the third: apt's rehearsal and the versions to return to, before anybody is out.
STAGING = ("stage",)


class Measurements:
    def __init__(self, lines):
        self.lines = lines

    def ways(self, what):
        """In the order of WAYS."""
        found = {line["way"] for line in self.lines if line["what"] == what}
        return [way for way in WAYS if way in found]

    def values(self, what, way, value):
        return [value(line) for line in self.lines if (line["what"], line["way"]) == (what, way)]

    def median(self, what, way, value):
        return statistics.median(self.values(what, way, value))


def wall(line):
    return line["wall"]


def cpu(line):
    return line["user"] + line["system"]


def hosts_cpu(line):
    return line["hostsCPU"]


def table(measurements, what, title):
    print(f"\n{title}")
    print(f"  {'':40} {'wall s':>8} {'(from-to)':>15} {'CPU here s':>11} {'CPU on hosts s':>15}")
    for way in measurements.ways(what):
        walls = measurements.values(what, way, wall)
        spread = f"({min(walls):.2f}-{max(walls):.2f})"
        print(
            f"  {WAYS[way]:40} {statistics.median(walls):8.2f} {spread:>15}"
            f" {measurements.median(what, way, cpu):11.2f} {measurements.median(what, way, hosts_cpu):15.2f}")


def ratios(measurements, what, others):
    for other in others:
        figures = [
            f"{name} {measurements.median(what, 'fettle', value) / measurements.median(what, other, value):.2f}"
            for name, value in (("wall", wall), ("CPU here", cpu), ("CPU on hosts", hosts_cpu))
        ]
        print(f"  fettle / {WAYS[other]}: {', '.join(figures)}")


def aim(words, figure, limit, unit="x"):
    verdict = "met" if figure <= limit else "MISSED"
    shown, allowed = (f"{figure:.1%}", f"{limit:.0%}") if unit == "%" else (f"{figure:.2f} x", f"{limit} x")
    print(f"  {verdict:6} {words}: {shown} (aim: at most {allowed})")


def facts(measurements):
    table(measurements, "facts", "Facts of all hosts")
    ratios(measurements, "facts", [way for way in measurements.ways("facts") if way != "fettle"])
    fettle, ssh, ansible = (measurements.median("facts", way, cpu) for way in ("fettle", "ssh", "ansible"))
    aim("CPU of bare ssh handshakes", fettle / ssh, 1.1)
    aim("CPU of `ansible -m setup`", fettle / ansible, 0.1)
    if ssh / ansible > 0.1:
        print(f"         (the ssh handshakes alone cost {ssh / ansible:.2f} x of it: no tool that opens its connections by ssh can meet this here)")


def parts(measurements, walls):
    """How the wall time of Fettle's run adds up: each part's seconds."""
    shares = {
        part: statistics.median(measurements.values("parts", "fettle", lambda line, part=part: line["parts"].get(part, 0)))
        for part in sorted(
            {part for line in measurements.lines if line["what"] == "parts" for part in line["parts"]},
            key=lambda part: (list(PARTS).index(part) if part in PARTS else len(PARTS), part))
    }
    print("\n  Where Fettle's time went (one step at a time: that of the host which is out):")
    for part, seconds in shares.items():
        print(f"    {part:12} {seconds:8.2f} s {seconds / walls:6.1%}  {PARTS.get(part, '')}")
    print("    *  waits for users and for health: not counted as overhead")
    print("    ** the work itself, and the bake of what came back: not counted in the second and third figure")
    return shares


def own_time(shares, fettle):
    """The run without its package work, reboots, drains and bakes, all of them as they were in this very run."""
    rest = fettle - sum(shares.get(part, 0) for part in WAITS + WORK)
    named = ", ".join(f"{shares.get(part, 0):.2f} {words}" for words, part in (
        ("package work", "apt"), ("downloads", "download"), ("restarts of services", "services"), ("reboots", "reboot"), ("drains", "drain"), ("gates", "gate"), ("bakes", "bake"), ("watching what came back", "watch")))
    print(f"\n  own time: {fettle:.2f} - ({named}) = {rest:.2f} s")
    return rest


def own_times(shares, fettle):
    """By the stricter measure, which counts no staging as package work and no waits in the whole; and as issue 5 has it."""
    rest = own_time(shares, fettle)
    aim("own time, of the package work", rest / (shares["apt"] + shares.get("download", 0)), 0.05, unit="%")
    staging = sum(shares.get(part, 0) for part in STAGING)
    aim("own time with staging as package work, of the change's time", (rest - staging) / fettle, 0.05, unit="%")


def rolling(measurements):
    table(measurements, "rolling", "The rolling change: security updates of pool web, one host at a time")
    ratios(measurements, "rolling", [way for way in measurements.ways("rolling") if way != "fettle"])
    fettle, ansible, bare = (measurements.median("rolling", way, wall) for way in ("fettle", "ansible", "bare"))
    shares = parts(measurements, fettle)
    waits = sum(shares.get(part, 0) for part in WAITS)
    print(f"\n  overhead over the package work: {fettle:.2f} - {waits:.2f} of waits - {bare:.2f} = {fettle - waits - bare:.2f} s")
    aim("wall time of the playbook", fettle / ansible, 0.6)
    aim("own overhead, of the bare package work", (fettle - waits - bare) / bare, 0.05, unit="%")
    if bare / ansible > 0.6:
        print(f"         (the package work alone is {bare / ansible:.2f} x of the playbook's time)")
    if shares.get("apt"):
        own_times(shares, fettle)


def main():
    with open(sys.argv[1]) as file:
        measurements = Measurements([json.loads(line) for line in file])
    if measurements.ways("facts"):
        facts(measurements)
    if measurements.ways("rolling"):
        rolling(measurements)


main()
