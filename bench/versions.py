#!/usr/bin/env python3
"""From a plan (`fettle plan show -o json` on standard input) to what every way of the bench installs: {"versions": {host:
["name=version", ...]}}, which is also what the playbook takes as its variables."""
import json
import sys


def versions(plan):
    result = {}
    for step in plan["steps"]:
        if "changePackages" not in step["action"]:
            continue
        changes = step["action"]["changePackages"]["transaction"]["changes"]
        removed = [change["name"] for change in changes if not change.get("to")]
        if removed:
            sys.exit(f"error: the plan removes {', '.join(removed)} on {step['resource']}; the bench compares upgrades only")
        result[step["resource"]] = [f"{change['name']}={change['to']}" for change in changes]
    return result


def main():
    found = versions(json.load(sys.stdin))
    if not found:
        sys.exit("error: the plan changes no packages, so there is nothing to measure")
    json.dump({"versions": found}, sys.stdout, indent=2, sort_keys=True)


main()
