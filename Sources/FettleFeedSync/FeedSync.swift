public import FettleModel
public import Foundation

/// What a synchronisation did.
public struct FeedSyncResult: Sendable, Equatable {
    public var generation: FeedGeneration
    /// Sources of which new bytes came in.
    public var updated: [FeedSourceID]
    /// Sources that were the newest already.
    public var unchanged: [FeedSourceID]
    /// Sources that failed and kept what they had; empty unless `keepsGoing` is set.
    public var failed: [FeedSyncError]
}

/// Fetches sources into a store: `fettle feeds sync`.
public struct FeedSync: Sendable {
    public let store: FeedStore
    public let settings: FeedSettings
    public let options: FeedSyncOptions
    /// The clock.
    public var now: @Sendable () -> Timestamp = { Timestamp.now() }
    /// Looks at the files of a source before they are swapped in, such as by reading them whole. What it throws is a
    /// failure of that source: a login page that came with the status 200 never takes the place of a feed. What is in use already
    /// was looked at when it came, and isn't again.
    public var accept: @Sendable (FeedSource, [URL]) throws -> Void = { _, _ in }

    public init(store: FeedStore, settings: FeedSettings = .none, options: FeedSyncOptions) {
        self.store = store
        self.settings = settings
        self.options = options
    }

    /// Fetches the sources and swaps them in together; feeds of other sources stay as they are.
    ///
    /// - Parameter progress: called from several tasks at once.
    /// - Throws: `FeedSyncErrors` with every source that failed: then nothing is swapped in, and what did come in is
    ///   kept, so that it need not come again; unless `keepsGoing` is set and at least one source succeeded.
    ///   `CancellationError` if the task is cancelled: parts are kept, to be resumed.
    public func run(
        _ sources: [FeedSource], progress: @escaping @Sendable (FeedProgress) -> Void = { _ in }
    ) async throws -> FeedSyncResult {
        let lock = try store.lock()
        defer { withExtendedLifetime(lock) {} }
        // A damaged generation gives nothing to go on from, and this is what repairs it.
        let before = try? store.current()
        let client = WebClient(options, certificateAuthorities: settings.certificateAuthorities)
        let downloader = FeedDownloader(client: client, options: options, progress: progress)
        let inUse = (before?.manifest.feeds ?? []).reduce(into: [:]) { $0[$1.id] = $1.files.map(\.sha256) }
        let outcomes = await fetch(sources, downloader, inUse: inUse)
        await client.shutdown()
        try Task.checkCancellation()
        let failed = try outcomes.compactMap { outcome in
            if case .failure(let error) = outcome.result { return try Self.known(error).of(outcome.source.id) }
            return nil
        }
        guard failed.isEmpty || (options.keepsGoing && failed.count < sources.count) else {
            throw FeedSyncErrors(failed)
        }
        return try swapIn(outcomes, before: before, failed: failed)
    }

    private struct Fetched: Sendable {
        var file: FeedFile
        var result: FeedDownloader.Result
    }

    private struct Outcome: Sendable {
        var source: FeedSource
        var result: Result<[Fetched], any Error>
    }

