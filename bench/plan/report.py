"""Medians of plan-bench's lines by size, and the aims with met or MISSED."""

import json
import os
import statistics
import sys

AIM_HOSTS, AIM_SECONDS, AIM_MEBIBYTES = 100_000, 3.0, 1024


def main() -> None:
    sizes: dict[int, list[dict]] = {}
    for line in sys.stdin:
        figures = json.loads(line)
        sizes.setdefault(figures["hosts"], []).append(figures)
    print(f"\n{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; medians of "
          f"{max(map(len, sizes.values()), default=0)} rounds, each in a process of its own")
    print(f"{'hosts':>8} {'groups':>7} {'steps':>9} {'orders':>7} {'planned':>9} {'cpu':>8} {'checked':>9} {'cpu':>8} "
          f"{'peak MiB':>9}  proof")
    for hosts, rounds in sorted(sizes.items()):
        first = rounds[0]
        proof = first["method"] if all(r["isProven"] for r in rounds) else "NOT PROVEN"
        print(f"{hosts:>8,} {first['groups']:>7,} {first['steps'] + first['back']:>9,} {first['orders']:>7,} "
              f"{median(rounds, 'planning'):>8.2f}s {median(rounds, 'planningProcessor'):>7.2f}s "
              f"{median(rounds, 'checking'):>8.2f}s {median(rounds, 'checkingProcessor'):>7.2f}s "
              f"{median(rounds, 'peak'):>9.0f}  {proof}")
    if AIM_HOSTS in sizes:
        rounds = sizes[AIM_HOSTS]
        planning, checking = median(rounds, "planning"), median(rounds, "checking")
        aim("planned, wall seconds", planning, AIM_SECONDS)
        aim("checked, of the planning's time", checking / planning, 1.0)
        aim("peak memory of both, the input's included, MiB", median(rounds, "peak"), AIM_MEBIBYTES)
    if not all(r["isProven"] for rounds in sizes.values() for r in rounds):
        sys.exit("a plan was not proven")


def median(rounds: list[dict], name: str) -> float:
    return statistics.median(r[name] for r in rounds)


def aim(what: str, value: float, most: float) -> None:
    print(f"{'met   ' if value <= most else 'MISSED'} {what}: {value:.2f}, the aim is at most {most:g}")


if __name__ == "__main__":
    main()
