import FettleDriverKit
import FettleModel

/// Keeps a host's own configuration files before a change that takes the package's, and brings them back before the earlier version
/// returns, byte for byte, with owner, mode and time.
///
/// On the way back they come first, so that scripts of the earlier version start its services with them; dpkg then finds a file
/// that somebody has edited, and keeps it.
struct ConffileKeeper: Sendable {
    /// Under which `PriorState.details` tells which packages' files are kept: the names of dpkg's lists, with spaces between.
    static let key = "conffiles"
    /// Packages in one question.
    private static let askedAtOnce = 500

    let session: HostSession
    /// Of the step that patches, on both ways.
    let job: String
    var archive = ConffileArchive()

    /// - Parameter patch: the step that patches.
    init(_ session: HostSession, patch: StepID, in run: RunID) {
        self.session = session
        job = DetachedJob.name(of: patch, in: run, part: "conffiles")
    }

    /// Of these packages those that have configuration files, by the names of dpkg's lists.
    func listed(_ changes: [PackageChange]) async throws(StepFailure) -> [String] {
        var stems: [String] = []
        var rest = changes.filter { $0.from != nil }[...]
        while !rest.isEmpty {
            let script: String
            do { script = try archive.listScript(rest.prefix(Self.askedAtOnce)) } catch {
                throw StepFailure(code: .refused, message: "a package's name cannot be put into a command")
            }
            let result = try await session.run(RemoteCommand(script: script, outputLimit: 512 * 1_024))
            guard result.succeeded else {
                throw StepFailure(
                    code: .internal, message: "which packages have configuration files cannot be read",
                    output: HostText.tail(result))
            }
            let asked = Set(rest.prefix(Self.askedAtOnce).flatMap(Self.stems))
            stems += FactText.lines(result.outputText).map(String.init).filter(asked.contains)
            rest = rest.dropFirst(Self.askedAtOnce)
        }
        return Set(stems).sorted()
    }

    static func stems(of change: PackageChange) -> [String] { [change.name, "\(change.name):\(change.architecture)"] }

    /// Keeps the files as they are now; what was kept of them before is replaced.
    ///
    /// - Throws: `refused` where they are too large; then nothing has been changed yet.
    func keep(_ stems: [String]) async throws(StepFailure) {
        guard !stems.isEmpty else { return }
        for command in archive.prepare { try await session.runRoot(command) }
        for stem in stems {
            let command: RemoteCommand
            do { command = try archive.boundedCreate(stem, job) } catch {
                throw StepFailure(code: .refused, message: "\(stem): its name cannot be put into a command")
            }
            let result = try await session.run(command)
            guard !result.succeeded else { continue }
            let words = SafeText.lastLines(of: result.errorText) ?? "status \(result.status)"
            // The signal for a file beyond the limit; through sudo it comes as the same status.
            let isTooLarge = result.status == 128 + 25 || result.errorText.contains("File too large")
            guard !isTooLarge else {
                throw StepFailure(
                    code: .refused,
                    message:
                        "the configuration files of \(stem) are more than \(ConffileArchive.mostMebibytes) MiB, which "
                        + "is not kept; nothing was done: plan with 'conffiles: keepCurrent', or make them smaller")
            }
            throw StepFailure(
                code: words.contains("No space left") ? .noSpace : .internal,
                message: "the configuration files of \(stem) cannot be kept, so that nothing was done: \(words)",
                output: HostText.tail(result))
        }
    }

    /// Brings the files back as they were kept.
    ///
    /// - Returns: of which packages they are back, and of which they were not kept any more.
    func bringBack(_ stems: [String]) async throws(StepFailure) -> (back: [String], lost: [String]) {
        var (back, lost): ([String], [String]) = ([], [])
        for stem in stems {
            let result = try await session.run(
                RemoteCommand(root: archive.extract(stem, job), timeout: .seconds(120), outputLimit: 64 * 1_024))
            if result.succeeded {
                back.append(stem)
                continue
            }
            let isGone =
                result.errorText.contains("\(archive.file(stem, job)): Cannot open: No such file or directory")
            guard isGone else {
                let words = SafeText.lastLines(of: result.errorText) ?? "status \(result.status)"
                throw StepFailure(
                    code: words.contains("No space left") ? .noSpace : .internal,
                    message: "the configuration files of \(stem) cannot be brought back: \(words)",
                    output: HostText.tail(result))
            }
            lost.append(stem)
        }
        return (back, lost)
    }

    /// - Throws: `packageManager` where a file is not as it was kept.
    func requireBack(_ stems: [String]) async throws(StepFailure) {
        for stem in stems {
            let result = try await session.run(
                RemoteCommand(root: archive.compare(stem, job), timeout: .seconds(120), outputLimit: 64 * 1_024))
            guard result.succeeded else {
                let words = SafeText.lastLines(of: result.outputText + result.errorText) ?? "status \(result.status)"
                throw StepFailure(
                    code: .packageManager,
                    message: "the configuration files of \(stem) are not as they were before the patch: \(words)",
                    output: HostText.tail(result))
            }
        }
    }
}
