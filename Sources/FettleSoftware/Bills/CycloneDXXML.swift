import FettleModel
import Foundation

/// Reads CycloneDX as XML, from the same places as from JSON.
struct CycloneDXXML {
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

    /// Bytes of one field; the longest real ones are package URLs.
    private static let maximumText = 64 * 1024

    private var bill = BillOfMaterials()
    private var places: [Place] = []
    private var open: [BillComponent] = []
    private var text = ""
    private var property = ""

    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        var scanner = try XMLScanner(data)
        var reader = CycloneDXXML()
        while let event = try scanner.next() {
            switch event {
            case .start(let name, let attributes): try reader.start(name, attributes)
            case .end(let name): reader.end(name)
            case .text(let text): reader.append(text)
            }
        }
        return try reader.bill.finished()
    }

    private mutating func start(_ name: String, _ attributes: [String: String]) throws(Refusal) {
        let place = Self.place(of: name, in: places.last)
        if places.isEmpty { try Self.checkRoot(place, attributes) }
        switch place {
        case .component:
            // What the bill describes is no part of itself, but may be the operating system.
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

    private static func checkRoot(_ place: Place, _ attributes: [String: String]) throws(Refusal) {
        let mark = "cyclonedx.org/schema/bom/"
        guard place == .root, let namespace = attributes.values.first(where: { $0.contains(mark) }) else {
            throw Refusal("the root of this XML is no `bom` in a namespace of CycloneDX")
        }
        try CycloneDXVersion.check(namespace.split(separator: "/").last.map(String.init) ?? "")
    }

    private static func place(of name: String, in parent: Place?) -> Place {
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

    private mutating func append(_ string: String) {
        guard places.last == .field, text.utf8.count + string.utf8.count <= Self.maximumText else { return }
        text += string
    }

    private mutating func end(_ name: String) {
        guard let place = places.popLast() else { return }
        if place == .component, let component = open.popLast() { return bill.add(component) }
        guard place == .field, !open.isEmpty else { return }
        let value = text.trimmingCharacters(in: .whitespacesAndNewlines)
        switch name {
        case "name": open[open.count - 1].name = value
        case "version": open[open.count - 1].version = value
        case "purl": open[open.count - 1].urls = [value]
        default: open[open.count - 1].properties[property] = value
        }
    }
}
