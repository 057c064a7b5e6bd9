public import FettleIndex
public import FettleModel

/// How many findings a host has: one for each package and advisory.
public struct FleetFindingCounts: Sendable, Equatable {
    /// Affected, by the class of the advisory.
    public var affected: [UpdateClass: Int]
    /// It cannot be told, or the publisher has not decided.
    public var undecided: Int
    /// Of the affected those that are known to be exploited.
    public var exploited: Int
    /// Packages of which no feed speaks: never to be read as "nothing found".
    public var uncheckedPackages: Int

    public var affectedTotal: Int { affected.values.reduce(0, +) }

    // The places of the eight counts.
    static let undecidedPlace = UpdateClass.allCases.count
    static let exploitedPlace = undecidedPlace + 1
    static let uncheckedPlace = undecidedPlace + 2

    init(_ counts: FleetCounts) {
        affected = [:]
        for (place, updateClass) in UpdateClass.allCases.enumerated() where counts[place] > 0 {
            affected[updateClass] = Int(counts[place])
        }
        undecided = Int(counts[Self.undecidedPlace])
        exploited = Int(counts[Self.exploitedPlace])
        uncheckedPackages = Int(counts[Self.uncheckedPlace])
    }

    static func places(of counts: LotCounts) -> FleetCounts {
        var places = FleetCounts.zero
        for (place, updateClass) in UpdateClass.allCases.enumerated() {
            places[place] = UInt32(clamping: counts.affected[updateClass] ?? 0)
        }
        let undecided = (counts.others[.unknown] ?? 0) + (counts.others[.underInvestigation] ?? 0)
        places[undecidedPlace] = UInt32(clamping: undecided)
        places[exploitedPlace] = UInt32(clamping: counts.exploited)
        return places
    }

    static var unchecked: FleetCounts {
        var places = FleetCounts.zero
        places[uncheckedPlace] = 1
        return places
    }
}

/// The judgement of a whole fleet, by the rows of its columns.
public struct FleetJudgement: Sendable {
    let sums: [FleetCounts]
    /// All hosts together.
    public let total: FleetFindingTotals

    init(sums: [FleetCounts]) {
        self.sums = sums
        total = FleetFindingTotals(sums)
    }

    /// - Returns: nothing counted for a row that nobody has.
    public func counts(ofRow row: Int) -> FleetFindingCounts {
        FleetFindingCounts(sums.indices.contains(row) ? sums[row] : .zero)
    }
}

/// Sums over all hosts, which are beyond 32 bits.
public struct FleetFindingTotals: Sendable, Equatable {
    public var affected = 0
    public var undecided = 0
    public var exploited = 0
    public var uncheckedPackages = 0
    /// Hosts with at least one package that is affected.
    public var affectedHosts = 0

    init(_ sums: [FleetCounts]) {
        for counts in sums where counts != .zero {
            let classes = (0..<FleetFindingCounts.undecidedPlace).reduce(0) { $0 + Int(counts[$1]) }
            affected += classes
            affectedHosts += classes > 0 ? 1 : 0
            undecided += Int(counts[FleetFindingCounts.undecidedPlace])
            exploited += Int(counts[FleetFindingCounts.exploitedPlace])
            uncheckedPackages += Int(counts[FleetFindingCounts.uncheckedPlace])
        }
    }
}

/// Whom one advisory concerns.
public struct AdvisoryImpact: Sendable {
    /// Builds that are affected.
    public var affectedBuilds: [FleetBuild] = []
    /// Builds of which it cannot be told, or is not decided.
    public var undecidedBuilds: [FleetBuild] = []
    /// The hosts with an affected build.
    public var affectedRows: FleetRows
    /// The hosts with an undecided one; some may be affected by another build.
    public var undecidedRows: FleetRows
}
