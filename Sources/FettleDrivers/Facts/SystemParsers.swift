import FettleModel

/// Reads `os-release` ([os-release(5)](https://www.freedesktop.org/software/systemd/man/os-release.html)) and the
/// machine's architecture.
enum PlatformParser {
    static func platform(release: String, kernel: KernelAnswer) throws(FactError) -> Platform {
        var fields: [Substring: String] = [:]
        for line in FactText.lines(release) where !line.hasPrefix("#") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            fields[line[..<equals]] = unquoted(line[line.index(after: equals)...])
        }
        // The default that os-release(5) names for a missing ID.
        let distribution = fields["ID"] ?? "linux"
        return Platform(
            distribution: distribution, version: fields["VERSION_ID"] ?? "", codename: fields["VERSION_CODENAME"] ?? "",
            prettyName: fields["PRETTY_NAME"] ?? distribution, architecture: kernel.architecture)
    }

    /// A value as a shell would read it: in single or double quotes or in none; backslashes only escape in double ones.
    private static func unquoted(_ value: Substring) -> String {
        guard let quote = value.first, quote == "\"" || quote == "'", value.count >= 2, value.last == quote else {
            return String(value)
        }
        var result = ""
        var escaped = false
        for character in value.dropFirst().dropLast() {
            if quote == "\"", character == "\\", !escaped {
                escaped = true
                continue
            }
            escaped = false
            result.append(character)
        }
        return result
    }
}

/// Reads the section `kernel`.
struct KernelAnswer: Equatable {
    var facts: KernelFacts
    /// As the package manager names it, else as the kernel does.
    var architecture: String

    init(parsing text: String) throws(FactError) {
        var running: String?
        var machine: String?
        var named: String?
        var images: Set<String> = []
        for line in FactText.lines(text) {
            let words = line.split(separator: " ")
            switch (words.first, words.count) {
            case ("running", 2): running = String(words[1])
            case ("machine", 2): machine = String(words[1])
            case ("architecture", 2): named = String(words[1])
            case ("image", 2): images.insert(String(words[1]))
            case ("container", 1), ("architecture", 1): break
            default: throw .notUnderstood(line, of: "the kernel's files")
            }
        }
        guard let running, let machine else { throw FactError("uname told no release") }
        architecture = named ?? machine
        // Red Hat keeps a rescue image beside the kernels, `vmlinuz-0-rescue-...`; other files have no number in front.
        let releases = images.filter { $0.first?.isNumber == true && !$0.hasPrefix("0-rescue") }
        facts = KernelFacts(running: running, installed: releases.sorted(by: NaturalOrder.precedes))
    }
}

extension KernelFacts {
    /// The newest installed kernel of the running one's flavour, if it is newer than that; nil in containers.
    var newerThanRunning: String? {
        let alike = installed.filter { Self.flavour($0) == Self.flavour(running) }
        guard let newest = alike.last, NaturalOrder.precedes(running, newest) else { return nil }
        return newest
    }

    /// `cloud-amd64` of `6.1.0-18-cloud-amd64`, and `+rt` of `5.14.0-427.el9.x86_64+rt`: a host that runs one flavour
    /// doesn't wait for the other.
    private static func flavour(_ release: String) -> String {
        let parts = release.split(separator: "-")
        let words = parts.drop { $0.first?.isNumber == true }.joined(separator: "-")
        guard words.isEmpty, parts.count > 1, let last = parts.last, let plus = last.firstIndex(of: "+") else {
            return words
        }
        return String(last[plus...])
    }
}

/// Kernel releases by the numbers in them: `6.1.0-9` before `6.1.0-10`, and `6.1~rc1` before `6.1`.
enum NaturalOrder {
    static func precedes(_ left: String, _ right: String) -> Bool {
        var (left, right) = (Substring(left), Substring(right))
        while !left.isEmpty || !right.isEmpty {
            let texts = (take(&left, while: { !$0.isNumber }), take(&right, while: { !$0.isNumber }))
            if texts.0 != texts.1 {
                if texts.0.hasPrefix("~") != texts.1.hasPrefix("~") { return texts.0.hasPrefix("~") }
                return texts.0 < texts.1
            }
            let digits = (
                take(&left, while: \.isNumber).drop { $0 == "0" }, take(&right, while: \.isNumber).drop { $0 == "0" }
            )
            if digits.0 != digits.1 {
                return (digits.0.count, String(digits.0)) < (digits.1.count, String(digits.1))
            }
        }
        return false
    }

    private static func take(_ text: inout Substring, while belongs: (Character) -> Bool) -> Substring {
        let part = text.prefix(while: belongs)
        text = text.dropFirst(part.count)
        return part
    }
}

