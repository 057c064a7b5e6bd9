public import FettleModel

/// What several hosts' lists say of the same archives. Pure.
///
/// One host alone could say what it likes: the archives of the whole fleet would be what it says. But rpm packages bear their maker's
/// signature themselves, and every host that stages one has its own rpm prove it: there one host is enough, whichever it is.
public struct ArchiveWitnesses: Sendable {
    /// One archive as one host's lists describe it.
    public struct Saying: Sendable, Equatable {
        public var bytes: Int64
        public var sha256: Digest
        /// Lines by which a resolver decides, in any order.
        public var relations: Set<String>

        public init(bytes: Int64, sha256: Digest, fields: [String]) {
            self.bytes = bytes
            self.sha256 = sha256
            relations = Set(fields.filter(Self.decides))
        }

        /// Texts for people may be in another language on each host.
        private static func decides(_ line: String) -> Bool {
            guard let first = line.first, first != " ", first != "\t" else { return false }
            let name = line.prefix { $0 != ":" }.lowercased()
            return !["description", "description-md5", "homepage", "maintainer", "section", "priority"].contains(name)
        }
    }

    public let wanted: [PackageVersion]
    /// All hosts of the platform.
    public let hosts: [ResourceID]
    /// Of the last stage among them.
    public let last: [ResourceID]
    /// Each archive proves itself where it is installed.
    private let isSelfProving: Bool
    private var sayings: [PackageVersion: (host: ResourceID, saying: Saying)] = [:]
    /// Hosts that have told of all that is wanted, in the order in which they did.
    public private(set) var complete: [ResourceID] = []
    /// Hosts that have told of something that is wanted, in that order.
    public private(set) var heard: [ResourceID] = []

    public init(_ source: PromotionService.FreezeSource) {
        wanted = source.part.packages
        hosts = source.hosts.map(\.id)
        last = source.last
        isSelfProving = source.part.manager == .rpm
    }

    /// Of which no host has told, in the set's order.
    public var untold: [PackageVersion] { wanted.filter { sayings[$0] == nil } }

    /// Hears a host, all of it or nothing; again, if it has more to tell.
    ///
    /// - Throws: `drift` where another host has said otherwise: one of both is wrong, and nobody here can say which.
    public mutating func hear(_ told: [PackageVersion: Saying], from host: ResourceID) throws(ControlError) {
        let known = wanted.compactMap { package in told[package].map { (package, $0) } }
        var different: [String] = []
        for (package, saying) in known {
            guard let before = sayings[package], before.saying != saying else { continue }
            different.append(
                "\(package.name) \(package.version): \(before.host) says \(before.saying.words), \(host) says \(saying.words)"
            )
        }
        guard different.isEmpty else {
            throw ControlError(
                .drift, "hosts contradict each other:\n  " + different.prefix(5).joined(separator: "\n  "),
                hint: "the mirror has two contents under one version, or one of the hosts is not to be trusted")
        }
        for (package, saying) in known where sayings[package] == nil { sayings[package] = (host, saying) }
        if !known.isEmpty, !heard.contains(host) { heard.append(host) }
        if known.count == wanted.count, !complete.contains(host) { complete.append(host) }
    }

    /// What is missing for them to be believed, in words; nil: nothing.
    public var missing: String? {
        if isSelfProving {
            let part = untold.count == wanted.count ? "any" : "\(untold.count) of \(wanted.count)"
            return untold.isEmpty ? nil : "no host has \(part) of it, whole and signed"
        }
        let demanded = min(2, hosts.count)
        if complete.count < demanded {
            return "\(complete.count) of \(demanded) hosts that are needed offer all of it"
        }
        if !last.isEmpty, !complete.contains(where: last.contains) {
            return
                "no host of the last stage offers all of it (\(last.prefix(3).map(\.rawValue).joined(separator: ", ")))"
        }
        return nil
    }
}

extension ArchiveWitnesses.Saying {
    /// For people.
    fileprivate var words: String { "SHA-256 \(sha256.short)…, \(bytes) bytes, \(relations.count) fields" }
}
