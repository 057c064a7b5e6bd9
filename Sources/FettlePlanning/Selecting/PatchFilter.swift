public import FettleModel

/// What a user narrows a selection down to. Everything empty: the whole fleet, as policy says.
///
/// Several entries of one kind widen each other ("web-1 or web-2"), different kinds narrow each other ("in qa and only openssl").
/// What a filter shuts out is not told as left out: nobody asked for it.
public struct PatchFilter: Codable, Sendable, Equatable {
    public var environments: [EnvironmentID]
    public var groups: [GroupID]
    public var resources: [ResourceID]
    public var packages: [PackageRequest]
    public var onlySecurity: Bool

    public init(
        environments: [EnvironmentID] = [], groups: [GroupID] = [], resources: [ResourceID] = [],
        packages: [PackageRequest] = [], onlySecurity: Bool = false
    ) {
        self.environments = environments
        self.groups = groups
        self.resources = resources
        self.packages = packages
        self.onlySecurity = onlySecurity
    }

    /// Whether it is among the hosts that are meant.
    public func includes(_ resource: Resource, in fleet: Fleet) -> Bool {
        (environments.isEmpty || environments.contains(resource.environment))
            && (resources.isEmpty || resources.contains(resource.id))
            && (groups.isEmpty || fleet.groups(of: resource.id).contains { groups.contains($0.id) })
    }

    func includes(source: String, packages names: some Sequence<String>) -> Bool {
        packages.isEmpty || packages.contains { request in request.name == source || names.contains(request.name) }
    }
}

/// A package as a user names it: `openssl`, or `openssl=3.0.22-1` to pin a version. The name may be a source's or a binary's.
public struct PackageRequest: Codable, Sendable, Hashable, CustomStringConvertible {
    public var name: String
    /// nil: whatever closes the finding.
    public var version: String?

    public init(name: String, version: String? = nil) {
        self.name = name
        self.version = version
    }

    /// Reads `name` or `name=version`; nil if either side is empty or holds white space, control characters or a leading dash,
    /// which a package manager would take for an option.
    public init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && part.first != "-" && part.unicodeScalars.allSatisfy { (0x21...0x7E).contains($0.value) }
        }
        guard isPlain, let name = parts.first else { return nil }
        self.init(name: String(name), version: parts.count == 2 ? String(parts[1]) : nil)
    }

    public var description: String { version.map { "\(name)=\($0)" } ?? name }
}
