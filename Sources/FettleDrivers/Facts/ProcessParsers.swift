import FettleModel

/// Reads the section `maps`.
///
/// Told are system services, processes that belong to no unit, and the init process itself (`init.scope`). Not told
/// are login sessions and the user managers behind them, which nobody restarts for a patch, and the processes of
/// containers, which have files of their own.
enum StaleServiceParser {
    private static let filesKept = 20

    static func services(_ text: String) throws(FactError) -> [StaleService] {
        var files: [Int: Set<String>] = [:]
        var groups: [Int: String] = [:]
        var sessions: Set<Int> = []
        var isComplete = false
        for line in FactText.lines(text) {
            if line == "end" {
                isComplete = true
            } else if let (process, rest) = process(line, file: "maps:") {
                if let path = deletedFile(rest) { files[process, default: []].insert(path) }
            } else if let (process, rest) = process(line, file: "cgroup:") {
                let path = rest.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).last ?? ""
                // On hosts with both hierarchies one of them may say nothing but `/`.
                if groups[process] == nil || groups[process] == "/" { groups[process] = String(path) }
            } else if let (process, _) = process(line, file: "session:") {
                sessions.insert(process)
            } else {
                throw .notUnderstood(line, of: "/proc")
            }
        }
        guard isComplete else { throw FactError("needs root: no process could be read") }

        var services: [String: StaleService] = [:]
        for (process, paths) in files where !sessions.contains(process) {
            guard let unit = unit(of: groups[process]) else { continue }
            services[unit, default: StaleService(unit: unit, processIDs: [], files: [])].processIDs.append(process)
            services[unit]?.files += paths
        }
        return services.values.map { service in
            StaleService(
                unit: service.unit, processIDs: service.processIDs.sorted(),
                files: Array(Set(service.files).sorted().prefix(filesKept)))
        }.sorted { $0.unit < $1.unit }
    }

    /// `/proc/123/maps:...`: the process and what follows.
    private static func process(_ line: Substring, file: String) -> (Int, Substring)? {
        guard line.hasPrefix("/proc/") else { return nil }
        let rest = line.dropFirst("/proc/".count)
        guard let slash = rest.firstIndex(of: "/"), let process: Int = FactText.number(rest[..<slash]) else {
            return nil
        }
        let behind = rest[rest.index(after: slash)...]
        return behind.hasPrefix(file) ? (process, behind.dropFirst(file.count)) : nil
    }

    /// The path of a mapping such as `7f00-7f01 r-xp 0000a000 fd:01 1024   /usr/lib/libssl.so.3 (deleted)`; nil if it
    /// is no file that a package brings: memory that has a name, or a file that a program made for itself.
    private static func deletedFile(_ mapping: Substring) -> String? {
        let fields = mapping.split(separator: " ", maxSplits: 5)
        guard fields.count == 6, fields[5].hasSuffix(" (deleted)") else { return nil }
        let path = fields[5].drop { $0 == " " }.dropLast(" (deleted)".count)
        let ownFiles = [
            "/memfd:", "/SYSV", "/dev/", "/tmp/", "/var/tmp/", "/run/", "/proc/", "/sys/", "/[", "/anon_hugepage",
        ]
        guard path.hasPrefix("/"), !ownFiles.contains(where: path.hasPrefix) else { return nil }
        return String(path)
    }

    /// The unit in a control group's path; empty for a process that belongs to none, nil for one that is not told.
    ///
    /// A service lies below slices only. What lies below anything else, or below the slice of users or of machines,
    /// is a session or a container's. A service may divide its group; what it runs further below still is that
    /// service.
    static func unit(of group: String?) -> String? {
        guard let group, group != "/" else { return "" }
        let parts = group.split(separator: "/")
        if parts == ["init.scope"] { return "init.scope" }
        let slices = parts.prefix { $0.hasSuffix(".slice") }
        guard slices.first != "user.slice", slices.first != "machine.slice", slices.count < parts.count,
            parts[slices.count].hasSuffix(".service")
        else { return nil }
        return String(parts[slices.count])
    }
}

/// Reads the section `locks`: a line for each lock that a process holds, with its id, the file, and its command line.
enum LockParser {
    static func locks(_ text: String) throws(FactError) -> [PackageLock] {
        var locks: [PackageLock] = []
        for line in FactText.lines(text) {
            let words = line.split(separator: " ")
            guard words.count >= 2, let process: Int = FactText.number(words[0]), words[1].hasPrefix("/") else {
                throw .notUnderstood(line, of: "/proc/locks")
            }
            // A process may hold several ranges of one file.
            if locks.contains(where: { $0.processID == process && $0.path == words[1] }) { continue }
            locks.append(
                PackageLock(
                    path: String(words[1]), processID: process, command: words.dropFirst(2).joined(separator: " ")))
        }
        return locks.sorted { ($0.path, $0.processID) < ($1.path, $1.processID) }
    }
}
