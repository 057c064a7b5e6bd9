import FettleAssessment
import FettleIndex
import FettleModel
import Foundation

/// Measures a fleet that was filled, and prints each aim.
struct Measuring {
    let folder: String

    func run() throws {
        let index = try AdvisoryIndex(path: FleetBench.advisories(folder))
        let path = FleetBench.fleet(folder)
        report("open for reading", try rounds(20) { try FleetColumns(path: path, .reading) }, aim: 5)
        report("open for writing", try rounds(20) { try FleetColumns(path: path, .writing) }, aim: 5)
        let judgements = try judge(path, index)
        report("full judgement, 1 processor", judgements.one, aim: nil)
        report("full judgement, 2 processors", judgements.two, aim: 2000)
        report("the same, builds judged before, 2 processors", judgements.again, aim: nil)
        let peak = Self.peakMiB()
        print(verdict("peak memory of the process so far", peak, "MiB", aim: 1024))
        try impacts(path, index)
        try changes(path, index, isSynced: false)
        try changes(path, index, isSynced: true)
    }

    private func judge(
        _ path: String, _ index: AdvisoryIndex
    ) throws -> (one: [Double], two: [Double], again: [Double]) {
        let columns = try FleetColumns(path: path, .reading)
        var one: [Double] = []
        var two: [Double] = []
        var again: [Double] = []
        var totals: Set<String> = []
        for round in 0..<FleetBench.rounds {
            one.append(
                try FleetBench.milliseconds {
                    totals.insert("\(try FleetJudge(columns: columns, index: index, processors: 1).judgeAll().total)")
                }.0)
            let judge = FleetJudge(columns: columns, index: index, processors: 2)
            two.append(try FleetBench.milliseconds { totals.insert("\(try judge.judgeAll().total)") }.0)
            again.append(try FleetBench.milliseconds { totals.insert("\(try judge.judgeAll().total)") }.0)
            if round == 0 { print("judged: \(columns.buildCount) builds in \(judge.lotCount) lots, \(totals.first ?? "")") }
        }
        guard totals.count == 1 else {
            print("MISSED: the judgements differ: \(totals)")
            exit(1)
        }
        return (one, two, again)
    }

    private func impacts(_ path: String, _ index: AdvisoryIndex) throws {
        let columns = try FleetColumns(path: path, .reading)
        let judge = FleetJudge(columns: columns, index: index, processors: 2)
        var times: [Double] = []
        var worst = (0.0, "")
        for number in stride(from: 0, to: UInt32(index.advisoryCount), by: max(1, index.advisoryCount / 1000)) {
            let (time, impact) = try FleetBench.milliseconds { try judge.impact(of: number) }
            times.append(time)
            if time > worst.0 {
                let builds = impact.affectedBuilds
                worst = (
                    time,
                    "\(try index.advisory(number).record.id): \(impact.affectedRows.count) hosts, \(builds.count) builds of "
                        + "\(Set(builds.map(\.package.name)).count) packages of \(builds.first?.package.source ?? "nothing")"
                )
            }
        }
        report("an advisory's impact (of \(times.count) advisories)", times, aim: 10)
        print("    the longest: \(worst.1)")
    }

    /// Ten packages of a host are patched, and its whole list comes in again.
    private func changes(_ path: String, _ index: AdvisoryIndex, isSynced: Bool) throws {
        let columns = try FleetColumns(path: path, .writing, isSynced: isSynced)
        let judge = FleetJudge(columns: columns, index: index, processors: 2)
        try judge.judgeNewBuilds()
        var random = SplitMix(seed: 2)
        var changed: [Double] = []
        var judged: [Double] = []
        for round in 0..<400 {
            let id = "host-\(Int.random(in: 0..<columns.hostCount, using: &random)).example.org"
            guard var packages = try columns.packages(of: id) else { continue }
            for _ in 0..<10 {
                let place = Int.random(in: 0..<packages.count, using: &random)
                packages[place].version += round % 4 == 0 ? "+new\(round)" : "+b1"
            }
            changed.append(
                try FleetBench.milliseconds {
                    try columns.setHost(id, packages: packages, platform: "debian:12", at: Timestamp(milliseconds: 0))
                }.0)
            judged.append(try FleetBench.milliseconds { try judge.counts(of: id) }.0)
        }
        let how = isSynced ? "on the disk at once" : "safe from a crash, not from a loss of power"
        report("a host's change, \(how)", changed, aim: 1)
        report("    its new counts", judged, aim: nil)
    }

    // MARK: Reporting

    private func rounds(_ count: Int, _ work: () throws -> some Any) throws -> [Double] {
        try (0..<count).map { _ in try FleetBench.milliseconds(work).0 }
    }

    private func report(_ what: String, _ times: [Double], aim: Double?) {
        let sorted = times.sorted()
        guard let least = sorted.first, let most = sorted.last else { return }
        let range = String(format: "least %.2f, 99%% %.2f, most %.2f", least, sorted[(sorted.count - 1) * 99 / 100], most)
        print("\(verdict(what, sorted[sorted.count / 2], "ms", aim: aim)) (median of \(sorted.count); \(range))")
    }

    private func verdict(_ what: String, _ value: Double, _ unit: String, aim: Double?) -> String {
        let said = "\(what): \(String(format: "%.2f", value)) \(unit)"
        guard let aim else { return said }
        return "\(said), aim \(Int(aim)): \(value <= aim ? "met" : "MISSED")"
    }

    private static func peakMiB() -> Double {
        var usage = rusage()
        #if os(Linux)
            getrusage(RUSAGE_SELF, &usage)
            return Double(usage.ru_maxrss) / 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return Double(usage.ru_maxrss) / 1_048_576
        #endif
    }
}
