import FettleAssessment
import FettleIndex
import FettleModel
import Foundation

/// Measures a fleet that was filled, and prints each aim.
struct Measuring {
    let folder: String

    func run() throws {
        var load = [0.0, 0.0, 0.0]
        getloadavg(&load, 3)
        if load[0] > 0.5 {
            print("the machine has other work (load \(String(format: "%.1f", load[0]))): wall times are upper bounds")
        }
        let index = try AdvisoryIndex(path: FleetBench.advisories(folder))
        let path = FleetBench.fleet(folder)
        report("open for reading", try rounds(20) { try FleetColumns(path: path, .reading) }, aim: 5)
        report("open for writing", try rounds(20) { try FleetColumns(path: path, .writing) }, aim: 5)
        let judgements = try judge(path, index)
        report("full judgement, 1 processor", judgements.one, aim: nil)
        report("full judgement, 2 processors", judgements.two, aim: 2000)
        report("the same, builds judged before, 2 processors", judgements.again, aim: nil)
        report("every cell of every column added up, 1 processor", try sums(path), aim: nil)
        let peak = Self.peakMiB()
        print(verdict("peak memory of the process so far", peak, "MiB", aim: 1024))
        try impacts(path, index)
        try changes(path, index, isSynced: false)
        try changes(path, index, isSynced: true)
        report("    for comparison: 8 KiB appended to a file and synced", try syncs(), aim: nil)
    }

    /// What the disk itself takes, whoever asks.
    private func syncs() throws -> [FleetBench.Time] {
        let descriptor = open(folder + "/sync", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        defer { close(descriptor) }
        let bytes = [UInt8](repeating: 1, count: 8192)
        return (0..<100).map { round in
            FleetBench.time {
                pwrite(descriptor, bytes, bytes.count, off_t(round * bytes.count))
                fsync(descriptor)
            }.0
        }
    }

    private func judge(
        _ path: String, _ index: AdvisoryIndex
    ) throws -> (one: [FleetBench.Time], two: [FleetBench.Time], again: [FleetBench.Time]) {
        let columns = try FleetColumns(path: path, .reading)
        var one: [FleetBench.Time] = []
        var two: [FleetBench.Time] = []
        var again: [FleetBench.Time] = []
        var totals: Set<String> = []
        for round in 0..<FleetBench.rounds {
            one.append(
                try FleetBench.time {
                    totals.insert("\(try FleetJudge(columns: columns, index: index, processors: 1).judgeAll().total)")
                }.0)
            let judge = FleetJudge(columns: columns, index: index, processors: 2)
            two.append(try FleetBench.time { totals.insert("\(try judge.judgeAll().total)") }.0)
            again.append(try FleetBench.time { totals.insert("\(try judge.judgeAll().total)") }.0)
            if round == 0 {
                print("judged: \(columns.buildCount) builds in \(judge.lotCount) lots, \(totals.first ?? "")")
            }
        }
        guard totals.count == 1 else {
            print("MISSED: the judgements differ: \(totals)")
            exit(1)
        }
        return (one, two, again)
    }

    /// As if each build had a finding: a judgement skips columns in which nothing counts.
    private func sums(_ path: String) throws -> [FleetBench.Time] {
        let columns = try FleetColumns(path: path, .reading)
        let weights = [FleetCounts](repeating: .one, count: columns.buildCount)
        return try (0..<FleetBench.rounds).map { _ in
            var packages = 0
            let time = try FleetBench.time {
                for block in 0..<columns.rowBlockCount {
                    for sum in try columns.addUp(weights, rowBlock: block) { packages += Int(sum[0]) }
                }
            }.0
            guard packages == columns.hostCount * FleetBench.packages else {
                print("MISSED: \(packages) packages were found")
                exit(1)
            }
            return time
        }
    }

    private func impacts(_ path: String, _ index: AdvisoryIndex) throws {
        let columns = try FleetColumns(path: path, .reading)
        let judge = FleetJudge(columns: columns, index: index, processors: 2)
        var times: [FleetBench.Time] = []
        var longest = (0.0, "")
        var widest = (0, 0.0, "")
        for number in stride(from: 0, to: UInt32(index.advisoryCount), by: max(1, index.advisoryCount / 1000)) {
            let (time, impact) = try FleetBench.time { try judge.impact(of: number) }
            times.append(time)
            let builds = impact.affectedBuilds
            let hosts = impact.affectedRows.count
            let words = try "\(index.advisory(number).record.id), \(hosts) hosts by \(builds.count) builds"
            if time.wall > longest.0 { longest = (time.wall, words) }
            if hosts > widest.0 { widest = (hosts, time.wall, words) }
        }
        report("an advisory's impact (of \(times.count) advisories)", times, aim: 10)
        print("    the longest: \(String(format: "%.2f", longest.0)) ms, \(longest.1)")
        print("    the widest: \(String(format: "%.2f", widest.1)) ms, \(widest.2)")
    }

    /// Ten packages of a host are patched, and its whole list comes in again.
    private func changes(_ path: String, _ index: AdvisoryIndex, isSynced: Bool) throws {
        let columns = try FleetColumns(path: path, .writing, isSynced: isSynced)
        let judge = FleetJudge(columns: columns, index: index, processors: 2)
        try judge.judgeNewBuilds()
        var random = SplitMix(seed: 2)
        var changed: [FleetBench.Time] = []
        var judged: [FleetBench.Time] = []
        for round in 0..<400 {
            let id = "host-\(Int.random(in: 0..<columns.hostCount, using: &random)).example.org"
            guard var packages = try columns.packages(of: id) else { continue }
            for _ in 0..<10 {
                let place = Int.random(in: 0..<packages.count, using: &random)
                packages[place].version += round % 4 == 0 ? "+new\(round)" : "+b1"
            }
            changed.append(
                try FleetBench.time {
                    try columns.setHost(id, packages: packages, platform: "debian:12", at: Timestamp(milliseconds: 0))
                }.0)
            judged.append(try FleetBench.time { try judge.counts(of: id) }.0)
        }
        let how = isSynced ? "on the disk at once" : "safe from a crash, not from a loss of power"
        report("a host's change, \(how)", changed, aim: 1)
        report("    its new counts", judged, aim: nil)
    }

    // MARK: Reporting

    private func rounds(_ count: Int, _ work: () throws -> some Any) throws -> [FleetBench.Time] {
        try (0..<count).map { _ in try FleetBench.time(work).0 }
    }

    private func report(_ what: String, _ times: [FleetBench.Time], aim: Double?) {
        guard !times.isEmpty else { return }
        func rank(_ times: [Double], _ percent: Int) -> String {
            String(format: "%.2f", times.sorted()[(times.count - 1) * percent / 100])
        }
        let wall = times.map(\.wall)
        print(
            "\(verdict(what, wall.sorted()[(wall.count - 1) / 2], "ms", aim: aim)) (median of \(times.count); least",
            "\(rank(wall, 0)), 99% \(rank(wall, 99)); processor time \(rank(times.map(\.processor), 50)))")
    }

    private func verdict(_ what: String, _ value: Double, _ unit: String, aim: Double?) -> String {
        let said = "\(what): \(String(format: "%.2f", value)) \(unit)"
        guard let aim else { return said }
        return "\(said), aim \(Int(aim)): \(value <= aim ? "met" : "MISSED")"
    }

    private static func peakMiB() -> Double {
        var usage = rusage()
        #if os(Linux)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return Double(usage.ru_maxrss) / 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return Double(usage.ru_maxrss) / 1_048_576
        #endif
    }
}
