import FettleModel

/// Reads CycloneDX as JSON ([1.6](https://cyclonedx.org/docs/1.6/json/)).
///
/// Only `components` counts, with what is nested in it: not the tools that wrote the bill, not the pedigree, and not
/// `metadata.component`, which is the thing described; but that may be the operating system.
enum CycloneDXJSON {
    static func read(_ root: JSONObject) throws(Refusal) -> SoftwareList {
        try CycloneDXVersion.check(root.string("specVersion") ?? "")
        var bill = BillOfMaterials()
        if let described = root.object("metadata")?.object("component"),
            described.string("type") == "operating-system"
        {
            bill.add(component(described))
        }
        // A list of what is still to be read, since nesting has no bound of its own.
        var waiting: [[Any]] = [root.array("components") ?? []]
        while let values = waiting.popLast() {
            for (index, value) in values.enumerated() {
                guard let object = JSONObject(value) else {
                    bill.skip("component \(index)", "it is no object")
                    continue
                }
                bill.add(component(object))
                if let nested = object.array("components") { waiting.append(nested) }
            }
        }
        return try bill.finished()
    }

    private static func component(_ object: JSONObject) -> BillComponent {
        var component = BillComponent(
            kind: kind(object.string("type") ?? ""), name: object.string("name") ?? "",
            version: object.string("version") ?? "", urls: object.string("purl").map { [$0] } ?? [])
        for case let property? in (object.array("properties") ?? []).map(JSONObject.init) {
            if let name = property.string("name") { component.properties[name] = property.string("value") }
        }
        return component
    }

    static func kind(_ type: String) -> BillComponent.Kind {
        switch type {
        case "operating-system": .operatingSystem
        case "library", "application", "framework", "": .package
        default: .other
        }
    }
}

/// The versions of the specification that are read.
enum CycloneDXVersion {
    static func check(_ version: String) throws(Refusal) {
        let parts = version.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "1", let minor = Int(parts[1]), (0...99).contains(minor) else {
            throw Refusal(
                "CycloneDX \(ListCollector.shown(version).debugDescription) is not known; 1.2 to 1.6 are read")
        }
    }
}
