"""Medians of plan-bench's lines by size and kind, and the aims with met or MISSED."""

import json
import os
import statistics
import sys

AIM_HOSTS, AIM_SECONDS, AIM_MEBIBYTES = 100_000, 3.0, 1024


def main() -> None:
    sizes: dict[int, list[dict]] = {}
    centres: list[dict] = []
    packings: list[dict] = []
    for line in sys.stdin:
        figures = json.loads(line)
        match figures.get("kind"):
            case "hypervisors": centres.append(figures)
            case "packing": packings.append(figures)
            case _: sizes.setdefault(figures["hosts"], []).append(figures)
    faults = pools(sizes) if sizes else []
    faults += hypervisors(centres) if centres else []
    faults += [fault for figures in packings for fault in packing(figures)]
    if faults:
        sys.exit("; ".join(faults))


def pools(sizes: dict[int, list[dict]]) -> list[str]:
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
    return unproven([r for rounds in sizes.values() for r in rounds])


def hypervisors(rounds: list[dict]) -> list[str]:
    """All rounds are of the same data centre."""
    first = rounds[0]
    print(f"\n{first['hypervisors']:,} hypervisors in {first['pools']} pools, {first['machines']:,} machines, "
          f"{first['filled']:.0f}% of the memory in use; medians of {len(rounds)} rounds, load {os.getloadavg()[0]:.1f}")
    for reason, count in sorted(first["refused"].items()):
        print(f"{count:>8,} hypervisors refused: {reason}")
    print(f"{first['planned']:>8,} hypervisors planned in {median(rounds, 'planning'):.2f} s (cpu "
          f"{median(rounds, 'planningProcessor'):.2f}), after {first['attempts'] - 1} refusals in "
          f"{median(rounds, 'refusing'):.2f} s; plan {first['digest']}")
    print(f"{first['moves']:>8,} moves there and back, {first['steps']:,} steps both ways: {first['method']} in "
          f"{median(rounds, 'checking'):.2f} s (cpu {median(rounds, 'checkingProcessor'):.2f}); peak "
          f"{median(rounds, 'peak'):.0f} MiB (the input's part {median(rounds, 'peakBefore'):.0f})")
    print(f"{first['replayed']:>8,} moves replayed on six ways through the plan, up to {first['mostOut']} hypervisors out and "
          f"{first['mostAway']:,} machines away at once, {first['faults']} faults, in {median(rounds, 'replaying'):.2f} s")
    return unproven(rounds) + (["a replay broke a rule"] if any(r["faults"] for r in rounds) else [])


def packing(figures: dict) -> list[str]:
    print(f"\n{figures['worlds']} tight pools, {figures['filled']:.0f}% full, {figures['hypervisors']:,} hypervisors one by one, in "
          f"{figures['seconds']:.0f} s, the slowest in {figures['slowest']:.2f} s; load {os.getloadavg()[0]:.1f}")
    by_order = zip(("memory", "processors", "the larger share"), figures["firstFit"], strict=True)
    print(f"{figures['firstFitAny']:>8,} emptied by first fit decreasing in one of three orders ("
          + ", ".join(f"{count:,} by {name}" for name, count in by_order) + ")")
    print(f"{figures['fettle']:>8,} by the planner")
    print(f"{figures['fettleAlone']:>8,} by the planner alone, {figures['firstFitAlone']} by first fit decreasing alone")
    print(f"{figures['poolsPlanned']:>8,} of {figures['pools']:,} pools planned with all that first fit decreasing empties")
    is_worse = figures["firstFitAlone"] or figures["poolsPlanned"] < figures["pools"]
    return ["first fit decreasing empties a hypervisor that the planner does not"] if is_worse else []


def unproven(rounds: list[dict]) -> list[str]:
    return [] if all(r["isProven"] for r in rounds) else ["a plan was not proven"]


def median(rounds: list[dict], name: str) -> float:
    return statistics.median(r[name] for r in rounds)


def aim(what: str, value: float, most: float) -> None:
    print(f"{'met   ' if value <= most else 'MISSED'} {what}: {value:.2f}, the aim is at most {most:g}")


if __name__ == "__main__":
    main()
