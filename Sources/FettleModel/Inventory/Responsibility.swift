/// A layer of a resource that somebody has to patch, from the bottom up.
public enum ResourceLayer: String, Codable, Sendable, CaseIterable, Comparable {
    case hardware, firmware, hypervisor, operatingSystem, runtime, application, data, access

    public static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    public var words: String { self == .operatingSystem ? "operating system" : rawValue }
}

/// Who patches a layer.
public enum ResponsibleParty: String, Codable, Sendable, CaseIterable {
    case us, provider, vendor
    /// We and the provider or vendor, each a part of it.
    case shared
    /// Declared to be nobody's, or the default says that the layer has no one: a finding until it is settled.
    case nobody
}

/// What the fleet file says of who patches a resource's layers; what it leaves open comes from the service model's row of the
/// matrix.
public struct Responsibility: Codable, Sendable, Equatable {
    public var layers: [ResourceLayer: Part]
    /// The person or team that answers for what is ours; nil: the resource's owner.
    public var owner: String?
    /// Where the owner is reached.
    public var contact: String?

    public init(layers: [ResourceLayer: Part] = [:], owner: String? = nil, contact: String? = nil) {
        self.layers = layers
        self.owner = owner
        self.contact = contact
    }

    public struct Part: Codable, Sendable, Equatable {
        /// nil: as the matrix says.
        public var by: ResponsibleParty?
        /// The name of the team, the provider or the vendor.
        public var owner: String?
        public var contact: String?

        public init(by: ResponsibleParty? = nil, owner: String? = nil, contact: String? = nil) {
            self.by = by
            self.owner = owner
            self.contact = contact
        }
    }

    public var isEmpty: Bool { layers.isEmpty && owner == nil && contact == nil }

    /// These, with what `base` says where they are silent.
    public func over(_ base: Responsibility) -> Responsibility {
        var result = base
        for (layer, part) in layers {
            let below = base.layers[layer]
            result.layers[layer] = Part(
                by: part.by ?? below?.by, owner: part.owner ?? below?.owner, contact: part.contact ?? below?.contact)
        }
        result.owner = owner ?? base.owner
        result.contact = contact ?? base.contact
        return result
    }
}

extension ResourceLayer: CodingKeyRepresentable {}

extension Resource {
    /// Who patches the operating system's packages: what is declared, else what the service model says. A part of ours is ours: we
    /// act on it, and ask the other for theirs.
    public var operatingSystemOwner: PatchOwner {
        switch responsibility?.layers[.operatingSystem]?.by {
        case .us, .shared: .us
        case .provider: .provider
        case .vendor: .vendor
        case .nobody, nil: serviceModel.operatingSystemOwner
        }
    }
}
