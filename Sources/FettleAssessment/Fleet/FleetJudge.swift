import Dispatch
public import FettleIndex
public import FettleModel
import Foundation
import Synchronization

/// Judges a fleet by an index of advisories. Each distinct build is judged once, for all hosts that have it; what a host has is the
/// sum over its columns.
///
/// A build is judged by itself. So a package of a module that a list does not label, and whose stream only other packages of the
/// host would tell, counts as undecided here; `findings(of:)` sees the whole host.
///
/// Not thread-safe; it uses several processors by itself.
public final class FleetJudge {
    public let columns: FleetColumns
    public let index: AdvisoryIndex
    private let workers: [BuildJudge]
    /// By the number of a build: what each host that has it gets counted.
    private var weights: [FleetCounts] = []

    /// - Parameter processors: how many to use; nil: all.
    public init(
        columns: FleetColumns, index: AdvisoryIndex, processors: Int? = nil
    ) {
        let processors = processors ?? ProcessInfo.processInfo.activeProcessorCount
        self.columns = columns
        self.index = index
        workers = (0..<max(1, processors)).map { _ in BuildJudge(index: index) }
    }

    /// How many lots (ecosystem, name, version) were judged.
    public var lotCount: Int { workers.reduce(0) { $0 + $1.lotCount } }

    // MARK: Hosts to findings

    /// Judges every host.
    public func judgeAll() throws(IndexError) -> FleetJudgement {
        try columns.consistently { () throws(IndexError) in
            try judgeNewBuilds()
            let blocks = columns.rowBlockCount
            let sums = Mutex([[FleetCounts]](repeating: [], count: blocks))
            try inParallel(blocks) { block throws(IndexError) in
                let sum = try self.columns.addUp(self.weights, rowBlock: block)
                sums.withLock { $0[block] = sum }
            }
            return FleetJudgement(sums: Array(sums.withLock { $0 }.joined().prefix(columns.rowCount)))
        }
    }

    /// Judges one host by its builds; nil if there is none of this name.
    public func counts(of host: String) throws(IndexError) -> FleetFindingCounts? {
        try columns.consistently { () throws(IndexError) in
            guard let row = try columns.host(host)?.row else { return nil }
            try judgeNewBuilds()
            let builds = try columns.builds(ofRow: row)
            return FleetFindingCounts(builds.reduce(.zero) { $0 &+ weights[Int($1)] })
        }
    }

    /// All findings of a host, explained, by the whole list of what it has; nil if there is none of this name.
    public func findings(
        of host: String
    ) throws(IndexError) -> (packages: SoftwareList, lots: [PackageLot], judgement: SoftwareJudgement)? {
        guard let found = try columns.host(host), let packages = try columns.packages(of: host) else { return nil }
        let list = SoftwareList(platform: found.platform.isEmpty ? nil : found.platform, packages: packages)
        let judge = SoftwareJudge(index: index, platform: Ecosystem(found.platform))
        let judgement = try judge.judge(list)
        return (list, judge.lots, judgement)
    }

    // MARK: Advisory to hosts

    /// Whom an advisory concerns, by its number in the index. Reads the columns of its packages and nothing else.
    public func impact(of advisory: UInt32) throws(IndexError) -> AdvisoryImpact {
        try columns.consistently { () throws(IndexError) in
            var affected: [FleetBuild] = []
            var undecided: [FleetBuild] = []
            for package in try index.packages(of: advisory) {
                guard let said = AdvisoryOfPackage(advisory, package) else { continue }
                let builds =
                    try package.ecosystem.matchesSources
                    ? columns.builds(ofSource: package.name) : columns.builds(named: package.name)
                for number in builds {
                    let build = try columns.build(number)
                    switch try workers[0].status(of: build, to: said) {
                    case .affected: affected.append(build)
                    case .unknown, .underInvestigation: undecided.append(build)
                    case .fixed, .notAffected, nil: break
                    }
                }
            }
            return AdvisoryImpact(
                affectedBuilds: affected, undecidedBuilds: undecided,
                affectedRows: try columns.hosts(with: affected.map(\.number)),
                undecidedRows: try columns.hosts(with: undecided.map(\.number)))
        }
    }

    // MARK: Builds

    /// Judges builds that were not there before.
    public func judgeNewBuilds() throws(IndexError) {
        let new = weights.count..<max(weights.count, columns.buildCount)
        guard !new.isEmpty else { return }
        // Builds of one source go to the same worker: it has their lot already.
        var shares = [[UInt32]](repeating: [], count: workers.count)
        for number in new {
            shares[Int(try columns.sourceNumber(ofBuild: UInt32(number))) % workers.count].append(UInt32(number))
        }
        let judged = Mutex([FleetCounts](repeating: .zero, count: new.count))
        let first = UInt32(new.lowerBound)
        // Few are not worth a second thread.
        let isFew = new.count < 64
        try inParallel(isFew ? 1 : workers.count) { part throws(IndexError) in
            for worker in isFew ? Array(self.workers.indices) : [part] {
                var counts: [(UInt32, FleetCounts)] = []
                for number in shares[worker] {
                    counts.append((number, try self.workers[worker].counts(of: try self.columns.build(number))))
                }
                judged.withLock { judged in
                    for (number, count) in counts { judged[Int(number - first)] = count }
                }
            }
        }
        weights += judged.withLock { $0 }
    }

    /// Does parts of work on all processors, each part once.
    ///
    /// - Throws: one of the errors that parts threw; then others may not have been begun.
    private func inParallel(
        _ parts: Int, _ work: @escaping (Int) throws(IndexError) -> Void
    ) throws(IndexError) {
        let threads = min(workers.count, parts)
        let next = Atomic(0)
        let failure = Mutex<IndexError?>(nil)
        // Unchecked: parts only read what no other part changes, and this function returns after the last one.
        nonisolated(unsafe) let work = work
        @Sendable func run() {
            while true {
                let part = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard part < parts, failure.withLock({ $0 == nil }) else { return }
                do throws(IndexError) { try work(part) } catch { failure.withLock { $0 = error } }
            }
        }
        if threads < 2 { run() } else { DispatchQueue.concurrentPerform(iterations: threads) { _ in run() } }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
