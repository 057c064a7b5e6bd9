internal import AsyncHTTPClient
internal import FettleModel
internal import Foundation
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Brings one file of a source to the local disk: whole and verified, or not at all.
struct FeedDownloader: Sendable {
    let client: WebClient
    let options: FeedSyncOptions
    let progress: @Sendable (FeedProgress) -> Void

    struct Request: Sendable {
        var source: FeedSource
        var file: FeedFile
        var place: FeedPlace
        /// Where the file, its part and its state are kept.
        var folder: String
        var keyring: String?
    }

    struct Result: Sendable {
        /// The file; it must not be altered.
        var path: String
        var address: String
        var size: Int64
        var sha256: String
        var entityTag: String?
        var lastModified: String?
        /// Of a file from a folder: when it was last altered there.
        var changedAt: Timestamp?
        var verification: FeedVerification
        /// The server said that what was here is still the newest.
        var isUnchanged: Bool
    }

    /// - Throws: `FeedSyncError`; `CancellationError` if the task is cancelled: then the part is kept, to be resumed.
    func fetch(_ request: Request) async throws -> Result {
        do {
            switch request.place.location {
            case .local(let path): return try await copy(path, request)
            case .web(let address): return try await download(address, request)
            case .named(let list):
                let deadline = ContinuousClock.now + .seconds(options.totalSeconds)
                guard let text = try await self.text(at: list, limit: 4 << 10, request, deadline: deadline) else {
                    throw ResponseRule.refused(.notFound, "the server answered 404 Not Found")
                        .failure(at: list, of: request.source)
                }
                let name = text.trimmingCharacters(in: .whitespacesAndNewlines)
                return try await download(list.sibling(name), request)
            }
        } catch let error as FeedSyncError {
            throw error.of(request.source.id)
        }
    }

    private func download(_ address: FeedAddress, _ request: Request) async throws -> Result {
        do {
            return try await downloadOnce(address, request)
        } catch let error as FeedSyncError where error.code == .checksum {
            // The publisher may have put a new file there between the file and its checksum: once more, from the start.
            options.logger?.warning("feed fetched again", metadata: ["source": "\(request.source.id)"])
            return try await downloadOnce(address, request)
        }
    }

    private func downloadOnce(_ address: FeedAddress, _ request: Request) async throws -> Result {
        let deadline = ContinuousClock.now + .seconds(options.totalSeconds)
        let download = PartialDownload(folder: request.folder, name: request.file.name)
        let transfer = FileTransfer(
            client: client, options: options, address: address, download: download, request: request,
            deadline: deadline, progress: progress)
        let known = try download.whole(address.shown)
        let outcome = try await retrying(address, deadline: deadline, source: request.source.id) {
            try await transfer.attempt(known: known)
        }
        switch outcome {
        case .unchanged(let state):
            // A try before this one may have begun a part, and written that one's state.
            try download.save(state)
            return result(state, download, request, isUnchanged: true)
        case .received(let digest, var state):
            do {
                state.verification = try await verify(
                    download.partPath, digest, at: address, request, deadline: deadline)
            } catch let error as FeedSyncError where [.checksum, .signature].contains(error.code) {
                // Bytes that are proven wrong are no part to go on from.
                download.discardPart()
                throw error
            }
            try Disk.rename(download.partPath, to: download.path)
            try Disk.syncFolder(request.folder)
            state.sha256 = digest.sha256
            try download.save(state)
            progress(
                FeedProgress(
                    source: request.source.id, file: request.file.name, received: digest.count, total: digest.count,
                    phase: .done))
            return result(state, download, request, isUnchanged: false)
        }
    }

    private func result(
        _ state: PartialDownload.State, _ download: PartialDownload, _ request: Request, isUnchanged: Bool
    ) -> Result {
        if isUnchanged {
            progress(
                FeedProgress(
                    source: request.source.id, file: request.file.name, received: state.durableBytes,
                    total: state.durableBytes, phase: .unchanged))
        }
        let unchecked = FeedVerification(checksum: .notOffered, signature: .notChecked, isTransportSafe: false)
        return Result(
            path: download.path, address: state.address, size: state.durableBytes, sha256: state.sha256 ?? "",
            entityTag: state.entityTag, lastModified: state.lastModified,
            verification: state.verification ?? unchecked, isUnchanged: isUnchanged)
    }

