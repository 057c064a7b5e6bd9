import FettleModel
import Foundation

/// The image that is patched: read, and never written to.
struct SourceImage {
    let path: String
    let format: ImageFormat
    let workshop: Workshop

    /// For a root file system that comes as a directory or an archive: the disk that it is patched on. Sparse: it takes what is in it.
    private static let diskBytes: Int64 = 32 << 30

    /// SHA-256 and size. Of a directory those of its archive, in which the order of names is fixed.
    func digest(limit: Duration) async throws -> (digest: FettleModel.Digest, bytes: Int64) {
        guard format == .tree else { return try FileDigest.of(file: path) }
        let archive = workshop.file("digest.tar")
        defer { unlink(archive) }
        // atime is altered by reading, and ctime cannot be copied.
        let end = try await program(
            "tar",
            [
                "--create", "--force-local", "--sort=name", "--numeric-owner", "--xattrs", "--xattrs-include=*",
                "--one-file-system",
                "--format=pax", "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime",
                "--directory=\(path)", "--file=\(archive)", ".",
            ], limit: limit)
        guard end == .exited(0) else {
            throw ImageError(.failed, "\(path) cannot be read as a whole: tar ended with \(end.words)")
        }
        return try FileDigest.of(file: archive)
    }

    /// Who may read it and write to it, without the bits for set-user-id and the like.
    func mode() throws(ImageError) -> mode_t {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ImageError(.failed, "\(path): \(String(cString: strerror(errno)))")
        }
        return status.st_mode & 0o777
    }

    /// Makes the raw disk that is worked on, at `disk`.
    func copy(to disk: String, limit: Duration, told: @Sendable (String) -> Void) async throws {
        told("the image is copied")
        switch format {
        case .raw:
            // Not by `cp`, which would take a source that begins with a dash, or a link that was put there since, as it likes.
            let end = try await program(
                "cp", ["--reflink=auto", "--sparse=always", "--no-preserve=all", "--", path, disk], limit: limit)
            guard end == .exited(0) else {
                throw ImageError(.failed, "\(path) cannot be copied: cp ended with \(end.words)")
            }
        case .qcow2:
            try await requirePlain(limit: limit)
            let end = try await program(
                "qemu-img", ["convert", "-f", "qcow2", "-O", "raw", "--", path, disk], limit: limit)
            guard end == .exited(0) else {
                throw ImageError(.failed, "\(path) cannot be read as qcow2: qemu-img ended with \(end.words)")
            }
        case .tree, .archive:
            guard truncated(disk) else { throw ImageError(.failed, "\(disk) cannot be made") }
            let job = NamespaceJob(
                script: .fill, arguments: [workshop.path, disk, "\(64 << 20)", format.rawValue, path], limit: limit)
            _ = try await job.run(in: workshop, told: told)
        }
    }

    private func truncated(_ disk: String) -> Bool {
        let file = open(disk, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return false }
        defer { close(file) }
        return ftruncate(file, off_t(Self.diskBytes)) == 0
    }

    /// A qcow2 names other files that are read with it, any file of this machine if a stranger wrote it; and a few bytes of it may say
    /// that they are a disk of any size, with data everywhere.
    private func requirePlain(limit: Duration) async throws {
        let lines = Lines()
        let child = try ChildProgram.leashed("qemu-img", ["info", "-f", "qcow2", "--output=json", "--", path])
        let end = try await child.run(limit: limit, outputLimit: 1 << 20) { lines.add($0) }
        guard end == .exited(0),
            let object = try? JSONSerialization.jsonObject(with: Data(lines.text.utf8)) as? [String: Any]
        else { throw ImageError(.refused, "\(path) is no qcow2 that qemu-img reads") }
        let specific = (object["format-specific"] as? [String: Any])?["data"] as? [String: Any]
        if object["backing-filename"] != nil || object["full-backing-filename"] != nil || specific?["data-file"] != nil
        {
            throw ImageError(
                .refused,
                "\(path) needs another file beside it; make it whole first: qemu-img convert -O qcow2 \(path) WHOLE.qcow2"
            )
        }
        if object["encrypted"] as? Bool == true { throw ImageError(.refused, "\(path) is encrypted") }
        guard let size = (object["virtual-size"] as? NSNumber)?.int64Value, size >= 0,
            let free = Workshop.free(workshop.path)
        else { throw ImageError(.failed, "\(path): its size as a disk, or the free space for it, cannot be told") }
        // The disk that is worked on, and what is made of it: at worst each takes all of its size.
        guard size <= free / 2 else {
            throw ImageError(
                .noSpace,
                "\(path) is a disk of \(size >> 20) MiB: twice that has to be free where the result is to lie, and "
                    + "\(free >> 20) MiB are")
        }
    }

    private func program(_ name: String, _ words: [String], limit: Duration) async throws -> ChildProgram.End {
        try await ChildProgram.leashed(name, words).run(limit: limit, outputLimit: 0) { _ in }
    }

    /// Turns the disk that was worked on into the source's format, under another name in the work folder.
    ///
    /// - Returns: where it lies.
    func result(of disk: String, limit: Duration, told: @Sendable (String) -> Void) async throws -> String {
        switch format {
        case .raw: return disk
        case .qcow2:
            told("the result is written")
            let path = workshop.file("result.qcow2")
            let end = try await program(
                "qemu-img", ["convert", "-f", "raw", "-O", "qcow2", "--", disk, path], limit: limit)
            guard end == .exited(0) else {
                throw ImageError(.failed, "the result cannot be written as qcow2: qemu-img ended with \(end.words)")
            }
            return path
        case .tree, .archive:
            let path = workshop.file(format == .tree ? "result" : "result.tar")
            let job = NamespaceJob(
                script: .pour, arguments: [workshop.path, disk, "\(64 << 20)", format.rawValue, path], limit: limit)
            _ = try await job.run(in: workshop, told: told)
            return path
        }
    }

    /// What a program prints, gathered.
    private final class Lines {
        var text = ""
        func add(_ line: String) { text += line + "\n" }
    }
}
