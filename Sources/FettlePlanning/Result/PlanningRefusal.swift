public import FettleModel

/// Why there is no plan: every reason at once, each with its place and what would help.
public struct PlanningRefusal: Error, Codable, Sendable, Equatable, CustomStringConvertible {
    /// Sorted by code, place and message; never empty.
    public var problems: [Problem]

    public init(problems: [Problem]) { self.problems = problems }

    public var description: String { problems.map(\.message).joined(separator: "\n") }

    public struct Problem: Codable, Sendable, Hashable {
        public var code: Code
        public var place: Place
        public var message: String

        public init(_ code: Code, at place: Place, _ message: String) {
            self.code = code
            self.place = place
            self.message = message
        }
    }

    public enum Code: String, Codable, Sendable, CaseIterable {
        /// No member of a group can be taken out without going below its minimum.
        case capacity
        /// `after` and the order of environments contradict each other.
        case orderCycle
        /// The facts show another state than the one the resolver answered for: select again.
        case selectionOutdated
        /// A host, group or environment that the fleet does not declare.
        case unknownName
        /// Two steps would have the same name.
        case ambiguousName
        /// The machines of a hypervisor do not fit on the others.
        case noRoom
        /// The work does not fit into the window (I4).
        case window
        /// What release notes demand is not met.
        case releaseRule
        /// A limit or strategy with which nothing could ever be done.
        case invalidLimit
        /// A strategy that cannot work for its group as it is.
        case strategy
    }

    /// What a problem is about.
    public enum Place: Codable, Sendable, Hashable {
        case plan
        case resource(ResourceID)
        case group(GroupID)

        var sortKey: String {
            switch self {
            case .plan: ""
            case .group(let id): "group \(id)"
            case .resource(let id): "resource \(id)"
            }
        }
    }
}
