#!/usr/bin/python3
"""Measures the ways to judge hosts, in turns (A B C, A B C, ...), and says of each aim whether it is met.

Every way is a cold process, or one for each host where a tool takes only one. The processor time is user and system time
of the process and of all its children, as the kernel counts it for who waits for them (wait4): no way here leaves any behind.
What the ways print goes to /dev/null, after one round before, in which all of it is counted and must agree.
"""
import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time

RELEASE = "bookworm"
PLATFORM = "debian:12"
HOSTS = 10


class Ways:
    """The command lines, each a list of processes that run one after the other."""

    def __init__(self, options):
        self.fettle, self.tracker, self.folder = options.fettle, options.tracker, options.folder
        self.index = os.path.join(self.folder, "judge.index")
        self.host = [os.path.join(self.folder, "host.status")]
        self.one = [os.path.join(self.folder, "one.status")]
        self.hosts = [os.path.join(self.folder, f"host-{number}.status") for number in range(1, HOSTS + 1)]

    def assess(self, statuses, *how):
        named = [word for status in statuses for word in ("--dpkg-status", status)]
        return [[self.fettle, "assess", *named, "--platform", PLATFORM, "--index", self.index, *how]]

    def debsecan(self, statuses):
        source = f"file://{self.folder}/debsecan"
        return [["debsecan", "--suite", RELEASE, "--source", source, "--status", status] for status in statuses]

    def loop(self, statuses):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "apt_loop.py")
        return [["/usr/bin/python3", script, self.tracker, *statuses]]

    def oscap(self):
        return [["oscap", "oval", "eval", os.path.join(self.folder, "oval.xml")]]


