import FettleIndex

/// Flattens a definition's tree into packages, each with what must hold beside it: the release, the module, the
/// architecture.
///  `A and (B or C)` with gates A and packages B, C says B under A, and C under A. What can't be said so (several
/// packages at once) and what isn't understood is left out, by name, and never taken as true.
struct OVALFlattening {
    struct Gates {
        var platforms: [Ecosystem]?
        var module: String?
        var architectures: [String]?
    }

    /// Combinations of gates that are followed: real trees have one or two.
    private static let gateLimit = 64
    /// Packages of one definition, so that a tree of gates times packages doesn't grow without end.
    private static let packageLimit = 500_000

    /// Looks at nodes: gates in gates multiply, so that a small tree could be walked for ever.
    private var stepsLeft: Int

    private let facts: OVALFacts
    private let nodes: [OVALDefinition.Node]
    private let meanings: [OVALMeaning?]
    private let hasPackage: [Bool]
    private(set) var found: [(package: OVALPackage, gates: Gates)] = []
    /// What was not understood, at most a few, each once.
    private(set) var leftOut: [String] = []

    init(_ nodes: [OVALDefinition.Node], _ facts: OVALFacts) {
        self.facts = facts
        self.nodes = nodes
        var meanings: [OVALMeaning?] = []
        for node in nodes {
            if case .criterion(let test, let comment, let isNegated) = node {
                meanings.append(facts.meaning(of: test, comment, isNegated: isNegated))
            } else {
                meanings.append(nil)
            }
        }
        // Children come behind their parents.
        var hasPackage = [Bool](repeating: false, count: nodes.count)
        for index in nodes.indices.reversed() {
            switch nodes[index] {
            case .criterion: if case .package? = meanings[index] { hasPackage[index] = true }
            case .criteria(_, _, let children): hasPackage[index] = children.contains { hasPackage[$0] }
            }
        }
        // Real trees take about as many steps as they have nodes.
        stepsLeft = 1000 + 64 * nodes.count
        self.meanings = meanings
        self.hasPackage = hasPackage
        if !nodes.isEmpty { walk(0, Gates()) }
    }

    /// As deep as the document's elements, which is bounded.
    private mutating func walk(_ index: Int, _ gates: Gates) {
        guard found.count < Self.packageLimit, takeStep() else { return }
        switch nodes[index] {
        case .criterion(_, let comment, _):
            switch meanings[index] {
            case .package(let package)?: found.append((package, gates))
            case .unknown?, nil: leaveOut(comment)
            default: break
            }
        case .criteria(_, true, _): leaveOut("criteria that are negated or of an unknown operator")
        case .criteria(true, false, let children):
            for child in children { walk(child, gates) }
        case .criteria(false, false, let children):
            walk(all: children, gates)
        }
    }

    private mutating func walk(all children: [Int], _ gates: Gates) {
        var alternatives = [gates]
        for child in children where !hasPackage[child] {
            alternatives = alternatives.flatMap { narrowed($0, by: child) }
            if alternatives.count > Self.gateLimit {
                leaveOut("more combinations than are followed")
                return
            }
        }
        let withPackages = children.filter { hasPackage[$0] }
        if withPackages.count == 1 {
            for gates in alternatives { walk(withPackages[0], gates) }
            return
        }
        guard !alternatives.isEmpty, !withPackages.isEmpty else { return }
        guard let package = joined(withPackages) else {
            leaveOut("several packages at once (\(words(of: withPackages)))")
            return
        }
        for gates in alternatives { found.append((package, gates)) }
    }

    /// "Is installed" beside another test of the same package adds nothing; that it is installed and is not, as Red Hat
    /// writes of what isn't affected, is nothing more than its name.
    private func joined(_ children: [Int]) -> OVALPackage? {
        var joined: OVALPackage?
        for child in children {
            guard case .package(let package)? = meanings[child] else { return nil }
            guard let known = joined else {
                joined = package
                continue
            }
            guard known.name == package.name else { return nil }
            if known.condition == .installed {
                joined = package
            } else if package.condition != .installed, package != known {
                return nil
            }
        }
        return joined
    }

    /// The gates, narrowed by a child without packages; none: it can't hold.
    private mutating func narrowed(_ gates: Gates, by index: Int) -> [Gates] {
        guard takeStep() else { return [] }
        switch nodes[index] {
        case .criterion(_, let comment, _):
            var gates = gates
            switch meanings[index] {
            case .neutral?: return [gates]
            case .platform(let ecosystem)?:
                guard let ecosystem else { return [] }
                gates.platforms = [ecosystem]
                return [gates]
            case .module(let module)?:
                gates.module = module
                return [gates]
            case .architectures(let architectures)?:
                gates.architectures = architectures
                return [gates]
            case .never?: return []
            case .package?, .unknown?, nil:
                leaveOut(comment)
                return []
            }
        case .criteria(_, true, _):
            leaveOut("criteria that are negated or of an unknown operator")
            return []
        case .criteria(true, false, let children):
            return united(children.flatMap { narrowed(gates, by: $0) })
        case .criteria(false, false, let children):
            var alternatives = [gates]
            for child in children {
                alternatives = alternatives.flatMap { narrowed($0, by: child) }
                if alternatives.count > Self.gateLimit { return alternatives }
            }
            return alternatives
        }
    }

    /// Alternatives that differ only in the release are one with several releases; equal ones are one.
    private func united(_ alternatives: [Gates]) -> [Gates] {
        var united: [Gates] = []
        for gates in alternatives {
            let same = united.firstIndex { $0.module == gates.module && $0.architectures == gates.architectures }
            if let same, let known = united[same].platforms, let platforms = gates.platforms {
                united[same].platforms = known + platforms.filter { !known.contains($0) }
            } else if same == nil || united[same ?? 0].platforms != gates.platforms {
                united.append(gates)
                if united.count > Self.gateLimit { return united }
            }
        }
        return united
    }

    private mutating func takeStep() -> Bool {
        stepsLeft -= 1
        if stepsLeft == 0 { leaveOut("more combinations than are followed") }
        return stepsLeft > 0
    }

    private func words(of children: [Int]) -> String {
        children.prefix(2).map { child in
            if case .criterion(_, let comment, _) = nodes[child] { return comment }
            return "and others"
        }.joined(separator: "; ")
    }

    private mutating func leaveOut(_ what: String) {
        let what = String(what.prefix(160))
        if leftOut.count < 4, !leftOut.contains(what) { leftOut.append(what) }
    }
}
