import FettleModel
import Foundation

enum OpenVEXReader {
    static func read(_ root: JSONObject, head: JSONObject) throws(Refusal) -> VEXDocument {
        guard let context = head.string("@context"), context.contains("openvex") else {
            throw Refusal("'@context' is not OpenVEX's: https://openvex.dev/ns/v0.2.0 would be right")
        }
        guard let statements = root.array("statements") else { throw Refusal("it has no list 'statements'") }
        guard statements.count <= VEXReader.maximumCount else {
            throw Refusal("more than \(VEXReader.maximumCount) statements; split the file")
        }
        var document = VEXDocument(
            id: VEXReader.name(head.string("@id")) ?? "a document without '@id'",
            author: VEXReader.name(head.string("author")) ?? "an unnamed author",
            issuedAt: head.string("timestamp").flatMap { Timestamp($0) } ?? Timestamp(milliseconds: 0), statements: [])
        for (index, value) in statements.enumerated() {
            do throws(Refusal) {
                document.statements.append(try statement(value))
            } catch {
                document.skipped.append("statement \(index + 1): \(error.message)")
            }
        }
        return document
    }

    private static func statement(_ value: Any) throws(Refusal) -> VEXStatement {
        guard let fields = JSONObject(value) else { throw Refusal("it is no object") }
        let weakness = fields.object("vulnerability")
        // Before 0.2.0 a plain text.
        guard let name = VEXReader.name(weakness?.string("name") ?? fields.string("vulnerability")) else {
            throw Refusal("it names no vulnerability")
        }
        let state = fields.string("status") ?? ""
        guard let status = VEXStatement.Status(rawValue: state) else {
            throw Refusal("'\(ListCollector.shown(state))' is no status of OpenVEX")
        }
        let listed = fields.array("products") ?? []
        guard listed.count <= VEXReader.maximumCount else {
            throw Refusal("more than \(VEXReader.maximumCount) products")
        }
        let words =
            fields.string("impact_statement") ?? fields.string("status_notes") ?? fields.string("action_statement")
        return VEXStatement(
            vulnerability: name,
            aliases: (weakness?.array("aliases") ?? []).compactMap { VEXReader.name($0 as? String) }, status: status,
            justification: fields.string("justification").flatMap(VEXJustification.init(rawValue:)),
            words: VEXReader.words(words), products: listed.flatMap(products))
    }

    /// A product, or each of its parts that the statement is about.
    private static func products(_ value: Any) -> [VEXProduct] {
        guard let identifier = identifier(value) else {
            return [VEXProduct(identifier: "a product without a name", package: nil)]
        }
        let parts = JSONObject(value)?.array("subcomponents") ?? []
        guard !parts.isEmpty else { return [VEXProduct(identifier: identifier, package: PackageURL(identifier))] }
        return parts.prefix(VEXReader.maximumCount).map { part in
            let name = self.identifier(part)
            return VEXProduct(
                identifier: name ?? "a part without a name", package: name.flatMap { PackageURL($0) },
                holder: identifier)
        }
    }

    /// The package URL where there is one.
    private static func identifier(_ value: Any) -> String? {
        if let text = value as? String { return VEXReader.name(text) }
        guard let fields = JSONObject(value) else { return nil }
        let own = VEXReader.name(fields.string("@id"))
        if let own, PackageURL(own) != nil { return own }
        return VEXReader.name(fields.object("identifiers")?.string("purl")) ?? own
    }
}
