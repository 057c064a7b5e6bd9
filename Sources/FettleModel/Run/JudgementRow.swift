/// One comparison of a bake, for people: what was compared, both sides, the figure that decides, and what it says.
///
/// Kept in a journal as a line of text with its parts between ` | `, so that a run can be read without Fettle.
public struct JudgementRow: Codable, Sendable, Equatable {
    /// What was compared, such as `orders.service: open files`.
    public var subject: String
    public var patched: String
    public var control: String
    /// The probability, the bound or the rule that decides.
    public var figure: String
    /// `pass`, `fail`, `inconclusive`; `not known` where it could not be read.
    public var verdict: String

    public init(subject: String, patched: String, control: String, figure: String, verdict: String) {
        self.subject = subject
        self.patched = patched
        self.control = control
        self.figure = figure
        self.verdict = verdict
    }

    /// The key of an observation's details under which the rows stand, a line each.
    public static let detailsKey = "judgement"

    private static let separator = " | "
    private static let titles = JudgementRow(
        subject: "compared", patched: "patched", control: "control", figure: "figure", verdict: "verdict")

    public var line: String {
        [subject, patched, control, figure, verdict].map { part in
            String(part.map { $0.isNewline || $0 == "|" ? " " : $0 })
        }.joined(separator: Self.separator)
    }

    /// - Parameters:
    ///   - rows: what was compared, one line each below a line of titles.
    ///   - limit: bytes at most; rows beyond are counted in a last line.
    public static func text(of rows: [JudgementRow], limit: Int = 4_000) -> String {
        var lines = [titles.line]
        var size = lines[0].utf8.count
        for (number, row) in rows.enumerated() {
            let line = row.line
            guard size + line.utf8.count + 1 <= limit - 40 else {
                lines.append("and \(rows.count - number) more")
                break
            }
            lines.append(line)
            size += line.utf8.count + 1
        }
        return lines.joined(separator: "\n")
    }

    /// Reads what `text` wrote; nil for any other text.
    public static func rows(in text: String) -> [JudgementRow]? {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        guard lines.first.map(String.init) == titles.line else { return nil }
        lines.removeFirst()
        return lines.compactMap { line in
            let parts = String(line).split(separator: Self.separator, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 5 else { return nil }
            return JudgementRow(
                subject: parts[0], patched: parts[1], control: parts[2], figure: parts[3], verdict: parts[4])
        }
    }
}