    /// Compares what came in with the publisher's checksum, and with its signature where a keyring is given.
    private func verify(
        _ path: String, _ digest: StreamingDigest, at address: FeedAddress, _ request: Request,
        deadline: ContinuousClock.Instant
    ) async throws -> FeedVerification {
        let checksum = try await expectedDigest(for: address, request, deadline: deadline)
        if let checksum { try compare(checksum, digest, place: address.shown) }
        var outcome = FeedVerification(
            checksum: checksum == nil ? .notOffered : .verified, signature: .notOffered,
            isTransportSafe: address.isEncrypted)
        guard case .beside(let ending) = request.place.signature else { return outcome }
        guard let keyring = request.keyring else {
            // A mirror may have none; whether it has is not asked where nobody could check it.
            if request.place.isPublisher { outcome.signature = .notChecked }
            return outcome
        }
        let place = try address.appending(ending: ending)
        guard let text = try await self.text(at: place, limit: 16 << 10, request, deadline: deadline) else {
            throw FeedSyncError(
                .signature, place: place.shown, "there is no signature, and a keyring is given",
                hint: "copy the publisher's \(ending) file to the mirror, or take 'keyring' out of feeds.yaml")
        }
        let signature = path + ending
        try Disk.replace(signature, with: Data(text.utf8))
        defer { Disk.remove(signature) }
        outcome.signer = try await SignatureCheck.verify(
            path, signature: signature, keyring: keyring, place: address.shown)
        outcome.signature = .verified
        return outcome
    }

    /// The digest that the publisher tells; nil if none is offered.
    private func expectedDigest(
        for address: FeedAddress, _ request: Request, deadline: ContinuousClock.Instant
    ) async throws -> String? {
        let place: FeedAddress
        let limit: Int
        switch request.place.checksum {
        case .none: return nil
        case .beside(let ending): (place, limit) = (try address.appending(ending: ending), 64 << 10)
        case .pulpManifest(let list, _): (place, limit) = (try FeedAddress(list), 8 << 20)
        }
        guard let text = try await self.text(at: place, limit: limit, request, deadline: deadline) else {
            guard request.place.isPublisher else { return nil }
            throw FeedSyncError(
                .notFound, place: place.shown,
                "the publisher's checksum is not there, so the download cannot be checked",
                hint: "try again later, or set a mirror in feeds.yaml")
        }
        let name = address.url.lastPathComponent
        let digest =
            if case .pulpManifest(_, let path) = request.place.checksum {
                ChecksumText.digest(inPulpManifest: text, for: path)
            } else {
                ChecksumText.digest(in: text, for: name)
            }
        guard let digest else {
            throw FeedSyncError(.refused, place: place.shown, "holds no checksum of \(name)")
        }
        return digest
    }

    /// A short text; nil if the server says that there is none.
    private func text(
        at address: FeedAddress, limit: Int, _ request: Request, deadline: ContinuousClock.Instant
    ) async throws -> String? {
        try await retrying(address, deadline: deadline, source: request.source.id) {
            let (response, final) = try await client.get(address, HTTPHeaders(), deadline: deadline)
            switch ResponseRule(status: Int(response.status.code), headers: response.headers, sent: SentRequest()) {
            case .body: break
            case .refused(.notFound, _): return nil
            case let rule: throw rule.failure(at: final, of: request.source)
            }
            var bytes: [UInt8] = []
            do {
                for try await chunk in response.body {
                    bytes += chunk.readableBytesView
                    guard bytes.count <= limit else {
                        throw FeedSyncError(.tooLarge, place: final.shown, "more than \(bytesInWords(Int64(limit)))")
                    }
                }
            } catch { throw try Passing.of(error, at: final) }
            try Task.checkCancellation()
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

/// - Throws: with both digests, so that a person can compare them with what the publisher shows.
func compare(_ expected: String, _ digest: StreamingDigest, place: String) throws(FeedSyncError) {
    let found = expected.utf8.count == 128 ? digest.sha512 ?? "" : digest.sha256
    guard found != expected else { return }
    throw FeedSyncError(
        .checksum, place: place,
        "the checksum does not match: the publisher tells \(expected.prefix(16))…, the download has \(found.prefix(16))…",
        hint: "nothing of it was used; run the same again, and tell the publisher if it stays so")
}
