import FettleDriverKit
import FettleModel

/// Asking apt what an installation would do (`apt-get --simulate`), in the very words of the command that does it.
struct AptRehearsal: Sendable {
    /// apt's own, without the question.
    let command: [String]
    let expected: [PackageChange]

    static let outputLimit = 8 * 1_024 * 1_024

    /// The rehearsal of a patch that is only planned yet. How dpkg treats configuration files and how long apt waits for
    /// locks stand in the command too; neither has any part in what apt decides.
    static func planned(_ transaction: DebianTransaction) -> AptRehearsal {
        let options = AptCommand.installOptions(
            leadsBack: transaction.leadsBack, conffiles: transaction.conffiles,
            removes: transaction.changes.contains { $0.to == nil },
            lockSeconds: PackageDriverSettings().lockSeconds)
        let packages = transaction.changes.map { AptCommand.argument($0, kept: nil) }
        return AptRehearsal(command: [AptCommand.aptGet] + options + packages, expected: transaction.changes)
    }

    /// The shell's line.
    var line: String {
        get throws(StepFailure) { try quoted([command[0], "--simulate"] + command.dropFirst()) }
    }

    /// Where nothing may be written: with the options in the shell's `$options` (`DebianSections.readOnlyCache`).
    var readOnlyLine: String {
        get throws(StepFailure) {
            try quoted([command[0]]) + " $options " + (try quoted(["--simulate"] + command.dropFirst()))
        }
    }

    private func quoted(_ words: [String]) throws(StepFailure) -> String {
        do {
            return try shellQuoted(words)
        } catch {
            throw StepFailure(code: .refused, message: error.description)
        }
    }

    /// - Throws: `drift` if apt would do anything else than what is expected; `packageManager` if it finds no way.
    func judge(_ result: CommandResult) throws(StepFailure) {
        guard result.succeeded else { throw refusal(result) }
        try judge(result.outputText)
    }

    /// The same of what it printed when it had found a way.
    func judge(_ output: String) throws(StepFailure) {
        let simulation: AptSimulation
        do {
            simulation = try AptSimulation(parsing: output)
        } catch {
            throw StepFailure(code: .internal, message: error.reason, output: HostText.tail(output))
        }
        let (unforeseen, missing) = simulation.differences(from: expected)
        guard unforeseen.isEmpty, missing.isEmpty else {
            var words: [String] = []
            if !unforeseen.isEmpty { words.append("beyond the plan \(PackageWords.list(unforeseen.map(\.summary)))") }
            if !missing.isEmpty { words.append("not \(PackageWords.list(missing.map(\.summary)))") }
            throw StepFailure(
                code: .drift, message: "apt would do \(words.joined(separator: ", and ")); nothing was done",
                output: HostText.tail(output))
        }
    }

    private func refusal(_ result: CommandResult) -> StepFailure {
        let gone = FactText.lines(result.errorText).filter {
            ($0.hasPrefix("E: Version ") && $0.hasSuffix(" was not found"))
                || $0.hasPrefix("E: Unable to locate package")
        }
        guard gone.isEmpty else {
            let words = gone.map { FactText.excerpt(FactText.decode($0.dropFirst(3).utf8), limit: 200) }
            return StepFailure(
                code: .drift,
                message: "the host's sources no longer offer what the plan wants: \(PackageWords.list(words))",
                output: HostText.tail(result))
        }
        return AptDiagnosis.failure(
            status: Int(result.status), output: result.outputText + result.errorText, doing: "apt's rehearsal")
    }
}
