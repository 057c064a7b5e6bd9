import FettleModel
import FettleVersions

/// What a host's sources offer of one source package, by the source's version.
struct SourceOffers {
    /// The binary packages as they go together for one version of their source.
    struct Offer: Equatable {
        var version: String
        /// For each binary package the newest that is on offer up to this version of the source; sorted by name and architecture.
        var updates: [AvailableUpdate]
    }

    /// The newest first; usually there is one, because sources tell the newest version only.
    private(set) var all: [Offer] = []
    /// By binary package, the newest first.
    private let rows: [HostSelecting.Key: [AvailableUpdate]]
    private let order: VersionOrder

    init(_ updates: [AvailableUpdate]) {
        let order = (updates.first?.manager ?? .dpkg).versionOrder
        self.order = order
        rows = Dictionary(grouping: updates) {
            HostSelecting.Key(name: $0.name, architecture: $0.architecture)
        }.mapValues { $0.sorted { Self.isNewer($0, $1, order) } }
        let versions = updates.map(\.sourceVersion).sorted { order.precedes($1, $0) }
        for version in versions where all.last.map({ order.precedes(version, $0.version) }) ?? true {
            all.append(offer(version))
        }
    }

    var newest: Offer? { all.first }

    /// By the source, and by the binary package's own version where that is the same: it may have been built again.
    private static func isNewer(_ left: AvailableUpdate, _ right: AvailableUpdate, _ order: VersionOrder) -> Bool {
        if order.precedes(right.sourceVersion, left.sourceVersion) { return true }
        if order.precedes(left.sourceVersion, right.sourceVersion) { return false }
        return order.precedes(right.candidate, left.candidate)
    }

    private func offer(_ version: String) -> Offer {
        let updates = rows.sorted { $0.key < $1.key }.compactMap { entry in
            entry.value.first { !order.precedes(version, $0.sourceVersion) }
        }
        return Offer(version: version, updates: updates)
    }

    /// Whether every binary package is offered at this version of the source or a later one.
    func reaches(_ version: String, _ offer: Offer) -> Bool {
        !offer.updates.isEmpty && offer.updates.allSatisfy { !order.precedes($0.sourceVersion, version) }
    }

    /// The first whose source is older than the version; nil if none is.
    func lagging(behind version: String, _ offer: Offer) -> AvailableUpdate? {
        offer.updates.first { order.precedes($0.sourceVersion, version) }
    }
}
