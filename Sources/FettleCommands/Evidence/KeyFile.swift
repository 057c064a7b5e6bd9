import FettleControl
import FettleEvidence
import FettleModel
import Foundation

/// The file of this machine's signing key, `evidence-key.pem` in the state folder: for its owner alone. What is in it is never
/// printed.
struct KeyFile {
    let path: String

    init(directory: URL) { path = directory.appendingPathComponent(".fettle/evidence-key.pem").path }

    private static let longest = 1_024

    /// nil: there is none.
    func load() throws -> SigningKey? {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        if file < 0, errno == ENOENT { return nil }
        guard file >= 0 else { throw trouble("cannot be read: \(String(cString: strerror(errno)))") }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw trouble("is no regular file") }
        guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() else {
            throw trouble("can be used by others than you: `chmod 600` and `chown` make it yours alone")
        }
        let bytes = try FileHandle(fileDescriptor: file, closeOnDealloc: false).read(upToCount: Self.longest + 1)
        do throws(EvidenceError) {
            return try SigningKey(pem: String(decoding: bytes ?? Data(), as: UTF8.self))
        } catch {
            throw trouble("is damaged: \(error.message)")
        }
    }

    /// The key, made if there is none.
    func loadOrMake() throws -> SigningKey {
        if let key = try load() { return key }
        let key = try SigningKey()
        let folder = FilePath.folder(of: path)
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        // Whole under another name first, so that nobody ever finds half a key, and linked only if no other process was faster.
        let part = "\(path)-\(UUID().uuidString)"
        let file = open(part, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw trouble("cannot be made: \(String(cString: strerror(errno)))") }
        defer { unlink(part) }
        let isWritten = Output.write(Array(key.pem.utf8), to: file) && fsync(file) == 0
        close(file)
        guard isWritten else { throw trouble("cannot be written: \(String(cString: strerror(errno)))") }
        guard link(part, path) == 0 || errno == EEXIST else {
            throw trouble("cannot be made: \(String(cString: strerror(errno)))")
        }
        guard let kept = try load() else { throw trouble("cannot be made: it is gone again") }
        return kept
    }

    private func trouble(_ what: String) -> CommandFailure {
        CommandFailure(
            .failure, "the signing key \(path.printable) \(what)\n  `fettle evidence key` shows its public half")
    }
}

extension Session {
    /// This machine's key; made, if there is none, for whoever may.
    func signingKey() async throws -> SigningKey {
        let file = KeyFile(directory: directory)
        if let key = try file.load() { return key }
        try await bundles.requireKeyMaking()
        return try file.loadOrMake()
    }
}

/// Files that a stranger may have given, read within bounds.
enum EvidenceFile {
    /// - Parameter limit: bytes at most.
    static func bytes(of path: String, limit: Int, hint: String) throws -> Data {
        func failure(_ reason: String) -> CommandFailure {
            CommandFailure(.usage, "\(path.printable): \(reason)\n  \(hint)")
        }
        // Without waiting: a named pipe would let one wait for ever.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw failure(String(cString: strerror(errno))) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw failure("not a regular file") }
        // Whatever it says of its size, and however it grows: no more is read than the limit and one byte.
        let data = try FileHandle(fileDescriptor: file, closeOnDealloc: false).read(upToCount: limit + 1) ?? Data()
        guard data.count <= limit else { throw failure("longer than \(limit) bytes") }
        return data
    }

    static func keys(_ paths: [String]) throws -> [VerifyingKey] {
        let hint = "`fettle evidence key --to FILE` on the machine that signs writes it; get it by a way that you trust"
        return try paths.map { path in
            let text = String(decoding: try bytes(of: path, limit: 1_024, hint: hint), as: UTF8.self)
            do throws(EvidenceError) {
                return try VerifyingKey(pem: text)
            } catch {
                throw CommandFailure(.usage, "\(path.printable): \(error.message)\n  \(hint)")
            }
        }
    }

    /// Heads as `fettle evidence anchor` wrote them, one a line.
    static func heads(_ paths: [String], trusting keys: [VerifyingKey]) throws -> [SignedHead] {
        let hint = "`fettle evidence anchor --to file:FILE` writes it"
        return try paths.flatMap { path in
            let text = String(decoding: try bytes(of: path, limit: longestHeads, hint: hint), as: UTF8.self)
            return try heads(in: text, named: path.printable, hint, trusting: keys)
        }
    }

    /// Bytes of heads that are read from one place at most.
    static let longestHeads = 64 << 20

    /// - Parameters:
    ///   - text: a head a line.
    ///   - name: where they come from, for people.
    ///   - hint: what to do about what is wrong.
    static func heads(
        in text: String, named name: String, _ hint: String, trusting keys: [VerifyingKey]
    ) throws -> [SignedHead] {
        let lines = text.split(separator: "\n")
        guard !lines.isEmpty else { throw CommandFailure(.usage, "\(name): no head in it\n  \(hint)") }
        return try lines.enumerated().map { number, line in
            do throws(EvidenceError) {
                return try SignedHead(line: String(line), trusting: keys)
            } catch {
                throw CommandFailure(
                    error.code == .malformed ? .usage : .failure,
                    "\(name), line \(number + 1): \(error.message)\n  \(hint); --key names who is trusted")
            }
        }
    }
}
