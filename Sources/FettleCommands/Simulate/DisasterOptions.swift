import ArgumentParser
import FettleModel
import FettleSimulation
import Foundation

/// Plays among disasters: a plan, or fleets that are made up.
struct DisasterOptions: ParsableArguments {
    @Flag(help: "Play fleets that are made up, one for each seed, instead of a plan (see --hosts).")
    var generated = false
    @Option(
        help: ArgumentHelp(
            "Play among disasters, once for each of these seeds: one, or the first and the last, such as 1..1000.",
            valueName: "a..b"))
    var seeds: String?

    @Option(
        help: ArgumentHelp(
            "How many faults strike in a play among disasters, 0 to \(DisasterOptions.mostFaults); afterwards everything behaves, and the run has to end.",
            valueName: "n"))
    var faults: Int?
    @Option(
        name: .customLong("faults-until"),
        help: ArgumentHelp("... and none after so many seconds of its virtual time.", valueName: "seconds"))
    var faultsUntil: Int?

    var areAsked: Bool { generated || seeds != nil }

    static let mostFaults = 1_000

    func validate() throws {
        if !areAsked, faults != nil || faultsUntil != nil {
            throw ValidationError("--faults and --faults-until are for plays among disasters: give --seeds too")
        }
        _ = try seeds.map { try SeedRange($0) }
        guard (0...Self.mostFaults).contains(faults ?? 0), faultsUntil ?? 0 >= 0 else {
            throw ValidationError("--faults takes 0 to \(Self.mostFaults), --faults-until a number of seconds")
        }
    }

    /// What may go wrong, as asked for.
    var profile: DisasterProfile {
        var profile = DisasterProfile.everything
        if let faults { profile.mostFaults = faults }
        profile.faultsStopAfterSeconds = faultsUntil
        return profile
    }

    /// Those that have to be given again so that a seed plays the same.
    var words: String {
        (faults.map { " --faults \($0)" } ?? "") + (faultsUntil.map { " --faults-until \($0)" } ?? "")
    }

    /// - Returns: whether every invariant held.
    func play(_ series: DisasterSeries, named what: String, form: OutputFormat) async throws -> Bool {
        let seeds = try seeds.map { try SeedRange($0) } ?? SeedRange(seeds: 1...1_000)
        let bar = ProgressBar("playing", total: seeds.count)
        let began = ContinuousClock.now
        let tally = try await series.play(
            seeds.seeds, cores: ProcessInfo.processInfo.activeProcessorCount, progress: { bar.advance("") })
        bar.finish()
        let report = try DisasterReport(
            tally, of: series, seconds: (ContinuousClock.now - began) / .seconds(1),
            again: { "fettle simulate \(what) --seeds \($0)\(words)   # fettle \(FettleVersion.text)" })
        if form == .json {
            try Output.writeJSON(report)
        } else {
            for line in report.lines().map(\.printable) {
                let width = Terminal.standard.width ?? .max
                let parts = line.displayWidth <= width ? [line] : line.wrapped(to: width)
                for part in parts { Output.writeLine(part) }
            }
        }
        return tally.brokenSeeds == 0
    }
}

/// Seeds from the first to the last.
struct SeedRange: Equatable, Sendable {
    var seeds: ClosedRange<UInt64>

    /// At most so many.
    static let most: UInt64 = 100_000_000

    init(seeds: ClosedRange<UInt64>) { self.seeds = seeds }

    /// One seed, or the first and the last: `1..1000` and `1...1000` are the same.
    /// - Throws: `ValidationError`, with what would be right.
    init(_ words: String) throws {
        let parts = words.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.filter { !$0.isEmpty }.compactMap { UInt64($0) }
        switch (parts.count, numbers.count) {
        case (1, 1): seeds = numbers[0]...numbers[0]
        case (3, 2), (4, 2):
            guard numbers[0] <= numbers[1] else {
                throw ValidationError("--seeds: the first comes before the last, such as \(numbers[1])..\(numbers[0])")
            }
            guard numbers[1] - numbers[0] < Self.most else {
                throw ValidationError("--seeds: at most \(Self.most) of them")
            }
            seeds = numbers[0]...numbers[1]
        default:
            throw ValidationError(
                "--seeds takes one number, or the first and the last, such as 1..1000; not '\(words)'")
        }
    }

    var count: Int { Int(seeds.upperBound - seeds.lowerBound) + 1 }
}
