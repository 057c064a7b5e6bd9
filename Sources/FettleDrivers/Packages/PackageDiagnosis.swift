import FettleModel

/// Reads from what a package manager printed why it failed; each says it in words of its own.
struct PackageDiagnosis: Sendable {
    /// What came of a lock that somebody holds: `waited in vain`.
    let ofLock: String
    let isAboutLock: @Sendable (Substring) -> Bool
    let isAboutSpace: @Sendable (Substring) -> Bool
    /// The line that tells most.
    let cause: @Sendable ([Substring]) -> Substring?
    /// What stands before each of its errors, and tells nothing.
    var prefix = ""

    /// - Parameter status: nil if it was killed.
    func failure(status: Int?, output: String, doing: String) -> StepFailure {
        let tail = HostText.tail(output)
        let lines = FactText.lines(tail)
        guard let status else {
            return StepFailure(code: .packageManager, message: "\(doing) was killed", output: tail)
        }
        if let line = lines.last(where: isAboutLock) {
            return StepFailure(code: .locked, message: "\(doing) \(ofLock): \(excerpt(line))", output: tail)
        }
        if let line = lines.last(where: isAboutSpace) {
            return StepFailure(code: .noSpace, message: "\(doing) ran out of space: \(excerpt(line))", output: tail)
        }
        let reason = cause(lines).map { ": \(excerpt($0))" } ?? ""
        return StepFailure(
            code: .packageManager, message: "\(doing) ended with status \(status)" + reason, output: tail)
    }

    private func excerpt(_ line: Substring) -> String {
        FactText.excerpt(String(line.hasPrefix(prefix) ? line.dropFirst(prefix.count) : line), limit: 300)
    }
}
