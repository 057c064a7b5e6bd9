import FettleModel

/// Reads from what apt and dpkg printed why they failed.
enum AptDiagnosis {
    static func failure(status: Int?, output: String, doing: String) -> StepFailure {
        let tail = HostText.tail(output)
        let lines = FactText.lines(tail)
        guard let status else {
            return StepFailure(code: .packageManager, message: "\(doing) was killed", output: tail)
        }
        if let line = lines.last(where: isAboutLock) {
            return StepFailure(code: .locked, message: "\(doing) waited in vain: \(excerpt(line))", output: tail)
        }
        if let line = lines.last(where: isAboutSpace) {
            return StepFailure(code: .noSpace, message: "\(doing) ran out of space: \(excerpt(line))", output: tail)
        }
        let cause = lines.last { $0.hasPrefix("dpkg: error") } ?? lines.last { $0.hasPrefix("E: ") } ?? lines.last
        return StepFailure(
            code: .packageManager,
            message: "\(doing) ended with status \(status)" + (cause.map { ": \(excerpt($0))" } ?? ""), output: tail)
    }

    private static func isAboutLock(_ line: Substring) -> Bool {
        line.contains("Could not get lock") || line.contains("Unable to acquire the dpkg frontend lock")
            || line.contains("is locked by another process") || line.contains("Unable to lock")
    }

    private static func isAboutSpace(_ line: Substring) -> Bool {
        line.contains("No space left on device") || line.contains("have enough free space")
            || line.contains("not enough free disk space")
    }

    private static func excerpt(_ line: Substring) -> String {
        FactText.excerpt(String(line.hasPrefix("E: ") ? line.dropFirst(3) : line), limit: 300)
    }
}
