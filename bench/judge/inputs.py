#!/usr/bin/python3
"""Makes what every way reads, from one Debian tracker JSON and one real host's dpkg status, into a folder.

    inputs.py TRACKER.json DPKG-STATUS FOLDER

`host-N.status` (ten hosts of about 40,000 findings each), `debsecan/bookworm` (what debsecan downloads from the tracker),
`oval.xml` (what `oscap` evaluates), `apt.conf` (by which `oscap` reads that status), and `facts.json`: how many of each
there are, and what libapt-pkg calls affected.
"""
import json
import os
import random
import sys
import zlib
from xml.sax.saxutils import escape, quoteattr

import apt_pkg

RELEASE = "bookworm"
HOSTS, FINDINGS = 10, 40_000
apt_pkg.init_system()


def advisories(tracker):
    """Source -> [(name, fixed version)] of the release; the sample has only `resolved` ones, and all else is refused."""
    found = {}
    for source, entries in tracker.items():
        for name, entry in entries.items():
            state = entry["releases"].get(RELEASE)
            if state is None:
                continue
            if state["status"] != "resolved":
                sys.exit(f"error: {source} {name}: debsecan's file is made of fixed advisories only, not of {state['status']}")
            if state["fixed_version"] != "0":
                found.setdefault(source, []).append((name, state["fixed_version"]))
    return found


def installed(path):
    """(package, version, source, source version) of each installed package."""
    found = []
    with open(path) as file:
        for section in apt_pkg.TagFile(file):
            if "installed" not in section["Status"].split():
                continue
            source, _, version = section.get("Source", section["Package"]).partition(" ")
            found.append((section["Package"], section["Version"], source, version.strip("()") or section["Version"]))
    return found


class Affected:
    """How many advisories a version of a source is open to; remembered, since hosts share versions."""

    def __init__(self, known):
        self.known, self.counts = known, {}

    def count(self, source, version):
        key = (source, version)
        if key not in self.counts:
            self.counts[key] = sum(apt_pkg.version_compare(version, fixed) < 0 for _, fixed in self.known.get(source, ()))
        return self.counts[key]


def kernel_leftovers(version, build):
    """The binary packages, by their real names, that an old kernel of the release leaves beside its image."""
    names = [f"linux-headers-6.1.0-{build}-amd64", f"linux-headers-6.1.0-{build}-common"]
    return [(name, "linux", version) for name in names]


def one_host(base, base_findings, affected, versions, seed):
    """The real status, and old kernels' headers and desktop packages at older versions until there are enough findings."""
    generator = random.Random(seed)
    candidates = [
        ("chromium", name) for name in ("chromium", "chromium-common", "chromium-sandbox", "chromium-l10n", "chromium-driver")]
    candidates += [("thunderbird", "thunderbird")]
    candidates += [("thunderbird", f"thunderbird-l10n-{language}") for language in ("de", "fr", "es-es", "pt-br", "ja")]
    candidates += [("xen", "libxen-dev"), ("qemu", "qemu-utils"), ("wireshark", "tshark"), ("samba", "smbclient")]
    candidates = [(source, name) for source, name in candidates if source in versions]
    generator.shuffle(candidates)
    # Old kernels' images are of another source (linux-signed-amd64), of which the tracker says nothing; headers are of `linux`.
    kernels = [version for version in versions["linux"] if version.startswith("6.1.") and "~" not in version]
    added = []
    for build, version in zip(generator.sample(range(1, 60), 2), generator.sample(kernels, 2)):
        added += kernel_leftovers(version, build)
    chosen = {source: generator.choice(known) for source, known in versions.items()}
    findings = base_findings + sum(affected.count(source, version) for _, source, version in added)
    for source, name in candidates:
        more = affected.count(source, chosen[source])
        if findings + more <= FINDINGS * 1.02:
            added.append((name, source, chosen[source]))
            findings += more
    # What the chance left open: more old kernels.
    for build in range(60, 99):
        if findings >= FINDINGS * 0.95:
            break
        _, source, version = leftover = kernel_leftovers(generator.choice(kernels), build)[0]
        added.append(leftover)
        findings += affected.count(source, version)
    return base.rstrip("\n") + "\n\n" + "\n".join(map(section_text, added)), findings


def section_text(package):
    name, source, version = package
    origin = "" if name == source else f"Source: {source}\n"
    return (f"Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: misc\nInstalled-Size: 1000\n"
            f"Maintainer: Nobody <nobody@example.com>\nArchitecture: amd64\n{origin}Version: {version}\n"
            f"Description: added by the bench\n More than one line, as most have.\n")


def write_debsecan(known, packages, path):
    """VERSION 1, names, `package,number,flags,version,other versions`, `source,binaries`; the parts end with an empty line."""
    names = sorted({name for entries in known.values() for name, _ in entries})
    numbers = {name: number for number, name in enumerate(names)}
    binaries = {}
    for name, _, source, _ in packages:
        binaries.setdefault(source, set()).add(name)
    lines = ["VERSION 1", *(f"{name},," for name in names), ""]
    lines += [f"{source},{numbers[name]},S ?F,{fixed}," for source, entries in known.items() for name, fixed in entries]
    lines += ["", *(f"{source},{' '.join(sorted(binaries[source]))}" for source in sorted(binaries)), ""]
    with open(path, "wb") as file:
        file.write(zlib.compress("\n".join(lines).encode() + b"\n"))


