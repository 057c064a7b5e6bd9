internal import Foundation

extension FeedDownloader {
    /// Takes a file from a folder, under the same bounds and checks as one from the web.
    func copy(_ path: String, _ request: Request) async throws -> Result {
        guard FileManager.default.fileExists(atPath: path) else {
            throw FeedSyncError(
                .notFound, place: path, "there is no such file",
                hint:
                    "the mirror's folder holds \(request.file.name) for \(request.source.id); a mirror of all sources "
                    + "holds \(request.source.id)/\(request.file.name)")
        }
        let download = PartialDownload(folder: request.folder, name: request.file.name)
        let file = try DiskFile(writing: download.partPath, truncatingTo: 0)
        var digest = StreamingDigest(withSHA512: true)
        try Disk.forEachChunk(of: path) { bytes throws(FeedSyncError) in
            digest.update(bytes)
            guard digest.count <= request.file.maximumBytes else {
                download.discardPart()
                throw FeedSyncError(
                    .tooLarge, place: path,
                    "larger than \(bytesInWords(request.file.maximumBytes)), the most that this file can be")
            }
            try file.write(bytes)
            guard !Task.isCancelled else { return }
        }
        try Task.checkCancellation()
        try file.sync()
        do {
            let verification = try await verify(copyOf: path, digest, download, request)
            let state = PartialDownload.State(
                address: path, durableBytes: digest.count, sha256: digest.sha256, verification: verification)
            let before = download.state()
            try Disk.rename(download.partPath, to: download.path)
            try Disk.syncFolder(request.folder)
            try download.save(state)
            let isUnchanged = before?.sha256 == state.sha256 && before?.address == path
            progress(
                FeedProgress(
                    source: request.source.id, file: request.file.name, received: digest.count, total: digest.count,
                    phase: isUnchanged ? .unchanged : .done))
            return Result(
                path: download.path, address: path, size: digest.count, sha256: digest.sha256,
                changedAt: Disk.changedAt(path), verification: verification, isUnchanged: isUnchanged)
        } catch {
            download.discardPart()
            throw error
        }
    }

    private func verify(
        copyOf path: String, _ digest: StreamingDigest, _ download: PartialDownload, _ request: Request
    ) async throws -> FeedVerification {
        var outcome = FeedVerification(checksum: .notOffered, signature: .notOffered, isTransportSafe: true)
        for ending in [".sha256", ".sha512"] where FileManager.default.fileExists(atPath: path + ending) {
            let text = String(decoding: try Disk.read(path + ending, limit: 64 << 10), as: UTF8.self)
            let name = URL(fileURLWithPath: path).lastPathComponent
            guard let expected = ChecksumText.digest(in: text, for: name) else {
                throw FeedSyncError(.checksum, place: path + ending, "holds no checksum of \(name)")
            }
            try compare(expected, digest, place: path)
            outcome.checksum = .verified
        }
        let signature = path + ".asc"
        let isSigned = FileManager.default.fileExists(atPath: signature)
        guard let keyring = request.keyring else {
            if isSigned { outcome.signature = .notChecked }
            return outcome
        }
        guard isSigned else {
            throw FeedSyncError(
                .signature, place: path, "there is no signature (\(signature)), and a keyring is given",
                hint: "copy the publisher's .asc file there, or take 'keyring' out of feeds.yaml")
        }
        // A copy: gpgv's notes are written beside it, and the mirror may be read-only.
        let copied = download.partPath + ".asc"
        try Disk.replace(copied, with: try Disk.read(signature, limit: 16 << 10))
        defer { Disk.remove(copied) }
        outcome.signer = try await SignatureCheck.verify(
            download.partPath, signature: copied, keyring: keyring, place: path)
        outcome.signature = .verified
        return outcome
    }
}