    /// A few sources at once; a failure of one does not stop the others.
    private func fetch(
        _ sources: [FeedSource], _ downloader: FeedDownloader, inUse: [FeedSourceID: [String]]
    ) async -> [Outcome] {
        await withTaskGroup(of: (Int, Outcome).self) { group in
            var outcomes: [(Int, Outcome)] = []
            var waiting = Array(sources.enumerated())[...]
            for _ in 0..<max(1, options.parallelSources) { start(&waiting, in: &group, downloader, inUse) }
            while let outcome = await group.next() {
                outcomes.append(outcome)
                start(&waiting, in: &group, downloader, inUse)
            }
            return outcomes.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func start(
        _ waiting: inout ArraySlice<(offset: Int, element: FeedSource)>, in group: inout TaskGroup<(Int, Outcome)>,
        _ downloader: FeedDownloader, _ inUse: [FeedSourceID: [String]]
    ) {
        guard let (index, source) = waiting.popFirst() else { return }
        group.addTask {
            do {
                let files = try await files(of: source, downloader, inUse: inUse[source.id] ?? [])
                return (index, Outcome(source: source, result: .success(files)))
            } catch {
                return (index, Outcome(source: source, result: .failure(error)))
            }
        }
    }

    /// - Parameter inUse: the digests of the source's files in the generation that is in use.
    private func files(
        of source: FeedSource, _ downloader: FeedDownloader, inUse: [String]
    ) async throws -> [Fetched] {
        let folder = store.downloadsPath(source.id)
        try Disk.makeFolder(folder)
        var fetched: [Fetched] = []
        for file in FeedPlace.files(of: source, settings) {
            let place: FeedPlace
            do { place = try FeedPlace.of(file, in: source, settings) } catch { throw error.of(source.id) }
            let keyring = settings.sources[source.id.rawValue]?.keyring
            // What is published without a signature beside files that have one has none to check.
            let isUnsigned = file.signature == .none && source.files.contains { $0.signature != .none }
            let request = FeedDownloader.Request(
                source: source, file: file, place: place, folder: folder, keyring: isUnsigned ? nil : keyring)
            do {
                let result = try await downloader.fetch(request)
                // It could take away what signed files say.
                guard keyring == nil || !isUnsigned || result.verification.isTransportSafe else {
                    throw FeedSyncError(
                        .signature, source: source.id, place: result.address,
                        "has no signature and came over plain http, and a keyring is given",
                        hint: "let the mirror answer https, or take \(file.name) away there")
                }
                fetched.append(Fetched(file: file, result: result))
            } catch let error as FeedSyncError
                where error.code == .notFound && file.isOptionalOnMirrors && !place.isPublisher
            {
                PartialDownload(folder: folder, name: file.name).discard()
            }
        }
        if !inUse.isEmpty, fetched.map(\.result.sha256) == inUse { return fetched }
        do { try accept(source, fetched.map { URL(fileURLWithPath: $0.result.path) }) } catch {
            for file in source.files { PartialDownload(folder: folder, name: file.name).discard() }
            throw FeedSyncError(
                .refused, source: source.id, place: fetched.first?.result.address ?? "",
                "what came is no such feed: \(error)",
                hint: "look at the address with a browser; a proxy may have answered in its place")
        }
        return fetched
    }

    private func swapIn(_ outcomes: [Outcome], before: FeedGeneration?, failed: [FeedSyncError]) throws
        -> FeedSyncResult
    {
        let time = now()
        let builder = try GenerationBuilder(store)
        var updated: [FeedSourceID] = []
        var unchanged: [FeedSourceID] = []
        var feeds: [FeedSourceID: FeedManifest.Feed] = [:]
        let asked = Set(outcomes.map(\.source.id))
        let old = (before?.manifest.feeds ?? []).filter { !options.dropsOthers || asked.contains($0.id) }
        for feed in old { feeds[feed.id] = feed }
        for outcome in outcomes {
            let id = outcome.source.id
            switch outcome.result {
            case .success(let fetched):
                let previous = feeds[id]
                let files = fetched.map { Self.entry($0.file, $0.result, previous, time) }
                for (file, each) in zip(files, fetched) { try builder.add(each.result.path, as: file.name, of: id) }
                feeds[id] = FeedManifest.Feed(id: id, checkedAt: time, files: files)
                let isSame = previous?.files.map(\.sha256) == files.map(\.sha256)
                if isSame { unchanged.append(id) } else { updated.append(id) }
            case .failure(let error):
                let failure = FeedManifest.Failure(at: time, message: try Self.known(error).of(id).description)
                feeds[id] = feeds[id] ?? FeedManifest.Feed(id: id, checkedAt: time, files: [])
                feeds[id]?.failure = failure
            }
        }
        let fetched = Set(updated + unchanged)
        for feed in old where !fetched.contains(feed.id) {
            for (file, url) in zip(feed.files, before?.files(of: feed.id) ?? []) {
                try builder.add(url.path, as: file.name, of: feed.id)
            }
        }
        let manifest = FeedManifest(generation: builder.number, createdAt: time, feeds: Array(feeds.values))
        let generation = try builder.swap(manifest)
        if options.dropsOthers { store.dropDownloads(besides: Set(feeds.keys)) }
        return FeedSyncResult(generation: generation, updated: updated, unchanged: unchanged, failed: failed)
    }

    private static func entry(
        _ file: FeedFile, _ result: FeedDownloader.Result, _ previous: FeedManifest.Feed?, _ time: Timestamp
    ) -> FeedManifest.File {
        let before = previous?.files.first { $0.name == file.name && $0.sha256 == result.sha256 }
        return FeedManifest.File(
            name: file.name, address: result.address, size: result.size, sha256: result.sha256,
            entityTag: result.entityTag, lastModified: result.lastModified,
            publishedAt: result.lastModified.flatMap(HTTPDate.parse) ?? result.changedAt,
            fetchedAt: before?.fetchedAt ?? time,
            verification: result.verification)
    }

    /// - Throws: a cancellation, which is no failure of a source.
    private static func known(_ error: any Error) throws -> FeedSyncError {
        if error is CancellationError { throw error }
        return error as? FeedSyncError ?? FeedSyncError(.network, "\(error)")
    }
}
