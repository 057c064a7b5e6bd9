import FettleJudgement

/// Reads the sections `units` and `processes`.
enum ServicePulseParser {
    /// Services that run, or that systemd is about to start anew; those of sessions and the way in itself are left out, because Fettle's own asking changes them.
    static func services(_ text: String) throws(FactError) -> [ServicePulse] {
        var services: [ServicePulse] = []
        for block in FactText.paragraphs(text) {
            let fields = try UnitParser.properties(block)
            guard let name = fields["Id"], let state = fields["SubState"] else {
                throw .notUnderstood(block.joined(separator: " "), of: "systemctl show")
            }
            guard let process: Int = FactText.number(fields["MainPID"] ?? ""), !isTheWayIn(name),
                state == "running" && process > 0 || state.hasPrefix("auto-restart"), name.utf8.count <= 255
            else { continue }
            services.append(
                ServicePulse(
                    unit: String(name), restarts: FactText.number(fields["NRestarts"] ?? "0") ?? 0,
                    mainProcess: state == "running" ? process : 0,
                    activeSince: FactText.number(fields["ActiveEnterTimestampMonotonic"] ?? "0") ?? 0,
                    memoryLimit: FactText.number(fields["MemoryMax"] ?? ""),
                    threadLimit: FactText.number(fields["TasksMax"] ?? "")))
            guard services.count <= 4_096 else { throw FactError("more than 4096 services run") }
        }
        return services.sorted { $0.unit < $1.unit }
    }

    private static func isTheWayIn(_ unit: Substring) -> Bool {
        unit == "ssh.service" || unit == "sshd.service" || unit.hasPrefix("ssh@") || unit.hasPrefix("sshd@")
            || unit.hasPrefix("user@") || unit.hasPrefix("user-runtime-dir@") || unit == "systemd-logind.service"
    }

    /// Adds up what the processes of each service's control group have.
    static func add(_ text: String, to services: inout [ServicePulse]) throws(FactError) {
        var processes: [Int: Process] = [:]
        var kills: [String: Int] = [:]
        for line in FactText.lines(text) {
            if let (process, file, rest) = parts(line) {
                read(file, rest, into: &processes[process, default: Process()])
            } else if let (unit, count) = killed(line) {
                kills[unit] = count
            } else if !line.hasPrefix("/sys/fs/cgroup/") {
                throw .notUnderstood(line, of: "/proc")
            }
        }
        guard !processes.isEmpty else { throw FactError("no process could be read") }
        var byUnit: [String: [(id: Int, process: Process)]] = [:]
        for (id, process) in processes {
            guard let unit = StaleServiceParser.unit(of: process.group), !unit.isEmpty else { continue }
            byUnit[unit, default: []].append((id, process))
        }
        for place in services.indices {
            services[place].outOfMemoryKills = kills[services[place].unit]
            let own = byUnit[services[place].unit] ?? []
            services[place].memoryBytes = memory(own)
            services[place].threads = sum(own) { $0.threads }.map(Int.init)
            let most = withMostDescriptors(own)
            services[place].descriptors = most?.descriptors.map(Int.init)
            services[place].descriptorLimit = most?.limit
        }
    }

    /// The limit is each process's own, so that what all have together says nothing. nil if any of them is not known.
    private static func withMostDescriptors(_ own: [(id: Int, process: Process)]) -> Process? {
        guard own.allSatisfy({ $0.process.descriptors != nil }) else { return nil }
        return own.map(\.process).max { one, other in
            let (few, many) = (one.descriptors ?? 0, other.descriptors ?? 0)
            // Of two with as many, the one that is nearer to its limit.
            return few == many ? one.limit ?? .max > other.limit ?? .max : few < many
        }
    }

    /// nil if any of them is not known: a part of a sum is none.
    private static func sum(_ own: [(id: Int, process: Process)], _ value: (Process) -> Int64?) -> Int64? {
        guard !own.isEmpty else { return nil }
        var result: Int64 = 0
        for (_, process) in own {
            guard let value = value(process) else { return nil }
            let (sum, overflow) = result.addingReportingOverflow(value)
            if overflow { return nil }
            result = sum
        }
        return result
    }

    /// What each has for itself, and what they share once: each process's own figure has the whole of it.
    private static func memory(_ own: [(id: Int, process: Process)]) -> Int64? {
        let shared = own.compactMap { $0.process.ownPages == nil ? nil : $0.process.sharedPages }.max() ?? 0
        guard let sum = sum(own, { $0.ownPages ?? $0.resident }) else { return nil }
        let (result, overflow) = sum.addingReportingOverflow(shared)
        return overflow ? nil : result
    }

    private struct Process {
        var group: String?
        var resident: Int64?
        /// Without pages of files, which the kernel takes back when it wants them.
        var ownPages: Int64?
        var sharedPages: Int64?
        var threads: Int64?
        var descriptors: Int64?
        var limit: Int?
    }

    private static func read(_ file: Substring, _ rest: Substring, into process: inout Process) {
        switch file {
        case "cgroup":
            let path = rest.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).last ?? ""
            if process.group == nil || process.group == "/" { process.group = String(path) }
        case "status":
            let words = rest.split { $0 == " " || $0 == "\t" }
            guard words.count >= 2, let value: Int64 = FactText.number(words[1]), value < 1 << 50 else { return }
            switch words[0] {
            case "VmRSS:": process.resident = value * 1_024
            case "RssAnon:": process.ownPages = value * 1_024
            case "RssShmem:": process.sharedPages = value * 1_024
            case "Threads:": process.threads = value
            default: break
            }
        case "limits":
            let words = FactText.words(rest)
            if words.count >= 4 { process.limit = FactText.number(words[3]) }
        case "fd":
            // No process that runs a service has none: it could not be counted.
            let count: Int64? = FactText.number(rest)
            process.descriptors = count == 0 ? nil : count
        default: break
        }
    }

    /// `/proc/123/FILE:REST`.
    private static func parts(_ line: Substring) -> (process: Int, file: Substring, rest: Substring)? {
        guard line.hasPrefix("/proc/") else { return nil }
        let behind = line.dropFirst("/proc/".count)
        guard let slash = behind.firstIndex(of: "/"), let process: Int = FactText.number(behind[..<slash]) else {
            return nil
        }
        let file = behind[behind.index(after: slash)...]
        guard let colon = file.firstIndex(of: ":") else { return nil }
        return (process, file[..<colon], file[file.index(after: colon)...])
    }

    /// `/sys/fs/cgroup/system.slice/UNIT/memory.events:oom_kill N`.
    private static func killed(_ line: Substring) -> (String, Int)? {
        let suffix = "/memory.events:oom_kill "
        guard let range = line.firstRange(of: suffix), let count: Int = FactText.number(line[range.upperBound...]),
            let unit = line[..<range.lowerBound].split(separator: "/").last
        else { return nil }
        return (String(unit), count)
    }
}
