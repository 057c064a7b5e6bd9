import FettleModel
import Foundation

/// Reads CycloneDX as XML, from the same places as from JSON.
final class CycloneDXXML: XMLHandler {
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

    private(set) var bill = BillOfMaterials()
    private var places: [Place] = []
    private var open: [BillComponent] = []
    private var property = ""

    static func read(_ data: Data) throws(Refusal) -> SoftwareList {
        let reader = CycloneDXXML()
        try XMLReader.read(data, into: reader) { Refusal("it \($0)") }
        return try reader.bill.finished()
    }

    /// Everything, so that all of the document is checked.
    func interest(in element: String) -> XMLInterest { [.attributes, .text] }

    func opened(_ element: String, _ attributes: [String: String]) throws(Refusal) {
        let place = Self.place(of: element, in: places.last)
        if places.isEmpty { try Self.checkRoot(place, attributes) }
        switch place {
        case .component:
            let isDescribed = places.contains(.metadata)
            open.append(BillComponent(kind: CycloneDXJSON.kind(attributes["type"] ?? "", isDescribed: isDescribed)))
        case .field: property = attributes["name"] ?? ""
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

    func closed(_ element: String, _ text: String) throws(Refusal) {
        guard let place = places.popLast() else { return }
        if place == .component, let component = open.popLast() { return bill.add(component) }
        guard place == .field, !open.isEmpty else { return }
        switch element {
        case "name": open[open.count - 1].name = text
        case "version": open[open.count - 1].version = text
        case "purl": open[open.count - 1].urls = [text]
        default: open[open.count - 1].properties[property] = text
        }
    }
}
