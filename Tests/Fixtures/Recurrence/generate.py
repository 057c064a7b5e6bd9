#!/usr/bin/env python3
"""Writes rules.txt: recurrence rules and what python-dateutil (an implementation that shares no code with Fettle's) makes of them.

A line: start | rule | the first occurrences, at most 8, `none` where there are none before 2200. First the examples of RFC 5545,
3.8.5.3, but for those by the hour and minute; then random rules. Left out is where dateutil departs from the RFC: BYSETPOS in a first
week that began before the start, BYDAY with and without numbers mixed (it takes both at once), weeks counted from the end beyond
the tenth, BYWEEKNO without BYDAY.
"""
import itertools
import random
from datetime import datetime

from dateutil.rrule import rrulestr

EXAMPLES = """\
19970902T090000 FREQ=DAILY;COUNT=10
19970902T090000 FREQ=DAILY;UNTIL=19971224T000000
19970902T090000 FREQ=DAILY;INTERVAL=2
19970902T090000 FREQ=DAILY;INTERVAL=10;COUNT=5
19980101T090000 FREQ=YEARLY;UNTIL=20000131T140000;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA
19980101T090000 FREQ=DAILY;UNTIL=20000131T140000;BYMONTH=1
19970902T090000 FREQ=WEEKLY;COUNT=10
19970902T090000 FREQ=WEEKLY;UNTIL=19971224T000000
19970902T090000 FREQ=WEEKLY;INTERVAL=2;WKST=SU
19970902T090000 FREQ=WEEKLY;UNTIL=19971007T000000;WKST=SU;BYDAY=TU,TH
19970902T090000 FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH
19970901T090000 FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000;WKST=SU;BYDAY=MO,WE,FR
19970902T090000 FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH
19970905T090000 FREQ=MONTHLY;COUNT=10;BYDAY=1FR
19970905T090000 FREQ=MONTHLY;UNTIL=19971224T000000;BYDAY=1FR
19970907T090000 FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU
19970922T090000 FREQ=MONTHLY;COUNT=6;BYDAY=-2MO
19970928T090000 FREQ=MONTHLY;BYMONTHDAY=-3
19970902T090000 FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15
19970930T090000 FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1
19970910T090000 FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15
19970902T090000 FREQ=MONTHLY;INTERVAL=2;BYDAY=TU
19970610T090000 FREQ=YEARLY;COUNT=10;BYMONTH=6,7
19970310T090000 FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3
19970101T090000 FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200
19970519T090000 FREQ=YEARLY;BYDAY=20MO
19970512T090000 FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO
19970313T090000 FREQ=YEARLY;BYMONTH=3;BYDAY=TH
19970605T090000 FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8
19970902T090000 FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13
19970913T090000 FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13
19961105T090000 FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8
19970904T090000 FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3
19970929T090000 FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2
19970805T090000 FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO
19970805T090000 FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU
20070115T090000 FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5
""".splitlines()

DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def some(source, values, most):
    return ",".join(str(v) for v in sorted(source.sample(values, source.randint(1, most))))


def random_rule(source):
    start = datetime(
        source.randint(1990, 2030), source.randint(1, 12), source.randint(1, 28), source.randint(0, 23),
        source.choice([0, 0, 15, 30, 59]))
    frequency = source.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = {"FREQ": frequency}
    if source.random() < 0.5:
        parts["INTERVAL"] = source.choice([2, 2, 3, 4, 5, 7, 13])
    if source.random() < 0.3:
        parts["COUNT"] = source.randint(1, 11)
    elif source.random() < 0.3:
        parts["UNTIL"] = start.replace(year=start.year + source.randint(0, 3)).strftime("%Y%m%dT%H%M%S")
    if source.random() < 0.4:
        parts["WKST"] = source.choice(DAYS)
    if source.random() < 0.3:
        parts["BYMONTH"] = some(source, range(1, 13), 4)
    if frequency != "WEEKLY" and source.random() < 0.35:
        parts["BYMONTHDAY"] = some(source, [d for d in range(-31, 32) if d], 8)
    if frequency == "YEARLY" and source.random() < 0.25:
        parts["BYYEARDAY"] = some(source, [d for d in range(-366, 367) if d], 12)
    if frequency == "YEARLY" and source.random() < 0.3:
        parts["BYWEEKNO"] = some(source, [w for w in range(-10, 54) if w], 6)
    if source.random() < 0.5 or "BYWEEKNO" in parts:
        if frequency in ("MONTHLY", "YEARLY") and "BYWEEKNO" not in parts and source.random() < 0.6:
            most = 5 if frequency == "MONTHLY" or "BYMONTH" in parts else 53
            numbers = [n for n in range(-most, most + 1) if n]
            parts["BYDAY"] = some(source, [f"{n}{d}" for n in numbers for d in DAYS], 5)
        else:
            parts["BYDAY"] = some(source, DAYS, 5)
    if source.random() < 0.2:
        parts["BYHOUR"] = some(source, range(24), 3)
    if source.random() < 0.2:
        parts["BYMINUTE"] = some(source, range(60), 3)
    by = [name for name in parts if name.startswith("BY")]
    if by and frequency != "WEEKLY" and source.random() < 0.3:
        parts["BYSETPOS"] = some(source, [-3, -2, -1, 1, 2, 3, 5], 2)
    return start.strftime("%Y%m%dT%H%M%S"), ";".join(f"{name}={value}" for name, value in parts.items())


def answer(start, rule):
    found = rrulestr("RRULE:" + rule, dtstart=datetime.strptime(start, "%Y%m%dT%H%M%S"))
    first = [d for d in itertools.islice(found, 8) if d.year < 2200]
    return " ".join(d.strftime("%Y%m%dT%H%M%S") for d in first) or "none"


source = random.Random(5545)
lines = [tuple(example.split()) for example in EXAMPLES]
lines += [random_rule(source) for _ in range(300)]
with open("rules.txt", "w") as file:
    for start, rule in lines:
        file.write(f"{start}|{rule}|{answer(start, rule)}\n")
