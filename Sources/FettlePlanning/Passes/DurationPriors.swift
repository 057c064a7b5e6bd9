public import FettleModel

/// How long steps take before anything was measured on this fleet: one table, so that a figure in a report has one place to be
/// argued about. All in seconds; the first of a pair is the median, the second what 95% stay under.
///
/// Argument: on small virtual machines with local disks two packages change in 7 s, 24 in 17 to 60 s, a container is back from
/// a reboot in 2 s and a machine with firmware in 90 to 300 s. The medians are near those; the 95% figures allow for a slow
/// disk, a mirror far away and a database that has to flush first. Too long costs a wider window; too short would promise a
/// window that does not hold (I4).
public struct DurationPriors: Sendable, Equatable {
    public var preflight = DurationEstimate(medianSeconds: 2, p95Seconds: 15)
    public var takeOut = DurationEstimate(medianSeconds: 1, p95Seconds: 5)
    public var drainMedianSeconds = 5
    public var changeBase = DurationEstimate(medianSeconds: 5, p95Seconds: 30)
    public var changePerPackage = DurationEstimate(medianSeconds: 2, p95Seconds: 6)
    public var stageBase = DurationEstimate(medianSeconds: 3, p95Seconds: 20)
    /// Bytes in a second: a near mirror, and a bad line.
    public var medianBytesPerSecond: Int64 = 5_000_000
    public var slowBytesPerSecond: Int64 = 1_000_000
    public var restartServices = DurationEstimate(medianSeconds: 5, p95Seconds: 60)
    public var reboot = DurationEstimate(medianSeconds: 90, p95Seconds: 300)
    /// Of hypervisors and bare metal, and of storage, switches and appliances; `reboot` is that of all others.
    ///
    /// Argument: firmware of large servers goes through hundreds of gigabytes of memory and every card for three to ten minutes;
    /// storage controllers and switches check their parts, and each other, before they answer. Not measured.
    public var serverReboot = DurationEstimate(medianSeconds: 240, p95Seconds: 900)
    public var deviceReboot = DurationEstimate(medianSeconds: 300, p95Seconds: 1_200)
    /// Asking whether a reboot is needed, where none is expected.
    public var rebootQuestionSeconds = 1
    public var verify = DurationEstimate(medianSeconds: 2, p95Seconds: 20)
    /// A leader of a database gives its role to a replica that is up to date.
    public var handOver = DurationEstimate(medianSeconds: 5, p95Seconds: 60)
    /// A machine that is moved while it runs: a GiB in 2 s is half of what a network of 10 Gbit/s carries, 10 s what one of 1 Gbit/s
    /// does; memory that the machine writes meanwhile goes over it again. One machine after the other.
    public var movePerGibibyte = DurationEstimate(medianSeconds: 2, p95Seconds: 10)
    /// Beside its memory, for each machine: the destination is prepared, the last pages are copied, the network learns of it.
    public var movePerMachine = DurationEstimate(medianSeconds: 5, p95Seconds: 30)
    public var restore = DurationEstimate(medianSeconds: 2, p95Seconds: 30)
    /// A target that is registered with a network load balancer of AWS is `initial` for three to five minutes, and is checked then.
    public var restoreToCloud = DurationEstimate(medianSeconds: 60, p95Seconds: 420)
    /// A load balancer is told of a whole side; its health checks have to see the other one.
    public var switchTraffic = DurationEstimate(medianSeconds: 2, p95Seconds: 60)
    /// A machine is started from a template, patched as any other, shut down and stored.
    public var buildImage = DurationEstimate(medianSeconds: 240, p95Seconds: 1_200)
    /// A machine is deleted and started from an image.
    public var replaceImage = DurationEstimate(medianSeconds: 120, p95Seconds: 600)
    /// A virtual machine is made anew: its image is read and compared first. 100 GiB take 25 minutes at 70 MB/s; how large the image is
    /// nobody has told.
    public var remakeMachine = DurationEstimate(medianSeconds: 180, p95Seconds: 1_800)
    /// A snapshot of a machine's disks: file systems are frozen for a moment, and new files begun.
    public var snapshot = DurationEstimate(medianSeconds: 5, p95Seconds: 60)
    /// A machine is ended and boots from the disks that it had; until all of its services are up.
    public var revert = DurationEstimate(medianSeconds: 60, p95Seconds: 300)
    /// What was written since a snapshot is copied into the disks: 10 GiB in 95 of 100 cases, at 20 MB/s.
    public var discardSnapshot = DurationEstimate(medianSeconds: 15, p95Seconds: 540)
    /// One member of a cluster that its controller takes through: emptied, patched, rebooted, filled again.
    public var upgradeMember = DurationEstimate(medianSeconds: 600, p95Seconds: 3_600)
    public var retire = DurationEstimate(medianSeconds: 30, p95Seconds: 300)

