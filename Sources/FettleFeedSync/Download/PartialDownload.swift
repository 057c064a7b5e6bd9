internal import FettleModel
internal import Foundation

/// A download beside its state: `<name>.part` while it is incomplete, `<name>` once it is whole and verified, and
/// `<name>.state.json`, by which it is resumed or asked for again only if it changed.
struct PartialDownload {
    /// What is known of the file or of its part.
    struct State: Codable, Equatable {
        /// The address that was asked for, before redirects: another one begins anew.
        var address: String
        var entityTag: String?
        var lastModified: String?
        /// How many bytes are surely on the disk. What lies behind them is not trusted after a crash.
        var durableBytes: Int64
        /// Of the whole file; nil for a part.
        var sha256: String?
        var verification: FeedVerification?
    }

    let path: String
    var partPath: String { path + ".part" }
    private var statePath: String { path + ".state.json" }

    init(folder: String, name: String) { path = "\(folder)/\(name)" }

    /// nil if there is none, or one that cannot be read: then the file is fetched whole.
    func state() -> State? {
        guard let data = try? Disk.read(statePath, limit: 64 << 10),
            let state = try? JSONDecoder().decode(State.self, from: data), state.durableBytes >= 0
        else { return nil }
        return state
    }

    func save(_ state: State) throws(FeedSyncError) {
        guard let data = try? CanonicalJSON.pretty(state) else { return }
        try Disk.replace(statePath, with: data)
    }

    /// The state of a part that can be resumed: of this address, with bytes on the disk, and with something to tell the
    /// server which version they are of.
    func resumable(_ address: String) -> State? {
        guard let state = state(), state.sha256 == nil, state.address == address, state.validator != nil,
            state.durableBytes > 0, let size = Disk.size(partPath), size >= state.durableBytes
        else { return nil }
        return state
    }

    /// The whole file, if it is here, is of this address and has not been touched since.
    func whole(_ address: String) throws(FeedSyncError) -> State? {
        guard let state = state(), let digest = state.sha256, state.address == address,
            Disk.size(path) == state.durableBytes, try Disk.digest(path).sha256 == digest
        else { return nil }
        return state
    }

    func discardPart() {
        Disk.remove(partPath)
    }

    func discard() {
        for each in [partPath, path, statePath] { Disk.remove(each) }
    }
}

extension PartialDownload.State {
    /// What `If-Range` may hold: a strong entity tag or a date
    /// ([RFC 9110, 13.1.5](https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5)).
    var validator: String? {
        if let tag = entityTag, !tag.hasPrefix("W/") { return tag }
        return lastModified
    }
}
