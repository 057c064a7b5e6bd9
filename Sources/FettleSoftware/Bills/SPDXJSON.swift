import FettleModel

/// Reads SPDX 2.x as JSON ([2.3](https://spdx.github.io/spdx-spec/v2.3/package-information/)).
enum SPDXJSON {
    static func read(_ root: JSONObject) throws(Refusal) -> SoftwareList {
        try SPDXVersion.check(root.string("spdxVersion") ?? "")
        var bill = BillOfMaterials()
        for (index, value) in (root.array("packages") ?? []).enumerated() {
            guard let object = JSONObject(value) else {
                bill.skip("package \(index)", "it is no object")
                continue
            }
            var component = BillComponent(
                kind: SPDXVersion.kind(object.string("primaryPackagePurpose") ?? ""),
                name: object.string("name") ?? "", version: object.string("versionInfo") ?? "")
            for case let reference? in (object.array("externalRefs") ?? []).map(JSONObject.init)
            where SPDXVersion.isURL(reference.string("referenceType") ?? "") {
                if let url = reference.string("referenceLocator") { component.urls.append(url) }
            }
            bill.add(component)
        }
        return try bill.finished()
    }
}

/// What the forms of SPDX 2 share.
enum SPDXVersion {
    static func check(_ version: String) throws(Refusal) {
        guard version.hasPrefix("SPDX-2.") else {
            throw Refusal(
                "SPDX version \(ListCollector.shown(version).debugDescription) is not known; 2.x and 3.0 are read")
        }
    }

    /// `purl`, or as SPDX 2.1 wrote it, the address of the type's definition.
    static func isURL(_ type: some StringProtocol) -> Bool {
        type == "purl" || type.hasSuffix("/purl")
    }

    static func kind(_ purpose: some StringProtocol) -> BillComponent.Kind {
        switch purpose.uppercased().replacing("-", with: "_") {
        case "OPERATING_SYSTEM", "OPERATINGSYSTEM": .operatingSystem
        case "CONTAINER", "FILE", "DEVICE", "FIRMWARE", "ARCHIVE", "DATA": .other
        default: .package
        }
    }
}

/// Reads SPDX 3.0 as JSON-LD: the packages of the graph, by their
/// [package URL](https://spdx.github.io/spdx-spec/v3.0.1/model/Software/Properties/packageUrl/).
enum SPDX3JSON {
    static func read(_ root: JSONObject) throws(Refusal) -> SoftwareList {
        guard let graph = root.array("@graph") else { throw Refusal("this JSON-LD of SPDX 3 has no @graph") }
        var bill = BillOfMaterials()
        for case let element? in graph.map(JSONObject.init) where element.string("type") == "software_Package" {
            var component = BillComponent(
                kind: SPDXVersion.kind(element.string("software_primaryPurpose") ?? ""),
                name: element.string("name") ?? "", version: element.string("software_packageVersion") ?? "")
            if let url = element.string("software_packageUrl") { component.urls.append(url) }
            for case let identifier? in (element.array("externalIdentifier") ?? []).map(JSONObject.init)
            where identifier.string("externalIdentifierType") == "packageUrl" {
                guard let url = identifier.string("identifier"), !component.urls.contains(url) else { continue }
                component.urls.append(url)
            }
            bill.add(component)
        }
        return try bill.finished()
    }
}