/// Reads the section `boot`: the boot id, the seconds since, and the machine's own id where it has one.
enum BootParser {
    static func boot(_ text: String) throws(FactError) -> BootFacts {
        let lines = FactText.lines(text)
        // A boot id that cannot be one must never pass for one: a reboot is judged by it (I9).
        guard (2...3).contains(lines.count), lines[0].utf8.count == 36,
            lines[0].allSatisfy({ $0.isHexDigit || $0 == "-" }),
            let seconds: Int = FactText.number(lines[1].prefix { $0 != "." })
        else { throw .notUnderstood(text, of: "/proc") }
        // Before its first boot a machine's is `uninitialized`.
        let machine = lines.dropFirst(2).first.map(String.init) ?? ""
        let isID = machine.utf8.count == 32 && machine.allSatisfy(\.isHexDigit) && machine.contains { $0 != "0" }
        return BootFacts(
            bootID: String(lines[0]), uptimeSeconds: seconds, machineID: isID ? machine.lowercased() : nil)
    }
}

/// Reads the section `reboot`: nothing, or `required` and the packages that asked, one a line, some of them several
/// times.
enum RebootParser {
    static func requirement(_ text: String) -> RebootRequirement {
        let lines = FactText.lines(text)
        let packages = Set(lines.dropFirst().filter { FactText.isName($0) }.map(String.init))
        return RebootRequirement(isRequired: !lines.isEmpty, packages: packages.sorted())
    }
}

/// Reads the section `units`: blocks of `Property=value`, an empty line after each unit.
enum UnitParser {
    static func units(_ text: String) throws(FactError) -> [UnitFacts] {
        var units: [UnitFacts] = []
        for block in FactText.paragraphs(text) {
            let fields = try UnitParser.properties(block)
            guard let name = fields["Id"], let load = fields["LoadState"], let active = fields["ActiveState"],
                let sub = fields["SubState"]
            else { throw .notUnderstood(block.joined(separator: " "), of: "systemctl show") }
            // Named by another unit, but not there.
            if load == "not-found" || load == "masked" { continue }
            // systemd before 235 does not count restarts.
            let restarts: Int = FactText.number(fields["NRestarts"] ?? "0") ?? 0
            units.append(
                UnitFacts(name: String(name), activeState: String(active), subState: String(sub), restarts: restarts))
        }
        return units.sorted { $0.name < $1.name }
    }

    /// What `systemctl show` says of one unit, by property.
    static func properties(_ block: [Substring]) throws(FactError) -> [Substring: Substring] {
        var fields: [Substring: Substring] = [:]
        for line in block {
            guard let equals = line.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                throw .notUnderstood(line, of: "systemctl show")
            }
            fields[line[..<equals]] = line[line.utf8.index(after: equals)...]
        }
        return fields
    }
}

/// Reads the section `disks`: the table of `df -P -k`
/// ([POSIX](https://pubs.opengroup.org/onlinepubs/9799919799/utilities/df.html)). File systems in memory and those
/// without blocks are left out, but for the root.
enum DiskParser {
    static func fileSystems(_ text: String) throws(FactError) -> [FileSystemFacts] {
        var found: [FileSystemFacts] = []
        for line in FactText.lines(text).dropFirst() {
            // Devices and mount points may hold spaces: the columns between them are found from the percentage.
            let words = line.split(separator: " ")
            guard let percent = words.lastIndex(where: { $0.hasSuffix("%") || $0 == "-" }), percent >= 4,
                percent + 1 < words.count, let total: Int64 = FactText.number(words[percent - 3])
            else { throw .notUnderstood(line, of: "df") }
            let mountPoint = words[(percent + 1)...].joined(separator: " ")
            let device = words[0]
            let isInMemory = ["tmpfs", "devtmpfs", "udev", "shm", "none", "dev", "run"].contains(device)
            let isSystem = ["/run/", "/proc/", "/sys/", "/dev/"].contains { mountPoint.hasPrefix($0) }
            guard mountPoint == "/" || total > 0 && !isInMemory && !isSystem else { continue }
            // A file system that is filled into root's reserve shows less than nothing.
            let available: Int64 = FactText.number(words[percent - 1]) ?? 0
            let (totalBytes, totalOverflow) = total.multipliedReportingOverflow(by: 1_024)
            let (availableBytes, overflow) = available.multipliedReportingOverflow(by: 1_024)
            guard !totalOverflow, !overflow else { throw .notUnderstood(line, of: "df") }
            found.append(
                FileSystemFacts(mountPoint: mountPoint, totalBytes: totalBytes, availableBytes: availableBytes))
        }
        guard !found.isEmpty else { throw FactError("df named no file system") }
        return found.sorted { $0.mountPoint < $1.mountPoint }
    }
}
