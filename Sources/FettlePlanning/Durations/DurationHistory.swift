public import FettleModel
import Foundation
import Synchronization

/// How long steps took on this fleet, and what to expect from it.
///
/// Each step is counted as a multiple of what the table (`DurationPriors`) expects of it, so that a patch of two packages says
/// something of one of twenty. The table itself is a belief that counts as much as some measurements: the expected
/// distribution is the mean of a Dirichlet process,
///
///     F(x) = (n0 x prior(x) + N x measured(x)) / (n0 + N)
///
/// with the prior's log-normal distribution through its median and its 95% figure, the share `measured(x)` of N measured
/// steps that took no longer than x, and the prior's weight n0 (`Weights`). What was measured on fewer things (a package, a
/// group, a kind of machine, one host) is put on top in the same way, with what is known of all of them as its prior. So
/// without history it is the table's; the more is measured, the nearer it is to what was measured, whatever its shape; and no
/// single outlier moves it by more than its share.
///
/// Source: T. S. Ferguson, "A Bayesian Analysis of Some Nonparametric Problems", Annals of Statistics 1(2), 1973,
/// https://doi.org/10.1214/aos/1176342360
public struct DurationHistory: Sendable, Equatable {
    /// How many measured steps a belief counts as much as.
    public enum Weights {
        /// The table's, against all steps of the kind on the fleet.
        public static let table = 10.0
        /// The fleet's, against those of a package, a group or a kind of machine.
        public static let fleet = 5.0
        /// All others', against the reboots of one host: how long a machine takes to boot is mostly its own.
        public static let others = 1.0
    }

    /// Of each thing the newest are kept: hardware, mirrors and packages change.
    public static let mostKept = 500

    /// Multiples of what was expected, sorted.
    private let measured: [Key: [Double]]
    private let answers = Answers()

    fileprivate enum Key: Hashable {
        case fleet(String)
        case package(String, String)
        case group(String, GroupID)
        case machine(String, MachineClass)
        case host(String, ResourceID)
    }

    public static let empty = DurationHistory([])

    public var isEmpty: Bool { measured.isEmpty }

    /// - Parameter fleet: which kind of machine each resource is; resources that it does not know only count for the fleet.
    public init(_ samples: some Sequence<DurationSample>, fleet: Fleet? = nil) {
        let classes = Dictionary(
            (fleet?.resources ?? []).map { ($0.id, MachineClass($0)) }, uniquingKeysWith: { first, _ in first })
        var lists: [Key: [(at: Timestamp, resource: ResourceID, ratio: Double)]] = [:]
        for sample in samples {
            let ratio = sample.seconds / max(1, sample.expectedSeconds)
            guard ratio.isFinite, ratio >= 0 else { continue }
            for key in Self.keys(of: sample, classes[sample.resource]) {
                lists[key, default: []].append((sample.at, sample.resource, ratio))
            }
        }
        measured = lists.mapValues { list in
            // By all that tells them apart: which are kept must not hang on the order in which runs were read.
            list.sorted { ($1.at, $0.resource, $0.ratio) < ($0.at, $1.resource, $1.ratio) }.prefix(Self.mostKept)
                .map(\.ratio).sorted()
        }
    }

    private static func keys(of sample: DurationSample, _ machine: MachineClass?) -> [Key] {
        let action = sample.action
        if action == rebootName {
            return [.fleet(action), .host(action, sample.resource)] + (machine.map { [.machine(action, $0)] } ?? [])
        }
        return [.fleet(action)] + sample.packages.map { .package(action, $0) }
            + (sample.packages.isEmpty ? sample.groups.map { .group(action, $0) } : [])
    }

    private static let rebootName = StepAction.reboot(condition: .always).name

    /// How many steps of the kind were measured.
    public func count(of action: StepAction) -> Int { measured[.fleet(action.name)]?.count ?? 0 }

    // MARK: Expecting

    /// What is to be expected of a step, in whole seconds: rounded up.
    ///
    /// - Parameters:
    ///   - prior: what the table says of exactly this step.
    ///   - groups: those of its resource.
    func estimate(
        of action: StepAction, on resource: Resource, groups: @autoclosure () -> [GroupID], prior: DurationEstimate
    ) -> DurationEstimate {
        guard !measured.isEmpty else { return prior }
        let name = action.name
        guard measured[.fleet(name)] != nil, let expected = DurationPriors.documented.expectation(of: action) else {
            return prior
        }
        let narrower: [Key] =
            switch action {
            case .reboot: [.machine(name, MachineClass(resource)), .host(name, resource.id)]
            case .changePackages(let transaction): transaction.changes.map { .package(name, $0.name) }
            default: groups().map { .group(name, $0) }
            }
        let question = Question(
            action: name, median: prior.medianSeconds, p95: prior.p95Seconds, unit: expected.medianSeconds,
            narrower: narrower.filter { measured[$0] != nil })
        return answers.answer(question) { work(out: $0) }
    }

