#!/usr/bin/python3
"""What one writes on a day without a scanner: apt_loop.py TRACKER.json DPKG-STATUS... prints a line for each finding."""
import json
import sys

import apt_pkg

apt_pkg.init_system()
advisories = {}
with open(sys.argv[1]) as file:
    for source, entries in json.load(file).items():
        states = ((name, entry["releases"].get("bookworm", {})) for name, entry in entries.items())
        advisories[source] = [(name, state.get("fixed_version")) for name, state in states if state.get("fixed_version") != "0"]
for status in sys.argv[2:]:
    with open(status) as file:
        for package in apt_pkg.TagFile(file):
            if "installed" in package["Status"].split():
                source, _, version = package.get("Source", package["Package"]).partition(" ")
                version = version.strip("()") or package["Version"]
                for name, fixed in advisories.get(source, ()):
                    if fixed is None or apt_pkg.version_compare(version, fixed) < 0:
                        print(name, package["Package"], package["Version"], fixed)
