import FettleIndex
import FettleVersions

/// Gathers what an advisory says of packages, architecture by architecture, into as few entries as say the same.
struct AffectedGroups {
    /// All that must be equal for two architectures to share an entry.
    private struct Key: Hashable {
        var ecosystem: Ecosystem
        var name: String
        var status: AffectedStatus
        var intervals: [VersionInterval]
        var versions: [String]
        var fixed: String?
        var module: String?
        var remark: String
    }

    private var places: [Key: Int] = [:]
    private var entries: [AffectedPackage] = []
    /// Where one of the architectures was "any": then no list is made.
    private var isAny: [Bool] = []
    private(set) var count = 0

    /// - Parameter architectures: as the package manager writes them; empty: any.
    mutating func add(_ package: AffectedPackage, architectures: [String]) {
        count += 1
        let key = Key(
            ecosystem: package.ecosystem, name: package.name, status: package.status,
            intervals: package.intervals, versions: package.versions, fixed: package.fixed, module: package.module,
            remark: package.remark)
        let place: Int
        if let known = places[key] {
            place = known
        } else {
            place = entries.count
            places[key] = place
            entries.append(package)
            entries[place].architectures = []
            isAny.append(false)
        }
        if architectures.isEmpty { isAny[place] = true }
        for architecture in architectures where !entries[place].architectures.contains(architecture) {
            entries[place].architectures.append(architecture)
        }
    }

    /// In the order in which they were first said, their architectures sorted.
    var packages: [AffectedPackage] {
        zip(entries, isAny).map { entry, isAny in
            var entry = entry
            entry.architectures = isAny ? [] : entry.architectures.sorted()
            return entry
        }
    }

    /// The same for feeds that list every file of an erratum: architectures are told apart only where their versions
    /// differ.
    var packagesByVersion: [AffectedPackage] {
        func place(_ package: AffectedPackage) -> [String] {
            [package.ecosystem.name, package.name, package.module ?? ""]
        }
        let all = packages
        var counts: [[String]: Int] = [:]
        for package in all { counts[place(package), default: 0] += 1 }
        return all.map { package in
            var package = package
            if counts[place(package)] == 1 { package.architectures = [] }
            return package
        }
    }
}
