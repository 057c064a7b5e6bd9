"""Joins the summaries of `lab load`: load_summary.py POOL=FILE... prints one JSON object.

{"requests": N, "failed": N, "pools": {POOL: {"requests": N, "failed": N, "p50Milliseconds": ...}}}
Failed are answers other than 2xx and 3xx, and connections, reads, writes and timeouts without an answer.
"""
import json
import sys

ERRORS = ("statusErrors", "connectErrors", "readErrors", "writeErrors", "timeouts")

pools = {}
for argument in sys.argv[1:]:
    pool, _, path = argument.partition("=")
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file if line.startswith("{")]
    if not lines:
        sys.exit(f"lab: wrk left no summary in {path}")
    summary = json.loads(lines[-1])
    summary["failed"] = sum(summary[name] for name in ERRORS)
    pools[pool] = summary

total = {name: sum(pool[name] for pool in pools.values()) for name in ("requests", "failed")}
print(json.dumps({**total, "pools": pools}))
