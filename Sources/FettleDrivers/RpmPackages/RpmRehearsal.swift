import FettleDriverKit
import FettleModel

/// Has dnf or zypper tell what a command would do, in the very words of the command that does it, and holds that against the
/// plan. dnf goes on to rpm's own test of the transaction, which finds files that two packages have and a disk that is too small.
struct RpmRehearsal: Sendable {
    let command: [String]
    let expected: [PackageChange]

    /// - Throws: `drift` if anything else would be done than what is expected; `packageManager` if there is no way.
    func run(on session: HostSession, packages: RpmPackages) async throws(StepFailure) {
        let rehearsal = RpmCommand.rehearsal(of: command)
        let result = try await session.run(
            RemoteCommand(root: rehearsal, timeout: .seconds(180), outputLimit: 4 * 1_024 * 1_024))
        try judge(result, packages: packages)
    }

    func judge(_ result: CommandResult, packages: RpmPackages) throws(StepFailure) {
        let output = FactText.decode(result.standardOutput)
        guard result.succeeded else {
            throw RpmDiagnosis.failure(
                status: Int(result.status), output: output + "\n" + FactText.decode(result.standardError),
                doing: "the rehearsal")
        }
        let found: [PackageChange]
        do throws(FactError) {
            let report =
                command.first == RpmCommand.dnf
                ? try RpmReport(dnf: output, offers: "") : try RpmReport(zypper: output, offers: "")
            found = try report.changes(of: packages)
        } catch {
            throw StepFailure(
                code: .drift, message: "the package manager would not do what the plan says: \(error.reason)",
                output: HostText.tail(output))
        }
        let unforeseen = found.filter { change in !expected.contains { Self.isSame($0, change) } }
        let missing = expected.filter { change in !found.contains { Self.isSame($0, change) } }
        guard unforeseen.isEmpty, missing.isEmpty else {
            var words: [String] = []
            if !unforeseen.isEmpty { words.append("beyond the plan \(PackageWords.list(unforeseen.map(\.summary)))") }
            if !missing.isEmpty { words.append("not \(PackageWords.list(missing.map(\.summary)))") }
            throw StepFailure(
                code: .drift,
                message: "the package manager would do \(words.joined(separator: ", and ")); nothing was done",
                output: HostText.tail(output))
        }
    }

    private static func isSame(_ left: PackageChange, _ right: PackageChange) -> Bool {
        left.name == right.name && left.architecture == right.architecture
            && left.from.map(RpmNames.withoutZeroEpoch) == right.from.map(RpmNames.withoutZeroEpoch)
            && left.to.map(RpmNames.withoutZeroEpoch) == right.to.map(RpmNames.withoutZeroEpoch)
    }
}

/// Reads from what dnf, zypper and rpm printed why they failed.
enum RpmDiagnosis {
    static func failure(status: Int?, output: String, doing: String) -> StepFailure {
        words.failure(status: status, output: output, doing: doing)
    }

    private static let words = PackageDiagnosis(
        ofLock: "found a lock", isAboutLock: isAboutLock, isAboutSpace: isAboutSpace,
        cause: { lines in
            lines.last { $0.hasPrefix("Error: ") && $0.count > "Error: ".count }
                ?? lines.first { $0.contains("Problem") } ?? lines.last { $0.hasPrefix("error: ") } ?? lines.last
        })

    static func isAboutLock(_ line: Substring) -> Bool {
        line.contains("Failed to obtain the transaction lock") || line.contains("System management is locked")
            || line.contains("Failed to obtain rpm transaction lock") || line.contains("can't create transaction lock")
            || line.contains("Waiting for process with pid")
    }

    private static func isAboutSpace(_ line: Substring) -> Bool {
        line.contains("No space left on device") || line.contains("more space needed on the")
            || line.contains("needs") && line.contains("more space on") || line.contains("not enough free space")
            || line.contains("Not enough disk space")
    }

    /// That no repository offers something, in dnf's and zypper's words.
    static func isNotOffered(_ output: String) -> Bool {
        ["No match for argument", "not available.", "' not found.", "No provider of", "No packages marked for"]
            .contains { output.contains($0) }
    }

    /// Those of the missing that it speaks of; all, where it names none.
    static func named(_ missing: [PackageVersion], in said: String) -> [PackageVersion] {
        let named = missing.filter { said.contains($0.rpmLabel) || said.contains($0.zypperLabel) }
        return named.isEmpty ? missing : named
    }

    /// What zypper doesn't find, of `Package 'libinvoice.noarch=9-9' not found.`; it then fetches nothing at all.
    static func notFound(_ output: String) -> Set<String> {
        Set(
            FactText.lines(output).compactMap { line in
                guard line.hasSuffix("' not found.") || line.contains("No provider of '") else { return nil }
                return line.split(separator: "'").dropFirst().first.map(String.init)
            })
    }
}

/// What a run of dnf, zypper or rpm said beside what it did, read in all of its output.
struct RpmRemarks: Sendable, Equatable {
    /// Scripts of packages that failed, in rpm's words.
    var failedScripts: [String] = []
    /// One of them ran when its package was there already. Of such a script rpm only warns, dnf and zypper end well, and the
    /// database looks as if all were well. One that ran before has kept its package away, which the database tells.
    var leavesNoTrace = false
    /// Configuration files that have another beside them now: `.rpmnew`, the package's; `.rpmsave`, the host's.
    var configuration: [String] = []

    static func section(of job: String) -> SectionedScript.Section {
        SectionedScript.Section(
            name: "remarks", limit: 256 * 1_024,
            body: #"""
                    if [ ! -r \#(DetachedJob.directory)/\#(job) ]; then return 0; fi
                    grep -aE 'scriptlet failed|Error in [A-Z]+ scriptlet|(created|saved) as .*[.]rpm(new|save|orig)' \
                        \#(DetachedJob.directory)/\#(job) | sort -u | head -n 200
                    return 0
                """#)
    }

    init(parsing text: String) {
        for line in FactText.lines(text) {
            let line = line.drop { $0 == " " }
            let plain = String(line).replacing("warning: ", with: "").replacing("error: ", with: "")
            if line.contains(" scriptlet ") {
                failedScripts.append(FactText.excerpt(plain, limit: 200))
                let isBefore = line.hasPrefix("error: ") || line.hasPrefix("Error in PRE")
                leavesNoTrace = leavesNoTrace || !isBefore
            } else if let file = line.split(separator: " ").last {
                configuration.append(FactText.excerpt(String(file), limit: 200))
            }
        }
    }
}
