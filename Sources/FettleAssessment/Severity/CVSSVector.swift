/// A parsed CVSS vector of one of the versions that advisories carry. Source: FIRST, "Common Vulnerability Scoring System",
/// the specification of each version.
public struct CVSSVector: Sendable, Equatable {
    public enum Version: String, Sendable, CaseIterable {
        case v2 = "2.0"
        case v30 = "3.0"
        case v31 = "3.1"
        case v4 = "4.0"
    }

    public let version: Version
    /// The values that the vector states, by metric; one that is absent counts as not defined.
    let values: [String: String]

    /// - Parameter text: with the prefix `CVSS:3.1/` from version 3 on, without one for version 2, whose vector may stand in
    ///   parentheses. Metrics may stand in any order.
    /// - Throws: `CVSSError`, with everything that is wrong at once.
    public init(_ text: String) throws(CVSSError) {
        guard text.utf8.count <= Self.longest else {
            throw CVSSError(["a vector has at most \(Self.longest) bytes, not \(text.utf8.count)"])
        }
        var body = Substring(text)
        if body.first == "(", body.last == ")" { body = body.dropFirst().dropLast() }
        (version, body) = try Self.versioned(body)
        let metrics = CVSSMetric.all(of: version)
        var values: [String: String] = [:]
        var problems: [String] = []
        for part in body.split(separator: "/", omittingEmptySubsequences: false) {
            let words = part.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard words.count == 2 else {
                problems.append("\"\(part)\" is not METRIC:VALUE")
                continue
            }
            guard let metric = metrics.first(where: { $0.name == words[0] }) else {
                problems.append("CVSS \(version.rawValue) has no metric \"\(words[0])\"")
                continue
            }
            guard metric.values.contains(words[1]) else {
                problems.append("\(metric.name) takes \(metric.values.joined(separator: ", ")), not \"\(words[1])\"")
                continue
            }
            if values.updateValue(words[1], forKey: metric.name) != nil {
                problems.append("\(metric.name) stands in it twice")
            }
        }
        for metric in metrics where metric.isMandatory && values[metric.name] == nil && problems.isEmpty {
            problems.append("\(metric.name) is missing")
        }
        guard problems.isEmpty else { throw CVSSError(problems) }
        self.values = values
    }

    private static let longest = 512

    private static func versioned(_ text: Substring) throws(CVSSError) -> (Version, Substring) {
        guard text.hasPrefix("CVSS:") else {
            guard text.hasPrefix("AV:") else {
                throw CVSSError(["a vector begins with CVSS:3.0/, CVSS:3.1/ or CVSS:4.0/, or with AV: in version 2"])
            }
            return (.v2, text)
        }
        let rest = text.dropFirst("CVSS:".count)
        let word = rest.prefix { $0 != "/" }
        guard let version = Version(rawValue: String(word)), version != .v2 else {
            throw CVSSError(["\"\(word)\" is no version of CVSS that has a prefix: 3.0, 3.1 or 4.0"])
        }
        return (version, rest.dropFirst(word.count + 1))
    }

    /// Whether the vector states one of these metrics, and not as "not defined".
    func states(_ kind: CVSSMetric.Kind) -> Bool {
        CVSSMetric.all(of: version).contains { metric in
            metric.kind == kind && values[metric.name].map { $0 != metric.undefined } ?? false
        }
    }
}

/// Why a text is no CVSS vector.
public struct CVSSError: Error, Equatable, CustomStringConvertible {
    public let problems: [String]

    init(_ problems: [String]) { self.problems = problems }

    public var description: String { "not a CVSS vector: " + problems.joined(separator: "; ") }
}
