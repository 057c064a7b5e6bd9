import FettleModel
import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Reads CycloneDX as XML, from the same places as from JSON.
enum CycloneDXXML {
    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        try HostileXML.check(data)
        let reader = CycloneDXReader()
        let parser = XMLParser(data: data)
        parser.shouldResolveExternalEntities = false
        parser.delegate = reader
        let isWhole = parser.parse()
        if let refusal = reader.refusal { throw refusal }
        guard isWhole else {
            throw Refusal(line: parser.lineNumber, "this is no well-formed XML (column \(parser.columnNumber))")
        }
        guard reader.isBill else { throw Refusal("the root of this XML is no CycloneDX `bom`") }
        return try reader.bill.finished()
    }
}

/// What is refused before a parser sees it: all by which XML can reach outside the document or grow.
enum HostileXML {
    static func check(_ data: Data) throws(Refusal) {
        // UTF-16 and its kin have a zero byte in each letter of markup.
        if data.contains(0) { throw Refusal("this XML is not in UTF-8; save it as UTF-8") }
        if has("<!DOCTYPE", data) || has("<!ENTITY", data) {
            throw Refusal("this XML has a DOCTYPE, and no bill of materials needs one: it can name other files")
        }
        let head = String(decoding: data.prefix(200), as: UTF8.self).lowercased()
        guard let mark = head.range(of: "encoding=") else { return }
        let encoding = head[mark.upperBound...].dropFirst().prefix { $0 != "\"" && $0 != "'" }
        guard ["utf-8", "us-ascii", "ascii", "iso-8859-1"].contains(encoding) else {
            throw Refusal("this XML is in \(ListCollector.shown(encoding)); save it as UTF-8")
        }
    }

    private static func has(_ word: StaticString, _ data: Data) -> Bool {
        data.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return false }
            var start = 0
            while start < bytes.count, let found = memchr(base + start, Int32(word.utf8Start[0]), bytes.count - start) {
                let position = UnsafeRawPointer(found) - base
                if bytes.count - position >= word.utf8CodeUnitCount,
                    memcmp(base + position, word.utf8Start, word.utf8CodeUnitCount) == 0
                {
                    return true
                }
                start = position + 1
            }
            return false
        }
    }
}

/// Follows the parser through the document.
private final class CycloneDXReader: NSObject, XMLParserDelegate {
    private static let maximumDepth = 128
    private static let maximumText = 64 * 1024

    private(set) var bill = BillOfMaterials()
    private(set) var refusal: Refusal?
    private(set) var isBill = false

    private enum Place {
        case root
        case metadata
        /// A list whose components count.
        case components
        /// A component that counts, with its nested ones.
        case component
        case properties
        /// A field of a component, whose text is wanted.
        case field
        case ignored
    }

    private var places: [Place] = []
    private var open: [BillComponent] = []
    private var text = ""
    private var property = ""

    func parser(
        _ parser: XMLParser, didStartElement element: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        guard places.count < Self.maximumDepth else {
            return stop(parser, Refusal(line: parser.lineNumber, "nested deeper than \(Self.maximumDepth) elements"))
        }
        let name = element.split(separator: ":").last ?? ""
        let place = place(of: name, in: places.last)
        switch place {
        case .root:
            guard let namespace = attributes.first(where: { $0.value.contains("cyclonedx.org/schema/bom/") }) else {
                return stop(parser, Refusal("the root of this XML is not in a namespace of CycloneDX"))
            }
            do throws(Refusal) {
                try CycloneDXVersion.check(namespace.value.split(separator: "/").last.map(String.init) ?? "")
            } catch {
                return stop(parser, error)
            }
            isBill = true
        case .component:
            let isDescribed = places.last == .metadata
            let kind = CycloneDXJSON.kind(attributes["type"] ?? "")
            open.append(BillComponent(kind: isDescribed && kind == .package ? .other : kind))
        case .field:
            text = ""
            property = attributes["name"] ?? ""
        default: break
        }
        places.append(place)
    }

    private func place(of name: Substring, in parent: Place?) -> Place {
        switch (parent, name) {
        case (nil, "bom"): .root
        case (.root, "metadata"): .metadata
        case (.root, "components"), (.component, "components"): .components
        case (.metadata, "component"), (.components, "component"): .component
        case (.component, "name"), (.component, "version"), (.component, "purl"): .field
        case (.component, "properties"): .properties
        case (.properties, "property"): .field
        default: .ignored
        }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { append(string) }

    func parser(_ parser: XMLParser, foundCDATA block: Data) { append(String(decoding: block, as: UTF8.self)) }

    private func append(_ string: String) {
        guard places.last == .field, text.utf8.count + string.utf8.count <= Self.maximumText else { return }
        text += string
    }

    func parser(
        _ parser: XMLParser, didEndElement element: String, namespaceURI: String?, qualifiedName: String?
    ) {
        guard let place = places.popLast() else { return }
        if place == .component, let component = open.popLast() { return bill.add(component) }
        guard place == .field, !open.isEmpty else { return }
        let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
        switch element.split(separator: ":").last {
        case "name": open[open.count - 1].name = value
        case "version": open[open.count - 1].version = value
        case "purl": open[open.count - 1].urls = [value]
        default: open[open.count - 1].properties[property] = value
        }
    }

    private func stop(_ parser: XMLParser, _ reason: Refusal) {
        refusal = refusal ?? reason
        parser.abortParsing()
    }
}
