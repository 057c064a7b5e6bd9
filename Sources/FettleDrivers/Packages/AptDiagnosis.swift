import FettleModel

/// Reads from what apt and dpkg printed why they failed.
enum AptDiagnosis {
    static func failure(status: Int?, output: String, doing: String) -> StepFailure {
        words.failure(status: status, output: output, doing: doing)
    }

    private static let words = PackageDiagnosis(
        ofLock: "waited in vain", isAboutLock: isAboutLock, isAboutSpace: isAboutSpace,
        cause: { lines in
            lines.last { $0.hasPrefix("dpkg: error") } ?? lines.last { $0.hasPrefix("E: ") } ?? lines.last
        },
        prefix: "E: ")

    private static func isAboutLock(_ line: Substring) -> Bool {
        line.contains("Could not get lock") || line.contains("Unable to acquire the dpkg frontend lock")
            || line.contains("is locked by another process") || line.contains("Unable to lock")
    }

    private static func isAboutSpace(_ line: Substring) -> Bool {
        line.contains("No space left on device") || line.contains("have enough free space")
            || line.contains("not enough free disk space")
    }
}
