import FettleJudgement
import FettleModel

/// Made-up series of members that serve alike, from a seed.
struct Scene {
    var seconds = 30
    var interval = 1.0
    /// Bytes and open files that each second adds.
    var leakBytes = 0.0
    var leakFiles = 0.0
    /// Bytes that are added at first and less and less later, as caches fill.
    var warmUpBytes = 0.0
    var failures = 0.0
    /// Milliseconds beside the usual ones.
    var slower = 0.0
    var isKnown = true

    static let unit = "orders.service"
    static let judgement = BakeJudgement(controls: ["web-2"], services: [unit], extendUntilSeconds: 60)

    func series(_ member: ResourceID, seed: UInt64) -> MemberSeries {
        var random = SplitMix(seed: seed)
        var series = MemberSeries(member: member)
        var answers = ProbeSeries()
        let count = Int(Double(seconds) / interval)
        for number in 0..<count {
            let at = Double(number) * interval
            series.pulses.append(pulse(at, &random))
            answers.asked += 1
            if Double.random(in: 0..<1, using: &random) < failures {
                answers.failed += 1
            } else {
                answers.milliseconds.append(20 + slower + Double.random(in: 0..<10, using: &random))
            }
        }
        series.answers["healthz"] = answers
        return series
    }

    private func pulse(_ at: Double, _ random: inout SplitMix) -> Pulse {
        let noise = Double(Int.random(in: 0...4, using: &random)) * 4_096
        let warm = warmUpBytes * at / (at + 3)
        let service = ServicePulse(
            unit: Self.unit, mainProcess: 100, activeSince: 5_000_000,
            memoryBytes: isKnown ? Int64(12_000_000 + leakBytes * at + warm + noise) : nil,
            descriptors: isKnown ? 8 + Int(leakFiles * at) + Int.random(in: 0...1, using: &random) : nil,
            threads: isKnown ? 1 + Int.random(in: 0...1, using: &random) : nil, descriptorLimit: 1_024,
            threadLimit: 4_000)
        return Pulse(
            at: at, bootID: "b", uptimeSeconds: 1_000 + at, services: [service], outOfMemoryKills: 3, crashes: [:],
            kernelTroubles: [:], kernelTaint: 0,
            stalls: ["cpu": Int(at * 20_000) + Int.random(in: 0...5_000, using: &random), "memory": 0, "io": 0],
            steal: Pulse.Share(part: 0, whole: Int(at * 100)),
            disks: [DiskPulse(mountPoint: "/", usedBytes: 1_000_000, sizeBytes: 9_000_000)],
            memoryBytes: 8_000_000_000)
    }

    /// Of a patched member that is as told, and a control that is well.
    func verdict(seed: UInt64, control: Scene? = nil, looks: Int = 4, _ change: (inout MemberSeries) -> Void = { _ in })
        -> BakeVerdict
    {
        var patched = series("web-1", seed: seed)
        change(&patched)
        let control = (control ?? Scene(seconds: seconds, interval: interval)).series("web-2", seed: seed &+ 1_000_000)
        return BakeJudge(Self.judgement, looks: looks).judge([patched], against: .controls([control]))
    }
}

extension BakeVerdict {
    func row(_ subject: String) -> JudgementRow? { rows.first { $0.subject == subject } }
}
