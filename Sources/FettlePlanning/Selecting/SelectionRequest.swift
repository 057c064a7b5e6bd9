public import FettleModel

/// What one host's resolver is to be asked for.
public struct SelectionRequest: Codable, Sendable, Equatable {
    public var resource: ResourceID
    public var address: ResourceAddress
    public var manager: PackageManager
    /// The findings that the wanted versions close, sorted.
    public var findings: [FindingID]
    /// What the resolver is asked for, sorted. Empty: there is nothing to ask.
    public var wanted: [PackageVersion]
    /// What is installed already and only waits for a restart or a reboot, sorted.
    public var installed: [PackageVersion]
    /// Names that a user pinned: only these may go to an older version.
    public var pinned: [String]
    /// By name, what the host's baseline binds of what is installed there.
    public var bounds: [String: PackageBound]
    /// Nothing may change but to these versions, sorted: those of a patch set. nil: whatever the resolver needs.
    public var onlyThese: [PackageVersion]?

    public init(
        resource: ResourceID, address: ResourceAddress, manager: PackageManager, findings: [FindingID],
        wanted: [PackageVersion], installed: [PackageVersion], pinned: [String],
        bounds: [String: PackageBound] = [:], onlyThese: [PackageVersion]? = nil
    ) {
        self.resource = resource
        self.address = address
        self.manager = manager
        self.findings = findings
        self.wanted = wanted
        self.installed = installed
        self.pinned = pinned
        self.bounds = bounds
        self.onlyThese = onlyThese
    }
}

/// What is wanted over the fleet, before the resolvers have answered.
public struct PatchSelection: Codable, Sendable, Equatable {
    /// Sorted by resource.
    public var requests: [SelectionRequest]
    /// Sorted by resource, subject and reason.
    public var leftOut: [Selection.LeftOut]
    /// Names in the filter that match nothing, as the user typed them: a misspelling must not read as "nothing to do".
    public var unmatched: [String]

    public init(requests: [SelectionRequest], leftOut: [Selection.LeftOut], unmatched: [String]) {
        self.requests = requests
        self.leftOut = leftOut
        self.unmatched = unmatched
    }
}
