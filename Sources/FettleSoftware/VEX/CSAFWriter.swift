import FettleModel
public import Foundation

/// Writes CSAF 2.0 of the VEX profile (https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html, 4.5): every product that is not
/// affected has a flag or an impact, every one that is affected a remediation.
public struct CSAFWriter {
    private let document: VEXDocument
    private let namespace: String
    /// The document's own names of products.
    private var ids: [VEXProduct: String] = [:]

    /// - Parameters:
    ///   - document: with statements; the format has no empty documents.
    ///   - namespace: the publisher's, a URI.
    public static func write(_ document: VEXDocument, namespace: String) throws -> Data {
        let writer = CSAFWriter(document, namespace)
        return try VEXText.encode([
            "document": writer.head, "product_tree": writer.tree, "vulnerabilities": writer.vulnerabilities,
        ])
    }

    private init(_ document: VEXDocument, _ namespace: String) {
        self.document = document
        self.namespace = namespace
        for product in Set(document.statements.flatMap(\.products)) {
            ids[product] = product.holder.map { "\($0)|\(product.identifier)" } ?? product.identifier
        }
    }

    private func id(_ product: VEXProduct) -> String { ids[product] ?? product.identifier }

    private var head: [String: Any] {
        let time = document.issuedAt.description
        return [
            "category": "csaf_vex", "csaf_version": "2.0", "lang": "en",
            "title": "Findings that \(document.author) has judged by hand",
            "publisher": ["category": "user", "name": document.author, "namespace": namespace],
            "tracking": [
                "id": document.id, "status": "final", "version": "1", "initial_release_date": time,
                "current_release_date": time,
                "revision_history": [["date": time, "number": "1", "summary": "Waivers as they are at this time"]],
                "generator": ["engine": ["name": "Fettle"]],
            ],
        ]
    }

    private var tree: [String: Any] {
        let products = ids.keys
        let packages = Set(products.map(\.identifier)).sorted().map { identifier -> [String: Any] in
            [
                "product_id": identifier, "name": identifier,
                "product_identification_helper": ["purl": identifier],
            ]
        }
        let holders = Set(products.compactMap(\.holder)).sorted().map { holder -> [String: Any] in
            [
                "product_id": holder, "name": holder,
                "product_identification_helper": [
                    "x_generic_uris": [["namespace": "urn:fettle:resource", "uri": holder]]
                ],
            ]
        }
        let relationships = products.filter { $0.holder != nil }.sorted { id($0) < id($1) }.map { product in
            [
                "category": "installed_on", "product_reference": product.identifier,
                "relates_to_product_reference": product.holder ?? "",
                "full_product_name": [
                    "product_id": id(product), "name": "\(product.identifier) on \(product.holder ?? "")",
                ],
            ] as [String: Any]
        }
        var tree: [String: Any] = ["full_product_names": packages + holders]
        if !relationships.isEmpty { tree["relationships"] = relationships }
        return tree
    }

    private var vulnerabilities: [[String: Any]] {
        Dictionary(grouping: document.statements, by: \.vulnerability).sorted { $0.key < $1.key }
            .map { name, statements in vulnerability(name, statements) }
    }

    private static let statusKeys: [VEXStatement.Status: String] = [
        .notAffected: "known_not_affected", .affected: "known_affected", .fixed: "fixed",
        .underInvestigation: "under_investigation",
    ]

    private func vulnerability(_ name: String, _ statements: [VEXStatement]) -> [String: Any] {
        var status: [String: [String]] = [:]
        var (flags, threats, remediations): ([[String: Any]], [[String: Any]], [[String: Any]]) = ([], [], [])
        for statement in statements {
            let products = Set(statement.products.map(id)).sorted()
            guard !products.isEmpty, let key = Self.statusKeys[statement.status] else { continue }
            status[key] = Set(status[key, default: []] + products).sorted()
            switch statement.status {
            case .notAffected:
                if let justification = statement.justification {
                    flags.append(["label": justification.rawValue, "product_ids": products])
                }
                if !statement.words.isEmpty {
                    threats.append(["category": "impact", "details": statement.words, "product_ids": products])
                }
            case .affected:
                remediations.append([
                    "category": statement.isMitigated ? "mitigation" : "no_fix_planned", "details": statement.words,
                    "product_ids": products,
                ])
            case .fixed, .underInvestigation: break
            }
        }
        var fields: [String: Any] = [
            "product_status": status,
            "notes": [["category": "description", "text": "\(name), as judged for the products that are named here."]],
        ]
        let aliases = Set(statements.flatMap(\.aliases)).subtracting([name]).sorted()
        var ids = aliases.map { ["system_name": "other name", "text": $0] }
        if name.wholeMatch(of: #/CVE-[0-9]{4}-[0-9]{4,}/#) != nil {
            fields["cve"] = name
        } else {
            ids.insert(["system_name": "advisory", "text": name], at: 0)
        }
        if !ids.isEmpty { fields["ids"] = ids }
        if !flags.isEmpty { fields["flags"] = flags }
        if !threats.isEmpty { fields["threats"] = threats }
        if !remediations.isEmpty { fields["remediations"] = remediations }
        return fields
    }
}
