internal import AsyncHTTPClient
internal import FettleModel
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// One try to receive a file: resumes its part, or takes it from the start.
struct FileTransfer: Sendable {
    let client: WebClient
    let options: FeedSyncOptions
    let address: FeedAddress
    let download: PartialDownload
    let request: FeedDownloader.Request
    let deadline: ContinuousClock.Instant
    let progress: @Sendable (FeedProgress) -> Void

    /// Bytes after which what came in is synced, and counts as safe after a crash.
    private static let checkpoint: Int64 = 16 << 20

    enum Outcome {
        case unchanged(PartialDownload.State)
        case received(StreamingDigest, PartialDownload.State)
    }

    /// - Parameter known: the whole file that is here.
    func attempt(known: PartialDownload.State?) async throws -> Outcome {
        let part = download.resumable(address.shown)
        var sent = SentRequest()
        var headers = HTTPHeaders()
        if let part, let validator = part.validator {
            sent.offset = part.durableBytes
            headers.add(name: "Range", value: "bytes=\(part.durableBytes)-")
            headers.add(name: "If-Range", value: validator)
        } else if let known {
            if let tag = known.entityTag { headers.add(name: "If-None-Match", value: tag) }
            if let date = known.lastModified { headers.add(name: "If-Modified-Since", value: date) }
            sent.isConditional = !headers.isEmpty
        }
        let (response, final) = try await client.get(address, headers, deadline: deadline)
        let rule = ResponseRule(status: Int(response.status.code), headers: response.headers, sent: sent)
        switch rule {
        case .notModified:
            guard let known else { throw rule.failure(at: final, of: request.source) }
            return .unchanged(known)
        case .restart:
            download.discardPart()
            throw Passing(
                error: FeedSyncError(.refused, place: final.shown, "the server does not go on from where it stopped"))
        case .body(let offset, let total):
            if offset > 0, let tag = response.headers.first(name: "ETag"), let known = part?.entityTag, tag != known {
                download.discardPart()
                throw Passing(error: FeedSyncError(.refused, place: final.shown, "the file changed meanwhile"))
            }
            return try await receive(response, from: final, offset: offset, total: total)
        default: throw rule.failure(at: final, of: request.source)
        }
    }

    private func receive(
        _ response: HTTPClientResponse, from final: FeedAddress, offset: Int64, total: Int64?
    ) async throws -> Outcome {
        if let total { try checkSize(total, at: final) }
        var state = PartialDownload.State(
            address: address.shown, entityTag: response.headers.first(name: "ETag").flatMap(Self.kept),
            lastModified: response.headers.first(name: "Last-Modified").flatMap(Self.kept), durableBytes: offset)
        // The file is cut before its new state is written: bytes of one version never stand under the name of another.
        let file = try DiskFile(writing: download.partPath, truncatingTo: offset)
        // The whole file before stays, and stays known by its digest, until the new one is whole: only its state goes.
        try download.save(state)
        var digest = StreamingDigest(withSHA512: needsSHA512)
        try Disk.forEachChunk(of: download.partPath, upTo: offset) { bytes in digest.update(bytes) }
        var pace = TransferPace(options)
        do {
            for try await chunk in response.body {
                try chunk.withUnsafeReadableBytes { bytes in
                    try checkSize(digest.count + Int64(bytes.count), at: final)
                    try file.write(bytes)
                    digest.update(bytes)
                }
                if digest.count - state.durableBytes >= Self.checkpoint { try keep(digest.count, file, &state) }
                tell(digest.count, total)
                guard ContinuousClock.now < deadline else { throw late(at: final) }
                try pace.received(chunk.readableBytes, from: final)
            }
            // A cancelled task sees the body end early, as if it were whole.
            try Task.checkCancellation()
        } catch {
            let hasProgressed = digest.count > offset
            if (error as? FeedSyncError)?.code == .tooLarge {
                download.discardPart()
            } else {
                try keep(digest.count, file, &state)
            }
            var passing = try Passing.of(error, at: final)
            passing.hasProgressed = hasProgressed
            throw passing
        }
        try keep(digest.count, file, &state)
        if let total, total != digest.count {
            throw Passing(
                error: FeedSyncError(
                    .network, place: final.shown,
                    "the connection ended after \(digest.count) of \(total) bytes"),
                hasProgressed: digest.count > offset)
        }
        return .received(digest, state)
    }

    private func keep(_ count: Int64, _ file: DiskFile, _ state: inout PartialDownload.State) throws(FeedSyncError) {
        try file.sync()
        state.durableBytes = count
        try download.save(state)
    }

    private func tell(_ count: Int64, _ total: Int64?) {
        progress(
            FeedProgress(
                source: request.source.id, file: request.file.name, received: count, total: total, phase: .receiving))
    }

    private func checkSize(_ size: Int64, at address: FeedAddress) throws(FeedSyncError) {
        guard size > request.file.maximumBytes else { return }
        throw FeedSyncError(
            .tooLarge, place: address.shown,
            "larger than \(bytesInWords(request.file.maximumBytes)), the most that this file can be",
            hint: "is it the right address? Tell the project if the publisher's file has grown that much")
    }

    private func late(at address: FeedAddress) -> FeedSyncError {
        FeedSyncError(
            .timedOut, place: address.shown, "not whole after \(options.totalSeconds) seconds",
            hint: "run the same again: it goes on where it stopped")
    }

    private var needsSHA512: Bool {
        guard case .beside(let ending) = request.place.checksum else { return false }
        return ending == ".sha512"
    }

    /// A validator that may be sent back as it came: plain text of bounded length.
    private static func kept(_ value: String) -> String? {
        value.utf8.count <= 256 && value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) ? value : nil
    }
}

/// Breaks off a transfer that is kept alive by a byte now and then.
struct TransferPace {
    private let window: Duration
    private let minimum: Int
    private let seconds: Int
    private var start = ContinuousClock.now
    private var bytes = 0

    init(_ options: FeedSyncOptions) {
        seconds = options.idleSeconds
        window = .seconds(options.idleSeconds)
        minimum = options.minimumBytesPerSecond * options.idleSeconds
    }

    mutating func received(_ count: Int, from address: FeedAddress) throws(FeedSyncError) {
        bytes += count
        let now = ContinuousClock.now
        guard start.duration(to: now) >= window else { return }
        guard bytes >= minimum else {
            throw FeedSyncError(
                .timedOut, place: address.shown, "only \(bytes) bytes came in \(seconds) seconds",
                hint: "run the same again: it goes on where it stopped; or set a mirror in feeds.yaml")
        }
        (start, bytes) = (now, 0)
    }
}

extension ResponseRule {
    /// The failure of an answer that brings no file.
    func failure(at address: FeedAddress, of source: FeedSource) -> any Error {
        let settle =
            "set the file's address in feeds.yaml: sources: {\(source.id): {address: https://…}}; documented at "
            + source.documentation
        switch self {
        case .refused(.notFound, let words):
            return FeedSyncError(.notFound, place: address.shown, words, hint: "the file may have moved: " + settle)
        case .refused(let code, let words):
            return FeedSyncError(
                code, place: address.shown, words, hint: "does the address still stand? If not, " + settle)
        case .later(let words, let seconds):
            let hint = "it may pass: run 'fettle feeds sync' again later, or set a mirror in feeds.yaml"
            return Passing(
                error: FeedSyncError(.unavailable, place: address.shown, words, hint: hint), afterSeconds: seconds)
        default:
            return FeedSyncError(.refused, place: address.shown, "the server's answer makes no sense here")
        }
    }
}
