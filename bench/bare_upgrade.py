#!/usr/bin/env python3
"""The package work and nothing else: one `apt-get install` of the same versions on one host after the other, by one ssh each.

usage: bare_upgrade.py VERSIONS.json SSH_CONFIG
"""
import json
import shlex
import subprocess
import sys

APT = [
    "env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1",
    "apt-get", "install", "-y", "-q", "--no-install-recommends",
    "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold", "-o", "Dpkg::Use-Pty=0",
]


def main():
    versions_file, ssh_config = sys.argv[1:]
    with open(versions_file) as file:
        versions = json.load(file)["versions"]
    for host, wanted in sorted(versions.items()):
        subprocess.run(["ssh", "-n", "-F", ssh_config, host, shlex.join(APT + wanted)], check=True)


main()