    /// What was measured on this fleet; counts beside the table (`DurationHistory`).
    public var history = DurationHistory.empty

    public init() {}

    public static let documented = DurationPriors()

    func stage(_ transaction: PackageTransaction) -> DurationEstimate {
        let bytes = max(0, transaction.downloadBytes)
        return DurationEstimate(
            medianSeconds: stageBase.medianSeconds + seconds(bytes, at: medianBytesPerSecond),
            p95Seconds: stageBase.p95Seconds + seconds(bytes, at: slowBytesPerSecond))
    }

    func change(_ transaction: PackageTransaction) -> DurationEstimate {
        let count = transaction.changes.count
        return DurationEstimate(
            medianSeconds: changeBase.medianSeconds + changePerPackage.medianSeconds * count,
            p95Seconds: changeBase.p95Seconds + changePerPackage.p95Seconds * count)
    }

    func drain(_ traffic: TrafficBinding) -> DurationEstimate {
        let longest = max(1, traffic.drainTimeoutSeconds)
        // AWS tells of a target as draining until the group's delay is over, whether it has connections or not.
        let median = traffic.driver == "elbv2" ? longest * 9 / 10 : drainMedianSeconds
        return DurationEstimate(medianSeconds: max(1, min(median, longest)), p95Seconds: longest + 5)
    }

    func restore(_ traffic: TrafficBinding) -> DurationEstimate {
        traffic.driver == "elbv2" ? restoreToCloud : restore
    }

    /// A reboot that only happens if the host asks for it is planned for as if it took place, but seldom takes that long.
    func reboot(isExpected: Bool) -> DurationEstimate {
        DurationEstimate(
            medianSeconds: isExpected ? reboot.medianSeconds : rebootQuestionSeconds, p95Seconds: reboot.p95Seconds)
    }

    /// The median needs the samples; the 95% figure lets every probe use up its deadline.
    func gate(_ probes: [Probe]) -> DurationEstimate {
        var (median, longest) = (0, 0)
        for place in probes.indices {
            median += max(1, probes[place].samples) * max(1, probes[place].intervalSeconds)
            longest += max(1, probes[place].deadlineSeconds) + max(1, probes[place].timeoutSeconds)
        }
        return DurationEstimate(medianSeconds: max(1, median), p95Seconds: max(1, median, longest))
    }

    /// - Parameter until: how long it may be extended; nil: not at all.
    func bake(seconds: Int, until: Int? = nil, probes: [Probe]) -> DurationEstimate {
        let gate = gate(probes)
        return DurationEstimate(
            medianSeconds: seconds + gate.medianSeconds, p95Seconds: max(seconds, until ?? 0) + gate.p95Seconds)
    }

    func upgrade(members: Int, atOnce: Int) -> DurationEstimate {
        let rounds = (members + max(1, atOnce) - 1) / max(1, atOnce)
        return DurationEstimate(
            medianSeconds: upgradeMember.medianSeconds * rounds, p95Seconds: upgradeMember.p95Seconds * rounds)
    }

    func buildImage(_ transaction: PackageTransaction, _ probes: [Probe]) -> DurationEstimate {
        buildImage.adding(stage(transaction)).adding(change(transaction)).adding(probes.isEmpty ? nil : gate(probes))
    }

    func move(_ moves: [MachineMove]) -> DurationEstimate {
        let gibibytes = moves.reduce(0) { $0 + ($1.memoryMebibytes + 1023) / 1024 }
        return DurationEstimate(
            medianSeconds: movePerMachine.medianSeconds * moves.count + movePerGibibyte.medianSeconds * gibibytes,
            p95Seconds: movePerMachine.p95Seconds * moves.count + movePerGibibyte.p95Seconds * gibibytes)
    }

    /// How long one attempt may take: twice what 95% stay under, and a minute. A step that is cut off too early leaves more
    /// trouble than one that is waited for.
    func timeout(_ estimate: DurationEstimate) -> Int { estimate.p95Seconds * 2 + 60 }

    private func seconds(_ bytes: Int64, at rate: Int64) -> Int { Int(bytes / max(1, rate)) }
}
