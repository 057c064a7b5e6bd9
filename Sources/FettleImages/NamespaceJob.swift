import Foundation

/// One script of `Scripts/`, run as process 1 of namespaces of its own.
///
/// Its end ends all that it started and unmounts all that it mounted: the kernel sees to that, not a clean-up that could be
/// interrupted. It ends when it is done, when its time is over, when the task is cancelled, and when this process dies in whatever
/// way: the script waits for the end of its standard input.
struct NamespaceJob {
    var script: Script
    var arguments: [String]
    var limit: Duration

    enum Script: Sendable {
        case patch, boot, fill, pour

        var text: String {
            let own =
                switch self {
                case .patch: PackageResources.patch_sh
                case .boot: PackageResources.boot_sh
                case .fill: PackageResources.fill_sh
                case .pour: PackageResources.pour_sh
                }
            return String(decoding: PackageResources.common_sh + own + PackageResources.guard_sh, as: UTF8.self)
        }
    }

    /// Lines beyond it are not answers of the scripts.
    private static let outputLimit = 1 << 20

    /// - Parameters:
    ///   - workshop: whose log tells why it failed.
    ///   - told: called with each stage as it begins.
    /// - Returns: the answers by their first words, the last of each.
    /// - Throws: `refused` or `failed` in the script's words, `tookTooLong`; `CancellationError`.
    func run(in workshop: Workshop, told: @Sendable (String) -> Void) async throws -> [String: String] {
        guard let program = ImageTools.path(of: "unshare") else {
            throw ImageError(.unavailable, "there is no program unshare on this machine; install util-linux")
        }
        let child = ChildProgram(
            program,
            [
                "--mount", "--mount-proc", "--propagation", "private", "--pid", "--fork", "--kill-child", "--ipc",
                "--uts", "--", "/bin/sh", "-c", script.text, "fettle-image",
            ] + arguments)
        var answers: [String: String] = [:]
        let end = try await child.run(limit: limit, outputLimit: Self.outputLimit) { line in
            let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
            guard let word = parts.first else { return }
            answers[word] = parts.count > 1 ? parts[1] : ""
            if word == "stage", parts.count > 1 { told(parts[1]) }
        }
        if let words = answers["refused"] { throw ImageError(.refused, words) }
        if let words = answers["failed"] { throw ImageError(.failed, words, log: workshop.logTail) }
        switch end {
        case .exited(0) where answers["done"] != nil: return answers
        case .tookTooLong:
            throw ImageError(
                .tookTooLong,
                "it was stopped after \(limit.components.seconds) s, at: \(answers["stage"] ?? "its start")",
                log: workshop.logTail)
        default:
            throw ImageError(
                .failed, "it ended at: \(answers["stage"] ?? "its start") (\(end.words))", log: workshop.logTail)
        }
    }
}
