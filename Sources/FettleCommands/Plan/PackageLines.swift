import FettleModel
import FettleReporting

/// The exact versions that a plan pins: what a person agrees to. For each group, once for all its hosts that are changed alike; packages
/// that go between the same two versions in one line.
struct PackageLines {
    /// So many sets of changes, and so many lines of each, unless all are wanted.
    private static let sets = 12
    private static let lines = 40
    /// The names' column is at most so wide: more of them stand below each other.
    private static let widestNames = 44

    private struct Versions: Hashable {
        var from: String
        var to: String
    }

    private struct Block {
        var groups: [GroupID]
        var hosts: [ResourceID]
        var rows: [(names: String, versions: Versions)]
    }

    private let blocks: [Block]
    private let showsAll: Bool

    init(_ plan: Plan, showsAll: Bool = false) {
        self.showsAll = showsAll
        var changes: [ResourceID: [PackageChange]] = [:]
        var order: [ResourceID] = []
        for entry in plan.steps.lazy.flatMap(\.resourceChanges) {
            if changes[entry.resource] == nil { order.append(entry.resource) }
            changes[entry.resource, default: []].append(entry.change)
        }
        var groups: [ResourceID: [GroupID]] = [:]
        for group in plan.groups {
            for member in Set(group.members) { groups[member, default: []].append(group.id) }
        }
        struct Key: Hashable {
            var groups: [GroupID]
            var changes: Set<PackageChange>
        }
        var places: [Key: Int] = [:]
        var blocks: [Block] = []
        for host in order {
            let own = Set(changes[host] ?? [])
            let key = Key(groups: groups[host] ?? [], changes: own)
            if let known = places[key] {
                blocks[known].hosts.append(host)
            } else {
                places[key] = blocks.count
                blocks.append(Block(groups: key.groups, hosts: [host], rows: Self.rows(own)))
            }
        }
        // Those of one group stand together, in the order in which the groups are first worked on.
        let firsts = Dictionary(blocks.enumerated().map { ($1.groups, $0) }, uniquingKeysWith: min)
        self.blocks = blocks.enumerated().sorted { left, right in
            (firsts[left.element.groups] ?? 0, left.offset) < (firsts[right.element.groups] ?? 0, right.offset)
        }.map(\.element)
    }

    private static func rows(_ changes: Set<PackageChange>) -> [(names: String, versions: Versions)] {
        let twice = Dictionary(grouping: changes, by: \.name).filter { Set($0.value.map(\.architecture)).count > 1 }
        var names: [Versions: [String]] = [:]
        for change in changes {
            let name = twice[change.name] == nil ? change.name : "\(change.name):\(change.architecture)"
            let versions = Versions(from: change.from ?? "not installed", to: change.to ?? "removed")
            names[versions, default: []].append(name)
        }
        return names.map { (names: $0.value.sorted().joined(separator: ", "), versions: $0.key) }
            .sorted { ($0.names, $0.versions.from, $0.versions.to) < ($1.names, $1.versions.from, $1.versions.to) }
    }

    func lines(in terminal: Terminal) -> [String] {
        guard !blocks.isEmpty else { return [] }
        let width = max(20, terminal.width ?? .max)
        var text = ["Packages, from the version there to the one that is pinned:"].flatMap { $0.wrapped(to: width) }
        let shown = blocks.prefix(showsAll ? blocks.count : Self.sets)
        for block in shown {
            text += title(of: block).printable.wrapped(to: width).enumerated().map {
                $0 == 0 ? TextStyle.bold.apply($1, in: terminal) : "  \($1)"
            }
            text += rows(of: block, width: width)
        }
        if blocks.count > shown.count {
            text.append("… and \(blocks.count - shown.count) more sets of changes (`fettle plan show --all`)")
        }
        return text + [""]
    }

    private func title(of block: Block) -> String {
        let groups = block.groups.map(\.rawValue).joined(separator: ", ")
        let title = groups.isEmpty ? "no group" : "group\(block.groups.count == 1 ? "" : "s") \(groups)"
        let count = block.hosts.count == 1 ? "" : ", \(block.hosts.count) hosts"
        return "\(title)\(count): \(PlanView.list(block.hosts.map(\.rawValue), limit: showsAll ? .max : 4))"
    }

    private func rows(of block: Block, width: Int) -> [String] {
        let shown = block.rows.prefix(showsAll ? block.rows.count : Self.lines)
        let names = min(Self.widestNames, shown.map(\.names.displayWidth).max() ?? 0)
        let froms = shown.map(\.versions.from.displayWidth).max() ?? 0
        let tos = shown.map(\.versions.to.displayWidth).max() ?? 0
        let isTable = 2 + names + 2 + froms + 3 + tos <= width
        var text = shown.flatMap { row -> [String] in
            let versions = "\(row.versions.from) → \(row.versions.to)"
            if isTable {
                return row.names.wrapped(to: names).enumerated().map { place, piece in
                    guard place == 0 else { return "  \(piece)" }
                    return "  \(piece.padded(to: names))  \(row.versions.from.padded(to: froms)) → \(row.versions.to)"
                }
            }
            // Nothing is cut off: a version of which the end is missing is none.
            return "\(row.names) \(versions)".wrapped(to: width - 4).enumerated().map { ($0 == 0 ? "  " : "    ") + $1 }
        }.map(\.printable)
        if block.rows.count > shown.count {
            text.append("  … and \(block.rows.count - shown.count) more lines (`fettle plan show --all`)")
        }
        return text
    }
}

extension String {
    /// With blanks behind it up to so many columns.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - displayWidth)) }
}
