internal import Foundation

/// Checks detached OpenPGP signatures with `gpgv`, by the keys that the user names and no others.
enum SignatureCheck {
    /// - Returns: the fingerprint of the key that signed.
    /// - Throws: if the signature is not good, its key is not in the keyring, or `gpgv` is not there.
    static func verify(_ path: String, signature: String, keyring: String, place: String) async throws -> String {
        guard FileManager.default.isReadableFile(atPath: keyring) else {
            throw FeedSyncError(
                .signature, place: keyring, "the keyring cannot be read", hint: "look at 'keyring' in feeds.yaml")
        }
        let arguments = [
            // A path without a slash would be looked up in ~/.gnupg.
            "--status-fd", "1", "--keyring", URL(fileURLWithPath: keyring).path, "--", signature, path,
        ]
        let (status, output) = try await gpgv(arguments, output: signature + ".status")
        let valid = output.split(whereSeparator: \.isNewline).first { $0.hasPrefix("[GNUPG:] VALIDSIG ") }
        guard status == 0, let signer = valid?.split(separator: " ").dropFirst(2).first else {
            let unknown = output.contains("[GNUPG:] NO_PUBKEY")
            throw FeedSyncError(
                .signature, place: place,
                unknown
                    ? "signed by a key that is not in the keyring \(keyring)"
                    : "the signature is not valid for this file",
                hint: unknown
                    ? "add the publisher's key: gpg --dearmor < key.asc >> \(keyring)"
                    : "fetch again; if it stays so, the file was altered on its way")
        }
        return String(signer)
    }

    /// - Parameter output: a file for what it says: a pipe could fill up, and nobody would read it.
    private static func gpgv(_ arguments: [String], output: String) async throws -> (status: Int32, output: String) {
        defer { Disk.remove(output) }
        guard FileManager.default.createFile(atPath: output, contents: nil),
            let handle = FileHandle(forWritingAtPath: output)
        else { throw Disk.failure(output, "write the file") }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gpgv"] + arguments
        process.standardOutput = handle
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        process.environment = ["PATH": path, "LC_ALL": "C", "HOME": NSTemporaryDirectory()]
        let status: Int32 = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        try handle.close()
        guard status != 127 else {
            throw FeedSyncError(
                .signature, "gpgv is not installed, and a keyring is given", hint: "apt-get install gpgv")
        }
        return (status, String(decoding: try Disk.read(output, limit: 4 << 20), as: UTF8.self))
    }
}