    private func work(out question: Question) -> DurationEstimate {
        let prior = DurationEstimate(medianSeconds: question.median, p95Seconds: question.p95)
        let table = Mixture(prior: prior, unit: question.unit)
            .adding(measured[.fleet(question.action)], weight: Weights.table)
        guard question.action != Self.rebootName else {
            return question.narrower.reduce(table) { mixture, key in
                if case .host = key { return mixture.adding(measured[key], weight: Weights.others) }
                return mixture.adding(measured[key], weight: Weights.fleet)
            }.estimate
        }
        // A transaction takes as long as the slowest of its packages is known to make one take; so do a host's groups.
        let estimates = question.narrower.map { table.adding(measured[$0], weight: Weights.fleet).estimate }
        guard let first = estimates.first else { return table.estimate }
        return estimates.dropFirst().reduce(first) { longest, next in
            DurationEstimate(
                medianSeconds: max(longest.medianSeconds, next.medianSeconds),
                p95Seconds: max(longest.p95Seconds, next.p95Seconds))
        }
    }

    /// All that an estimate hangs on: hosts of a fleet ask the same a hundred thousand times.
    fileprivate struct Question: Hashable {
        var action: String
        var median: Int
        var p95: Int
        var unit: Int
        /// Only those of which something was measured.
        var narrower: [Key]
    }

    public static func == (left: Self, right: Self) -> Bool { left.measured == right.measured }
}

/// What was worked out already: it saves time and alters no answer.
private final class Answers: Sendable {
    private let known = Mutex<[DurationHistory.Question: DurationEstimate]>([:])

    func answer(
        _ question: DurationHistory.Question, _ work: (DurationHistory.Question) -> DurationEstimate
    ) -> DurationEstimate {
        if let answer = known.withLock({ $0[question] }) { return answer }
        let answer = work(question)
        known.withLock { $0[question] = answer }
        return answer
    }
}

/// What boots alike, as far as the fleet file tells it.
enum MachineClass: String, Sendable, Hashable {
    /// Machines of others' making, or not told.
    case general
    /// Firmware that looks through much memory and many cards before it boots.
    case server
    /// Controllers that check all they have before they answer.
    case device

    init(_ resource: Resource) {
        self =
            switch resource.kind {
            case .hypervisor: .server
            case .storage, .networkSwitch, .appliance: .device
            case .host, .database, .loadBalancer: resource.serviceModel == .bareMetal ? .server : .general
            case .virtualMachine, .application, .cloudService: .general
            }
    }
}

/// A prior and what was measured, layer on layer.
private struct Mixture {
    private let prior: DurationEstimate
    /// What measured multiples are multiples of, in seconds.
    private let unit: Double
    /// Sorted, and each list's share.
    private var layers: [(ratios: [Double], share: Double)] = []
    private var priorShare = 1.0

    init(prior: DurationEstimate, unit: Int) {
        self.prior = prior
        self.unit = Double(max(1, unit))
    }

    /// With what was measured on fewer things on top.
    func adding(_ ratios: [Double]?, weight: Double) -> Mixture {
        guard let ratios, !ratios.isEmpty else { return self }
        let share = Double(ratios.count) / (Double(ratios.count) + weight)
        var next = self
        next.priorShare *= 1 - share
        for place in next.layers.indices { next.layers[place].share *= 1 - share }
        next.layers.append((ratios, share))
        return next
    }

    var estimate: DurationEstimate {
        DurationEstimate(medianSeconds: quantile(0.5), p95Seconds: quantile(0.95))
    }

    /// The least number of whole seconds that a share `p` of such steps takes no longer than.
    private func quantile(_ p: Double) -> Int {
        guard !layers.isEmpty else { return p < 0.9 ? prior.medianSeconds : prior.p95Seconds }
        // There every part is past its own 95%.
        let most = layers.compactMap(\.ratios.last).max() ?? 0
        var high = max(prior.p95Seconds, Int(min(most * unit, 1e9).rounded(.up)), 1)
        var low = 0
        while low < high {
            let middle = (low + high) / 2
            if share(within: Double(middle)) >= p - 1e-9 { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func share(within seconds: Double) -> Double {
        layers.reduce(priorShare * priorShare(within: seconds)) { sum, layer in
            sum + layer.share * Self.share(of: layer.ratios, within: seconds / unit)
        }
    }

    /// Log-normal, through the median and the 95% figure.
    private func priorShare(within seconds: Double) -> Double {
        guard prior.p95Seconds > prior.medianSeconds else { return seconds >= Double(prior.p95Seconds) ? 1 : 0 }
        guard seconds > 0 else { return 0 }
        // 1.6449 standard deviations are 95%.
        let median = Double(max(1, prior.medianSeconds))
        let deviation = log(Double(prior.p95Seconds) / median) / 1.644_853_626_951_472_7
        return 0.5 * erfc(-log(seconds / median) / (deviation * 2.0.squareRoot()))
    }

    private static func share(of sorted: [Double], within limit: Double) -> Double {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] <= limit * (1 + 1e-12) { low = middle + 1 } else { high = middle }
        }
        return Double(low) / Double(sorted.count)
    }
}
