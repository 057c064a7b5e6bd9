import FettleModel
import Foundation

/// One CSAF document. Names of products are looked up in its product tree; a combination (`relationships`) is a part of what it
/// relates to.
struct CSAFReader {
    private let root: JSONObject
    private let head: JSONObject
    private var names: [String: Name] = [:]
    private var parts: [String: (part: String, whole: String)] = [:]
    private var groups: [String: [String]] = [:]

    private struct Name {
        var package: PackageURL?
        /// What tells it outside of this document: a URI of Fettle's, a CPE, or else its name.
        var identifier: String
    }

    init(_ root: JSONObject, _ head: JSONObject) throws(Refusal) {
        self.root = root
        self.head = head
        let tree = root.object("product_tree")
        for value in tree?.array("full_product_names") ?? [] { add(value) }
        for value in tree?.array("branches") ?? [] { try addBranch(value, depth: 0) }
        for value in tree?.array("relationships") ?? [] {
            guard let fields = JSONObject(value), let id = fields.object("full_product_name")?.string("product_id"),
                let part = fields.string("product_reference"), let whole = fields.string("relates_to_product_reference")
            else { continue }
            parts[id] = (part, whole)
        }
        for value in tree?.array("product_groups") ?? [] {
            guard let fields = JSONObject(value), let id = fields.string("group_id") else { continue }
            groups[id] = (fields.array("product_ids") ?? []).compactMap { $0 as? String }
        }
    }

    private mutating func addBranch(_ value: Any, depth: Int) throws(Refusal) {
        guard depth < 100 else { throw Refusal("the product tree is deeper than 100 branches") }
        guard let fields = JSONObject(value) else { return }
        if let product = fields.object("product") { add(product) }
        for branch in fields.array("branches") ?? [] { try addBranch(branch, depth: depth + 1) }
    }

    private mutating func add(_ value: Any) {
        guard let fields = JSONObject(value) else { return }
        add(fields)
    }

    private mutating func add(_ fields: JSONObject) {
        guard let id = VEXReader.name(fields.string("product_id")) else { return }
        let helper = fields.object("product_identification_helper")
        let uris = (helper?.array("x_generic_uris") ?? []).compactMap { JSONObject($0)?.string("uri") }
        let identifier =
            uris.first { $0.hasPrefix(VEXProduct.resourcePrefix) } ?? helper?.string("cpe") ?? fields.string("name")
            ?? id
        names[id] = Name(
            package: helper?.string("purl").flatMap { PackageURL($0) }, identifier: VEXReader.name(identifier) ?? id)
    }

    func read() throws(Refusal) -> VEXDocument {
        let version = head.string("csaf_version") ?? ""
        guard version.hasPrefix("2.") else {
            throw Refusal("it is CSAF \(ListCollector.shown(version)); 2.0 is read")
        }
        guard let weaknesses = root.array("vulnerabilities") else { throw Refusal("it has no list 'vulnerabilities'") }
        guard weaknesses.count <= VEXReader.maximumCount else {
            throw Refusal("more than \(VEXReader.maximumCount) vulnerabilities; split the file")
        }
        let tracking = head.object("tracking")
        var document = VEXDocument(
            id: VEXReader.name(tracking?.string("id")) ?? "a document without an id",
            author: VEXReader.name(head.object("publisher")?.string("name")) ?? "an unnamed publisher",
            issuedAt: tracking?.string("current_release_date").flatMap { Timestamp($0) } ?? Timestamp(milliseconds: 0),
            statements: [])
        for (index, value) in weaknesses.enumerated() {
            do throws(Refusal) {
                document.statements += try statements(value)
            } catch {
                document.skipped.append("vulnerability \(index + 1): \(error.message)")
            }
        }
        return document
    }

    private static let statuses: [(key: String, status: VEXStatement.Status)] = [
        ("known_not_affected", .notAffected), ("known_affected", .affected), ("last_affected", .affected),
        ("fixed", .fixed), ("first_fixed", .fixed), ("under_investigation", .underInvestigation),
    ]

    private func statements(_ value: Any) throws(Refusal) -> [VEXStatement] {
        guard let fields = JSONObject(value) else { throw Refusal("it is no object") }
        let ids = (fields.array("ids") ?? []).compactMap { VEXReader.name(JSONObject($0)?.string("text")) }
        guard let name = VEXReader.name(fields.string("cve")) ?? ids.first else {
            throw Refusal("it has neither 'cve' nor 'ids'")
        }
        guard let states = fields.object("product_status") else { throw Refusal("\(name) has no 'product_status'") }
        let labels = labels(fields.array("flags"))
        let impacts = impacts(fields.array("threats"))
        var result: [VEXStatement] = []
        for (key, status) in Self.statuses {
            let listed = (states.array(key) ?? []).compactMap { $0 as? String }
            guard !listed.isEmpty else { continue }
            guard listed.count <= VEXReader.maximumCount else {
                throw Refusal("\(name) has more than \(VEXReader.maximumCount) products")
            }
            // Products with one justification make one statement.
            let lots = Dictionary(grouping: listed) { status == .notAffected ? labels[$0]?.rawValue ?? "" : "" }
            for (label, products) in lots.sorted(by: { $0.key < $1.key }) {
                result.append(
                    VEXStatement(
                        vulnerability: name, aliases: ids.filter { $0 != name }, status: status,
                        justification: VEXJustification(rawValue: label),
                        words: label.isEmpty ? VEXReader.words(products.lazy.compactMap { impacts[$0] }.first) : "",
                        products: products.map(product)))
            }
        }
        return result
    }

    private func labels(_ flags: [Any]?) -> [String: VEXJustification] {
        var labels: [String: VEXJustification] = [:]
        for flag in flags ?? [] {
            guard let fields = JSONObject(flag),
                let label = fields.string("label").flatMap(VEXJustification.init(rawValue:))
            else { continue }
            for product in members(fields) where labels[product] == nil { labels[product] = label }
        }
        return labels
    }

    private func impacts(_ threats: [Any]?) -> [String: String] {
        var impacts: [String: String] = [:]
        for threat in threats ?? [] {
            guard let fields = JSONObject(threat), fields.string("category") == "impact" else { continue }
            for product in members(fields) where impacts[product] == nil { impacts[product] = fields.string("details") }
        }
        return impacts
    }

    private func members(_ fields: JSONObject) -> [String] {
        (fields.array("product_ids") ?? []).compactMap { $0 as? String }
            + (fields.array("group_ids") ?? []).compactMap { $0 as? String }.flatMap { groups[$0] ?? [] }
    }

    private func product(_ id: String) -> VEXProduct {
        let shown = VEXReader.name(id) ?? "a product without a name"
        guard let combination = parts[id] else { return VEXProduct(identifier: shown, package: names[id]?.package) }
        return VEXProduct(
            identifier: shown, package: names[combination.part]?.package,
            holder: names[combination.whole]?.identifier ?? combination.whole)
    }
}