def write_oval(known, packages, path):
    """A definition for each source's advisory: any of the host's binary packages of that source has a lower version.

    Sources that the host does not have are asked for by their own name, as Debian's file does for all. A test compares the
    binary package's version, for OVAL knows no other. Returns how many definitions libapt-pkg calls true.
    """
    binaries = {}
    for name, version, source, _ in packages:
        binaries.setdefault(source, {})[name] = version
    objects, states, tests, definitions, true = {}, {}, {}, [], 0
    for source, entries in known.items():
        of_source = binaries.get(source, {source: None})
        for name, fixed in entries:
            state = states.setdefault(fixed, len(states) + 1)
            criteria = []
            for binary in of_source:
                pair = (objects.setdefault(binary, len(objects) + 1), state)
                criteria.append(tests.setdefault(pair, len(tests) + 1))
            true += any(version and apt_pkg.version_compare(version, fixed) < 0 for version in of_source.values())
            definitions.append(definition_text(len(definitions) + 1, f"{name} {source}", criteria))
    linux = 'xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5#linux"'
    with open(path, "w") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<oval_definitions '
                   'xmlns="http://oval.mitre.org/XMLSchema/oval-definitions-5" '
                   'xmlns:oval="http://oval.mitre.org/XMLSchema/oval-common-5"><generator>'
                   '<oval:product_name>bench</oval:product_name><oval:schema_version>5.11.1</oval:schema_version>'
                   '<oval:timestamp>2026-01-01T00:00:00</oval:timestamp></generator>\n<definitions>\n')
        file.writelines(definitions)
        file.write("</definitions>\n<tests>\n")
        for (item, state), number in tests.items():
            file.write(f'<dpkginfo_test id="oval:bench:tst:{number}" version="1" check="all" '
                       f'check_existence="at_least_one_exists" comment="older" {linux}>'
                       f'<object object_ref="oval:bench:obj:{item}"/>'
                       f'<state state_ref="oval:bench:ste:{state}"/></dpkginfo_test>\n')
        file.write("</tests>\n<objects>\n")
        for name, number in objects.items():
            file.write(f'<dpkginfo_object id="oval:bench:obj:{number}" version="1" {linux}><name>{escape(name)}</name>'
                       '</dpkginfo_object>\n')
        file.write("</objects>\n<states>\n")
        for fixed, number in states.items():
            evr = fixed if ":" in fixed else f"0:{fixed}"
            file.write(f'<dpkginfo_state id="oval:bench:ste:{number}" version="1" {linux}>'
                       f'<evr datatype="debian_evr_string" operation="less than">{escape(evr)}</evr></dpkginfo_state>\n')
        file.write("</states>\n</oval_definitions>\n")
    return true


def definition_text(number, title, tests):
    criteria = "".join(f'<criterion test_ref="oval:bench:tst:{test}" comment="older"/>' for test in tests)
    return (f'<definition class="vulnerability" id="oval:bench:def:{number}" version="1"><metadata>'
            f'<title>{escape(title)}</title><description>{escape(title)}</description></metadata>'
            f'<criteria operator="OR" comment={quoteattr(title)}>{criteria}</criteria></definition>\n')


def main():
    tracker_path, status_path, folder = sys.argv[1:4]
    with open(tracker_path) as file:
        known = advisories(json.load(file))
    with open(status_path) as file:
        base = file.read()
    packages = installed(status_path)
    affected = Affected(known)
    findings = [sum(affected.count(source, version) for _, _, source, version in packages)]
    versions = {source: sorted({fixed for _, fixed in entries}) for source, entries in known.items()}
    for number in range(1, HOSTS + 1):
        text, count = one_host(base, findings[0], affected, versions, seed=number)
        with open(os.path.join(folder, f"host-{number}.status"), "w") as file:
            file.write(text)
        findings.append(count)
    os.makedirs(os.path.join(folder, "debsecan"), exist_ok=True)
    write_debsecan(known, packages, os.path.join(folder, "debsecan", RELEASE))
    true = write_oval(known, packages, os.path.join(folder, "oval.xml"))
    empty = os.path.join(folder, "empty")
    os.makedirs(os.path.join(empty, "partial"), exist_ok=True)
    with open(os.path.join(folder, "apt.conf"), "w") as file:
        file.write(f'Dir::State::status "{status_path}";\nDir::State::lists "{empty}/";\nDir::Cache "{empty}/";\n')
    with open(os.path.join(folder, "facts.json"), "w") as file:
        json.dump({"advisories": sum(map(len, known.values())), "packages": len(packages), "findings": findings[0],
                   "hosts": findings[1:], "oval": true}, file)


main()
