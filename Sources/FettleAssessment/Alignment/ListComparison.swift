public import FettleModel

/// A team's list of systems, held against the facts.
public struct ListComparison: Codable, Sendable, Equatable {
    /// One for each thing that the list says, in its order.
    public var lines: [Line]
    /// Systems of the list that the fleet does not have, in its order, each once.
    public var notInFleet: [Stranger]
    /// Resources that the list does not have, in the fleet's order.
    public var notInList: [ResourceID]
    /// How many resources the list speaks of.
    public var found: Int

    public struct Line: Codable, Sendable, Equatable {
        /// In the list, from 1.
        public var line: Int
        public var resource: ResourceID
        public var subject: SystemList.Subject
        public var listed: String
        /// nil: not observed, not declared, or not installed.
        public var observed: String?
        public var verdict: Verdict
        /// Why nothing is known; nil: something is.
        public var reason: String?
    }

    public struct Stranger: Codable, Sendable, Equatable {
        public var system: String
        public var line: Int
        /// What could be meant, where several could; empty: none.
        public var candidates: [ResourceID]
    }

    public enum Verdict: String, Codable, Sendable, CaseIterable {
        /// As far as the list says: `1.22` agrees with `1.22.1-9`.
        case agrees
        /// The system has a newer version than the list says.
        case listIsBehind
        /// The system has an older version than the list says.
        case systemIsBehind
        /// They differ, and there is no order between them.
        case differs
        /// The list names software that the system does not have.
        case notInstalled
        /// It is not known what the system has.
        case notKnown
    }

    public var differences: [Line] { lines.filter { $0.verdict != .agrees } }
    /// Whether anything is known to be other than the list says, on either side.
    public var differs: Bool {
        !notInFleet.isEmpty || !notInList.isEmpty || lines.contains { ![.agrees, .notKnown].contains($0.verdict) }
    }
    public var isAligned: Bool { notInFleet.isEmpty && notInList.isEmpty && lines.allSatisfy { $0.verdict == .agrees } }
}
