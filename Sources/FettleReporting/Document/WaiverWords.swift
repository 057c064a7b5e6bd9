import FettleModel

extension Waiver.Kind {
    package var words: String {
        switch self {
        case .accepted: "accepted"
        case .notAffected: "not affected"
        case .mitigated: "mitigated"
        }
    }
}

extension WaiverScope.Subject {
    package var words: String {
        switch self {
        case .advisory(let id, let aliases):
            aliases.isEmpty ? id.rawValue : "\(id) (\(aliases.prefix(3).map(\.rawValue).joined(separator: ", ")))"
        case .source(let source): "source \(source)"
        case .finding(let id): "finding \(id)"
        }
    }
}

extension WaiverScope {
    package var place: String {
        let parts = [("", resources), ("group ", groups), ("environment ", environments)]
            .filter { !$0.1.isEmpty }.map { $0.0 + $0.1.joined(separator: ", ") }
        let place = parts.isEmpty ? "everywhere" : parts.joined(separator: "; ")
        guard let first = packages.first else { return place }
        let more = packages.count > 1 ? " and \(packages.count - 1) more" : ""
        return "\(place); \(first.name)\(first.version.map { " \($0)" } ?? "")\(more)"
    }
}
