/// A load balancer that turns the traffic of two sides at once: each side has a backend of its own, and one entry of a map says
/// which of them is served. The entry's key is the binding's `backend`.
public struct TrafficSides: Codable, Sendable, Hashable {
    /// The map's file on the load balancer, an absolute path.
    public var map: String
    /// Sorted by backend.
    public var sides: [TrafficSide]

    public init(map: String, sides: [TrafficSide]) {
        self.map = map
        self.sides = sides
    }

    /// An absolute path of a file, of characters that mean nothing to a shell, to `sudo` or to a load balancer.
    public static func isMapPath(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        return text.hasPrefix("/") && text.utf8.count <= 512
            && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "/-_.@+".unicodeScalars.contains($0))
            }
    }

    /// The backend of a member's side; nil for somebody of neither.
    public func backend(of resource: ResourceID) -> String? {
        sides.first { $0.members.contains(resource) }?.backend
    }
}

/// One of the sides between which traffic is turned.
public struct TrafficSide: Codable, Sendable, Hashable {
    public var backend: String
    /// Sorted.
    public var members: [ResourceID]

    public init(backend: String, members: [ResourceID]) {
        self.backend = backend
        self.members = members
    }
}
