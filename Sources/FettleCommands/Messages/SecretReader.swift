import FettleControl
import FettleModel
import Foundation

/// Why a secret is not there; never holds one.
struct SecretTrouble: Error, Equatable {
    var message: String
}

/// Reads secrets where the policy says that they are, at the moment they are needed.
struct SecretReader {
    let environment: [String: String]
    /// Where relative paths begin: the folder of policy.yaml.
    let directory: URL
    /// Whatever was read is masked from then on in all that this process says and writes down.
    var known: KnownSecrets = .ofThisProcess
    private static let longest = 8_192

    func read(_ source: SecretSource) throws(SecretTrouble) -> String {
        let secret = try text(of: source)
        // Whoever may write policy.yaml is not given what lets others in.
        guard (try? AccessTokenText(secret)) == nil, source != .environment(SignIn.variable) else {
            throw SecretTrouble(message: "that is somebody's token of Fettle's, and no receiver's secret")
        }
        known.add(secret, as: source.words)
        return secret
    }

    private func text(of source: SecretSource) throws(SecretTrouble) -> String {
        switch source {
        case .environment(let name):
            guard let value = environment[name], !value.isEmpty else {
                throw SecretTrouble(message: "the variable \(name) of the environment is not set")
            }
            return value
        case .file(let path): return try read(absolute(path))
        }
    }

    func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : directory.appendingPathComponent(path).path
    }

    /// One line; what ends it is not part of the secret.
    private func read(_ path: String) throws(SecretTrouble) -> String {
        func trouble(_ what: String) -> SecretTrouble { SecretTrouble(message: "\(path.printable): \(what)") }
        // Without waiting: a named pipe would let one wait for ever.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw trouble(String(cString: strerror(errno))) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw trouble("is no regular file") }
        guard status.st_mode & 0o007 == 0 else {
            throw trouble("everybody on this machine can use it: `chmod o= FILE`")
        }
        let bytes =
            (try? FileHandle(fileDescriptor: file, closeOnDealloc: false).read(upToCount: Self.longest + 1)) ?? nil
        guard let bytes, bytes.count <= Self.longest, let text = String(validating: bytes, as: UTF8.self) else {
            throw trouble("is no line of text of at most \(Self.longest) bytes")
        }
        let line = text.hasSuffix("\r\n") || text.hasSuffix("\n") ? String(text.dropLast()) : text
        guard !line.isEmpty, !line.contains(where: \.isNewline) else { throw trouble("is not one line") }
        return line
    }
}