def environment(folder):
    """Without what the caller set for Fettle; with the status that oscap's libapt reads."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FETTLE_")}
    return kept | {"APT_CONFIG": os.path.join(folder, "apt.conf"), "LC_ALL": "C.UTF-8"}


def run(processes, folder):
    """Processor time and wall time of all processes together, in seconds."""
    processor, started = 0.0, time.monotonic()
    for command in processes:
        process = subprocess.Popen(command, cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        check_status(command, os.waitstatus_to_exitcode(status), errors)
        processor += usage.ru_utime + usage.ru_stime
    return processor, time.monotonic() - started


def check_status(command, status, errors):
    """Fettle ends with 101 where security updates are open; all others with 0."""
    if status not in (0, 101):
        sys.exit(f"error: {' '.join(command[:3])} ... ended with {status}: {errors.decode(errors='replace')[-2000:]}")


def printed(processes, folder):
    """What the processes print on standard output."""
    text = []
    for command in processes:
        done = subprocess.run(command, cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True)
        check_status(command, done.returncode, done.stderr)
        text.append(done.stdout.decode(errors="replace"))
    return "".join(text)


def lines(processes, folder):
    return printed(processes, folder).count("\n")


def counted(processes, folder):
    """The number that `fettle assess --count` calls affected."""
    found = re.search(r"^affected (\d+)", printed(processes, folder), re.MULTILINE)
    return int(found.group(1)) if found else None


def expect(what, number, expected):
    """All compare source versions of the same packages with the same fixed versions: no difference is explained away."""
    if number != expected:
        sys.exit(f"error: {what} finds {number}, libapt-pkg's compares make it {expected}: they do not do the same work")


def check_agreement(ways, facts, with_oscap):
    folder = ways.folder
    inputs = (("one host", ways.host, facts["findings"]), ("ten hosts", ways.hosts, sum(facts["hosts"])))
    for what, statuses, expected in inputs:
        expect(f"fettle --count, {what},", counted(ways.assess(statuses, "--count"), folder), expected)
        expect(f"fettle -o ndjson, {what},", lines(ways.assess(statuses, "-o", "ndjson"), folder), expected)
        expect(f"debsecan, {what},", lines(ways.debsecan(statuses), folder), expected)
        expect(f"the python3-apt loop, {what},", lines(ways.loop(statuses), folder), expected)
    if with_oscap:
        # It says true or false of each advisory and source, by binary versions.
        true = len(re.findall(r": true$", printed(ways.oscap(), folder), re.MULTILINE))
        expect("oscap, one host,", true, facts["oval"])


def measure(ways, rounds, folder):
    """Name -> [(processor time, wall time)] of each round."""
    results = {name: [] for name in ways}
    for _ in range(rounds):
        for name, processes in ways.items():
            results[name].append(run(processes, folder))
    return results


def middle(results, name, which=0):
    return statistics.median(result[which] for result in results[name])


def ratio(results, name, other):
    """Of the processor times, the median over the turns: what slows the machine for a while slows both."""
    return statistics.median(one[0] / two[0] for one, two in zip(results[name], results[other]))


def show(title, results, floor="debsecan"):
    print(f"\n{title}\n{'':28}{'processor time':>16}{'wall':>12}{'x debsecan':>12}")
    for name in results:
        print(f"{name:28}{middle(results, name) * 1e3:13.1f} ms{middle(results, name, 1) * 1e3:9.1f} ms"
              f"{ratio(results, name, floor):12.3f}")


def judge_aim(what, value, aim, unit=""):
    print(f"{'met   ' if value <= aim else 'MISSED'}  {what}: {value:.3g}{unit}, the aim is at most {aim:g}{unit}")


def build_index(ways):
    """Builds the index three times; the median of processor and wall time, in seconds."""
    build = [[ways.fettle, "feeds", "build", "--from", ways.tracker, "--to", ways.index]]
    times = [run(build, ways.folder) for _ in range(3)]
    return statistics.median(time[0] for time in times), statistics.median(time[1] for time in times)


def show_start(ways, rounds):
    """What a cold process costs that has nothing to judge."""
    results = measure({"fettle --version": [[ways.fettle, "--version"]], "one package": ways.assess(ways.one, "--count")},
                      rounds, ways.folder)
    print(f"\nin each of them: the bare start (fettle --version) {middle(results, 'fettle --version') * 1e3:.1f} ms of processor "
          f"time, a list of one package {middle(results, 'one package') * 1e3:.1f} ms\n")


def measure_opening(ways, rounds):
    """From the system call that opens the index to the first line of the answer about one package, in milliseconds.

    An upper bound of opening it: judging, counting and strace's own work are in it. Of each round's wall time.
    """
    trace = os.path.join(ways.folder, "trace")
    strace = ["strace", "-f", "-ttt", "--seccomp-bpf", "-e", "trace=openat,write", "-o", trace]
    times = []
    for _ in range(rounds):
        run([strace + ways.assess(ways.one, "--count")[0]], ways.folder)
        with open(trace) as file:
            text = file.read()
        opened = re.search(rf'(\d+\.\d+) openat\([^"]*"{re.escape(ways.index)}".*', text)
        written = opened and re.compile(r"(\d+\.\d+) write\(1,").search(text, opened.end())
        if not written:
            sys.exit("error: strace does not show how fettle opens the index and answers")
        times.append((float(written.group(1)) - float(opened.group(1))) * 1e3)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fettle", required=True)
    parser.add_argument("--tracker", required=True)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("folder")
    options = parser.parse_args()
    options.folder = os.path.realpath(options.folder)
    with open(os.path.join(options.folder, "facts.json")) as file:
        facts = json.load(file)
    ways, folder, rounds = Ways(options), options.folder, options.rounds

    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; "
          f"fettle {printed([[ways.fettle, '--version']], folder).strip()}, {shutil.which('debsecan')}; "
          f"medians of {rounds} rounds ({min(rounds, 5)} of ten hosts)")
    with open(ways.one[0], "w") as file:
        file.write("Package: nothing-of-debian\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1-1\n")
    processor, wall = build_index(ways)
    print(f"index of {facts['advisories']:,} advisories: {os.path.getsize(ways.index) / 1024:,.0f} KiB, "
          f"built in {wall:.2f} s ({processor:.2f} s of processor time)")
    with_oscap = shutil.which("oscap") is not None
    check_agreement(ways, facts, with_oscap)
    print(f"all find the same: {facts['findings']:,} on the host, {sum(facts['hosts']):,} on ten hosts "
          f"({min(facts['hosts']):,} to {max(facts['hosts']):,})")

    one = {"debsecan": ways.debsecan(ways.host), "fettle --count": ways.assess(ways.host, "--count"),
           "fettle -o ndjson": ways.assess(ways.host, "-o", "ndjson"), "python3-apt loop": ways.loop(ways.host)}
    if with_oscap:
        one["oscap"] = ways.oscap()
    host = measure(one, rounds, folder)
    show(f"one host, {facts['packages']} packages", host)
    if not with_oscap:
        print("oscap is left out: it is not installed (scripts/install-needs judge, where the distribution has it)")
    fleet = measure({"debsecan": ways.debsecan(ways.hosts), "fettle --count": ways.assess(ways.hosts, "--count"),
                     "fettle -o ndjson": ways.assess(ways.hosts, "-o", "ndjson"), "python3-apt loop": ways.loop(ways.hosts)},
                    min(rounds, 5), folder)
    show("ten hosts: debsecan ten times, the others in one process", fleet)
    show_start(ways, max(rounds, 5))
    opening = measure_opening(ways, max(rounds, 5))

    judge_aim("one host, the slower of --count and ndjson, x debsecan's processor time",
              max(ratio(host, "fettle --count", "debsecan"), ratio(host, "fettle -o ndjson", "debsecan")), 0.1)
    judge_aim("ten hosts, --count, x debsecan's processor time", ratio(fleet, "fettle --count", "debsecan"), 0.05)
    judge_aim("ten hosts, ndjson, x debsecan's processor time", ratio(fleet, "fettle -o ndjson", "debsecan"), 0.15)
    judge_aim(f"the index opened and one package judged, wall (least {min(opening):.1f} ms)", statistics.median(opening), 5,
              " ms")
    if os.getloadavg()[0] > os.cpu_count() / 2:
        print("The machine has other work: wall times say little.")


main()
