internal import FettleModel
internal import Foundation

/// Where a file of a source is taken from, after mirrors are taken into account.
struct FeedPlace: Sendable, Equatable {
    enum Location: Sendable, Equatable {
        case web(FeedAddress)
        /// A short text at this address names the file beside it.
        case named(in: FeedAddress)
        case local(path: String)
    }

    var location: Location
    /// The publisher's own place: what it offers to check by must be there. A mirror may lack it.
    var isPublisher: Bool
    var checksum: FeedFile.Checksum
    var signature: FeedFile.Signature

    /// The files of a source that are fetched: an exact address is that of its one main file alone.
    static func files(of source: FeedSource, _ settings: FeedSettings) -> [FeedFile] {
        guard settings.sources[source.id.rawValue]?.address != nil else { return source.files }
        return source.files.filter { !$0.isOptionalOnMirrors }
    }

    /// On a mirror the checksum is `<file>.sha256` and the signature `<file>.asc`, where they are there.
    static func of(_ file: FeedFile, in source: FeedSource, _ settings: FeedSettings) throws(FeedSyncError) -> FeedPlace
    {
        let own = settings.sources[source.id.rawValue]
        if let address = own?.address {
            let files = files(of: source, settings)
            guard files.count == 1 else {
                throw FeedSyncError(
                    .address, source: source.id, place: address,
                    "this source has \(files.count) files, so one address is not enough",
                    hint: "give 'mirror' instead: a folder with \(files.map(\.name).joined(separator: " and "))")
            }
            return try mirror(at: location(address))
        }
        if let folder = own?.mirror { return try mirror(at: location(joined(folder, file.name))) }
        if let folder = settings.mirror {
            return try mirror(at: location(joined(folder, "\(source.id.rawValue)/\(file.name)")))
        }
        let location: Location =
            switch file.address {
            case .fixed(let address): try .web(FeedAddress(address))
            case .named(let address): try .named(in: FeedAddress(address))
            }
        return FeedPlace(
            location: location, isPublisher: true, checksum: file.checksum, signature: file.signature)
    }

    private static func mirror(at location: Location) -> FeedPlace {
        FeedPlace(
            location: location, isPublisher: false, checksum: .beside(ending: ".sha256"),
            signature: .beside(ending: ".asc"))
    }

    private static func joined(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    private static func location(_ text: String) throws(FeedSyncError) -> Location {
        guard text.contains("://") else {
            return .local(path: text.hasPrefix("~/") ? NSHomeDirectory() + text.dropFirst() : text)
        }
        guard text.lowercased().hasPrefix("file://") else { return .web(try FeedAddress(text)) }
        guard let url = URL(string: text), ["", "localhost"].contains(url.host ?? ""), url.path.hasPrefix("/") else {
            throw FeedSyncError(.address, place: text, "no address of a file", hint: "such as file:///srv/feeds")
        }
        return .local(path: url.path)
    }
}
