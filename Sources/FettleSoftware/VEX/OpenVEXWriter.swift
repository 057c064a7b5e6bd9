import FettleModel
public import Foundation

/// Writes OpenVEX 0.2.0 (https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md).
///
/// A statement of `not_affected` has a justification or, without one, an impact statement: the schema wants exactly one of them.
public enum OpenVEXWriter {
    /// - Parameter document: with a URI as its id, and with statements: the format has no empty documents.
    public static func write(_ document: VEXDocument) throws -> Data {
        let statements = document.statements.map { statement -> [String: Any] in
            var fields: [String: Any] = [
                "vulnerability": vulnerability(statement), "status": statement.status.rawValue,
                "products": products(statement.products),
            ]
            switch statement.status {
            case .notAffected:
                if let justification = statement.justification {
                    fields["justification"] = justification.rawValue
                    if !statement.words.isEmpty { fields["status_notes"] = statement.words }
                } else {
                    fields["impact_statement"] = statement.words
                }
            case .affected: fields["action_statement"] = statement.words
            case .fixed, .underInvestigation:
                if !statement.words.isEmpty { fields["status_notes"] = statement.words }
            }
            return fields
        }
        return try VEXText.encode([
            "@context": "https://openvex.dev/ns/v0.2.0", "@id": document.id, "author": document.author,
            "timestamp": document.issuedAt.description, "version": 1, "tooling": "Fettle", "statements": statements,
        ])
    }

    private static func vulnerability(_ statement: VEXStatement) -> [String: Any] {
        var fields: [String: Any] = ["name": statement.vulnerability]
        if !statement.aliases.isEmpty { fields["aliases"] = Set(statement.aliases).sorted() }
        return fields
    }

    /// Parts of the same whole are listed under it.
    private static func products(_ products: [VEXProduct]) -> [[String: Any]] {
        func named(_ product: VEXProduct) -> [String: Any] {
            ["@id": product.identifier, "identifiers": ["purl": product.identifier]]
        }
        let alone = Set(products.filter { $0.holder == nil }).sorted { $0.identifier < $1.identifier }.map(named)
        let wholes = Dictionary(grouping: Set(products.filter { $0.holder != nil })) { $0.holder ?? "" }
        return alone
            + wholes.sorted { $0.key < $1.key }.map { holder, parts in
                ["@id": holder, "subcomponents": parts.sorted { $0.identifier < $1.identifier }.map(named)]
            }
    }
}

enum VEXText {
    static func encode(_ fields: [String: Any]) throws -> Data {
        try JSONSerialization.data(
            withJSONObject: fields, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
    }
}
