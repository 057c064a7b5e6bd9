public import FettleModel

/// Who patches which layer under which service model, where the fleet file says nothing else.
///
/// After the providers' own models of shared responsibility; each cell's source is in docs/governance-baselines.md:
/// AWS (https://aws.amazon.com/compliance/shared-responsibility-model/), Microsoft Azure
/// (https://learn.microsoft.com/azure/security/fundamentals/shared-responsibility), Google Cloud
/// (https://cloud.google.com/architecture/framework/security/shared-responsibility-shared-fate).
public enum ResponsibilityMatrix {
    public static func party(for layer: ResourceLayer, under model: ServiceModel) -> ResponsibleParty {
        switch (model, layer) {
        // Data and access stay with the customer under every model.
        case (_, .data): .us
        case (.vendorAppliance, .access), (.onPremises, .access), (.bareMetal, .access), (.iaas, .access),
            (.paas, .access), (.saas, .access):
            .us
        // Our own machines: all of it is ours, though the maker writes the firmware.
        case (.onPremises, _): .us
        // A rented machine without a hypervisor of the provider: the machine is theirs, its firmware is where both must act.
        case (.bareMetal, .hardware): .provider
        case (.bareMetal, .firmware): .shared
        case (.bareMetal, _): .us
        case (.iaas, .hardware), (.iaas, .firmware), (.iaas, .hypervisor): .provider
        case (.iaas, _): .us
        case (.paas, .application): .us
        case (.paas, _): .provider
        case (.saas, _): .provider
        // A closed box in our rack: the hardware stands with us and is swapped by the vendor.
        case (.vendorAppliance, .hardware): .shared
        case (.vendorAppliance, _): .vendor
        }
    }

    /// What holds for a resource: what it declares, over the matrix.
    public static func row(of resource: Resource) -> ResponsibilityRow {
        let declared = resource.responsibility ?? Responsibility()
        let cells = ResourceLayer.allCases.map { layer in
            let part = declared.layers[layer]
            let party = part?.by ?? party(for: layer, under: resource.serviceModel)
            // The owner of the resource answers for what is ours, and for our share; others have names of their own.
            let isOurs = party == .us || party == .shared
            return ResponsibilityRow.Cell(
                layer: layer, party: party, owner: part?.owner ?? (isOurs ? declared.owner ?? resource.owner : nil),
                contact: part?.contact ?? (isOurs ? declared.contact : nil), isDeclared: part?.by != nil)
        }
        return ResponsibilityRow(resource: resource.id, serviceModel: resource.serviceModel, cells: cells)
    }
}

/// One resource of the matrix.
public struct ResponsibilityRow: Codable, Sendable, Equatable {
    public var resource: ResourceID
    public var serviceModel: ServiceModel
    /// From the bottom layer up.
    public var cells: [Cell]

    public struct Cell: Codable, Sendable, Equatable {
        public var layer: ResourceLayer
        public var party: ResponsibleParty
        /// The team, provider or vendor by name; nil: nobody has named it.
        public var owner: String?
        public var contact: String?
        /// The fleet file says so; otherwise it is the service model's default.
        public var isDeclared: Bool
    }

    /// What is missing: layers without anybody, without a person or team, and layers of others who are not named.
    public var gaps: [ResponsibilityGap] {
        func gap(_ kind: ResponsibilityGap.Kind, _ isMeant: (Cell) -> Bool) -> ResponsibilityGap? {
            let layers = cells.filter(isMeant).map(\.layer)
            return layers.isEmpty ? nil : ResponsibilityGap(resource: resource, kind: kind, layers: layers)
        }
        return [
            gap(.nobody) { $0.party == .nobody },
            gap(.noOwner) { $0.owner == nil && ($0.party == .us || $0.party == .shared) },
            gap(.unnamedProvider) { $0.owner == nil && $0.party == .provider },
            gap(.unnamedVendor) { $0.owner == nil && $0.party == .vendor },
        ].compactMap { $0 }
    }
}

/// A layer that nobody owns: a finding about who, not about what. It has no version that closes it and no plan can settle it, so
/// that it is not a `Finding`, whose numbers and exit codes stand for patches.
public struct ResponsibilityGap: Codable, Sendable, Equatable {
    public var resource: ResourceID
    public var kind: Kind
    public var layers: [ResourceLayer]

    public enum Kind: String, Codable, Sendable, CaseIterable {
        case nobody, noOwner, unnamedProvider, unnamedVendor
    }

    public var words: String {
        switch kind {
        case .nobody: "nobody patches"
        case .noOwner: "ours, but no person or team answers for"
        case .unnamedProvider: "a provider's, who is not named, are"
        case .unnamedVendor: "a vendor's, who is not named, are"
        }
    }

    /// What to write into fleet.yaml.
    public var remedy: String {
        switch kind {
        case .noOwner: "owner: TEAM"
        case .nobody: "responsibility: {\(layers[0].rawValue): us}"
        case .unnamedProvider, .unnamedVendor:
            "responsibility: {\(layers[0].rawValue): {owner: NAME, contact: ADDRESS}}"
        }
    }
}
