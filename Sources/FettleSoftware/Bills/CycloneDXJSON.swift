import FettleModel

/// Reads CycloneDX as JSON ([1.6](https://cyclonedx.org/docs/1.6/json/)).
///
/// `components` count, with what is nested in them: not the tools that wrote the bill, and not the pedigree. The thing described,
/// `metadata.component`, may be the operating system, or a package that advisories name; where it is neither, nothing
/// is missing.
enum CycloneDXJSON {
    static func read(_ root: JSONObject) throws(Refusal) -> SoftwareList {
        try CycloneDXVersion.check(root.string("specVersion") ?? "")
        var bill = BillOfMaterials()
        // A list of what is still to be read, since nesting has no bound of its own.
        var waiting = [(values: root.array("components") ?? [], isDescribed: false)]
        if let described = root.object("metadata")?.object("component") {
            bill.add(component(described, isDescribed: true))
            if let nested = described.array("components") { waiting.append((nested, true)) }
        }
        while let (values, isDescribed) = waiting.popLast() {
            for (index, value) in values.enumerated() {
                guard let object = JSONObject(value) else {
                    bill.skip("component \(index)", "it is no object")
                    continue
                }
                bill.add(component(object, isDescribed: isDescribed))
                if let nested = object.array("components") { waiting.append((nested, isDescribed)) }
            }
        }
        return try bill.finished()
    }

    private static func component(_ object: JSONObject, isDescribed: Bool) -> BillComponent {
        var component = BillComponent(
            kind: kind(object.string("type") ?? "", isDescribed: isDescribed), name: object.string("name") ?? "",
            version: object.string("version") ?? "", urls: object.string("purl").map { [$0] } ?? [])
        for case let property? in (object.array("properties") ?? []).map(JSONObject.init) {
            if let name = property.string("name") { component.properties[name] = property.string("value") }
        }
        return component
    }

    /// - Parameter isDescribed: whether the bill is about it: nobody has to have advisories for a project of one's own.
    static func kind(_ type: String, isDescribed: Bool) -> BillComponent.Kind {
        switch type {
        case "operating-system": .operatingSystem
        case "library", "application", "framework", "": isDescribed ? .other : .package
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
