import FettleIndex
import FettleModel

/// What publishers say of single weaknesses of one package in one version: "not affected".
///
/// An advisory (`RHSA-…`, `USN-…`) announces an update and names all that it mends; a statement on one CVE (VEX, the vendor's own
/// tracker) says of a product whether it is affected by it. Of the two the statement is the more specific word, and it is held against
/// the advisory where nothing is left of it; see docs/findings.md for the rule and its limits.
struct VendorStatements {
    private struct Statement {
        var advisory: UInt32
        var authority: UInt8
    }

    private let index: AdvisoryIndex
    /// By the weakness's subject; nil: not gathered yet, since most lots need none.
    private var statements: [UInt64: Statement]?

    init(index: AdvisoryIndex) { self.index = index }

    /// The weaknesses of an advisory that affects the version, where its publishers say of every one that the version is not affected.
    ///
    /// - Parameter gather: the statements that hold of the version, asked for once.
    /// - Returns: nil where the advisory stands: it is itself about one weakness, announces no security update, names no weakness, one of
    ///   them is not denied, or a statement is of a feed of lower authority, has no date, or is older than the advisory.
    mutating func denied(
        _ entry: PackageAdvisories.Entry, _ gather: () -> [PackageAdvisories.Entry]
    ) throws(IndexError) -> [String]? {
        guard !entry.isOfWeakness else { return nil }
        if statements == nil {
            statements = Dictionary(
                gather().map { ($0.subject, Statement(advisory: $0.advisory, authority: $0.authority)) },
                uniquingKeysWith: { first, _ in first })
        }
        guard let statements, !statements.isEmpty else { return nil }
        let record = try index.advisory(entry.advisory).record
        let weaknesses = record.aliases.filter { $0.hasPrefix("CVE-") }
        guard record.updateClass == .security, !weaknesses.isEmpty, weaknesses.count <= Self.mostWeaknesses,
            let announced = record.publishedAt ?? record.modifiedAt
        else { return nil }
        for weakness in weaknesses {
            guard let statement = statements[PackageAdvisories.subject(of: weakness)],
                statement.authority >= entry.authority
            else { return nil }
            // One that is older did not know of the advisory.
            let said = try index.advisory(statement.advisory).record
            guard let time = said.modifiedAt ?? said.publishedAt, time >= announced else { return nil }
        }
        return weaknesses
    }

    /// Lists of aliases are cut when an index is built; one that may be cut denies nothing.
    private static let mostWeaknesses = 400
}

extension LotJudging {
    /// The entries by which the version is, in so many words, not affected by a weakness: no alternative says otherwise, is undecided, or
    /// may be of another module.
    func statements(at place: UInt32) -> [PackageAdvisories.Entry] {
        var statements: [PackageAdvisories.Entry] = []
        var number = 0
        while number < advisories.count {
            let first = advisories.entry(number)
            var said: PackageAdvisories.Entry?
            var isContradicted = false
            while number < advisories.count {
                let entry = advisories.entry(number)
                guard entry.subject == first.subject else { break }
                number += 1
                guard entry.isOfWeakness, let found = found(entry, at: place) else { continue }
                if found.status != .notAffected || found.doubtedModule != nil { isContradicted = true }
                if entry.status == .notAffected, found.isWithin { said = said ?? entry }
            }
            if let said, !isContradicted { statements.append(said) }
        }
        return statements
    }
}
