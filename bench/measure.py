#!/usr/bin/env python3
"""Runs a command and appends a line of JSON to a file: how long it took, and the CPU time it cost here and on the hosts.

The command runs in a control group of its own: what the kernel counts there is the whole process tree, also processes that
nobody waited for, such as the connections which ssh keeps in the background. Those that are left are ended afterwards.
"""
import argparse
import glob
import json
import os
import subprocess
import sys
import time


def cpu_seconds(group):
    """User and system time of all processes that are or were in a control group, in seconds."""
    with open(os.path.join(group, "cpu.stat")) as file:
        values = dict(line.split() for line in file)
    return int(values["user_usec"]) / 1e6, int(values["system_usec"]) / 1e6


def hosts_cpu_seconds(groups):
    """CPU time of all hosts together; a host that was booted anew starts from nothing, so compare within one boot only."""
    return sum(sum(cpu_seconds(group)) for group in glob.glob(os.path.join(groups, "host-*")))


class ControlGroup:
    """A control group for one command, below the lab's."""

    def __init__(self, groups):
        self.path = os.path.join(groups, f"measured-{os.getpid()}")

    def __enter__(self):
        os.mkdir(self.path)
        return self

    def join(self):
        with open(os.path.join(self.path, "cgroup.procs"), "w") as file:
            file.write("0")

    def __exit__(self, *_):
        with open(os.path.join(self.path, "cgroup.kill"), "w") as file:
            file.write("1")
        while True:
            try:
                return os.rmdir(self.path)
            except OSError:  # a killed process has not gone yet
                time.sleep(0.01)


def run(command, groups, log, limit):
    """One measured run: a dictionary of times in seconds, and the exit status."""
    with ControlGroup(groups) as group, open(log, "w") as output:
        hosts = hosts_cpu_seconds(groups)
        started_at, started = time.time(), time.monotonic()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, preexec_fn=group.join)
        try:
            status = process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            process.kill()
            status = f"none after {limit} s"
        wall = time.monotonic() - started
        user, system = cpu_seconds(group.path)
        return {
            "startedAt": started_at, "wall": wall, "user": user, "system": system,
            "hostsCPU": hosts_cpu_seconds(groups) - hosts, "status": status,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", required=True, help="a line of JSON is appended to this file")
    parser.add_argument("--groups", required=True, help="the folder of the lab's control groups")
    parser.add_argument("--log", required=True, help="what the command prints")
    parser.add_argument("--what", required=True, help="what is measured: facts, rolling")
    parser.add_argument("--way", required=True, help="by what it is done: fettle, ansible, ssh, ...")
    parser.add_argument("--round", type=int, required=True)
    parser.add_argument("--expect", default="0", help="exit statuses that are right, with commas")
    parser.add_argument("--limit", type=float, default=1800, help="seconds until it is given up")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()

    result = run(options.command, options.groups, options.log, options.limit)
    if str(result["status"]) not in options.expect.split(","):
        with open(options.log, errors="replace") as file:
            sys.stderr.writelines(file.readlines()[-30:])
        command = " ".join(options.command[:4])
        sys.exit(f"error: {command} ... ended with {result['status']}; all of its output is in {options.log}")
    result |= {"what": options.what, "way": options.way, "round": options.round}
    with open(options.results, "a") as file:
        file.write(json.dumps(result) + "\n")


main()
