import FettleControl
import FettleModel
import Foundation

/// By what somebody shows who they are: a text in FETTLE_TOKEN, or in the file that FETTLE_TOKEN_FILE names (`-`: standard input).
/// Never a word of the command, which others on the machine can see.
enum SignIn {
    static let variable = "FETTLE_TOKEN"
    static let fileVariable = "FETTLE_TOKEN_FILE"
    /// Bytes of a text at most.
    private static let longest = 16_384

    /// The text, which programs that are started from here do not inherit; nil: nothing is shown.
    ///
    /// - Parameter environment: of this process; the text is taken out of it.
    static func read(_ environment: inout [String: String]) throws -> String? {
        let (text, path) = (environment.removeValue(forKey: variable) ?? "", environment[fileVariable] ?? "")
        forget()
        guard text.isEmpty || path.isEmpty else {
            throw CommandFailure(.usage, "\(variable) and \(fileVariable) are both set\n  one of them is enough")
        }
        if text.isEmpty && path.isEmpty { return nil }
        let shown = try (text.isEmpty ? contents(of: path) : text).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !shown.isEmpty, shown.utf8.count <= longest, shown.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw CommandFailure(
                .usage, "\(text.isEmpty ? fileVariable : variable): that is no token\n  `fettle token make` tells one")
        }
        return shown
    }

    /// Takes the text out of this process's environment: for what needs no token but starts programs.
    static func forget() {
        // The text itself is wiped as well: whoever may look at this process's first environment finds nothing.
        if let kept = getenv(variable) { memset(kept, Int32(UInt8(ascii: "*")), strlen(kept)) }
        unsetenv(variable)
    }

    private static func contents(of path: String) throws -> String {
        func failure(_ reason: String) -> CommandFailure {
            CommandFailure(.usage, "\(fileVariable), \(path.printable): \(reason)")
        }
        if path == "-" {
            let bytes = try FileHandle.standardInput.read(upToCount: longest + 1) ?? Data()
            return String(decoding: bytes, as: UTF8.self)
        }
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw failure(String(cString: strerror(errno))) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw failure("not a regular file") }
        guard status.st_mode & 0o077 == 0, status.st_uid == geteuid() else {
            throw failure("it can be read by others than you\n  `chmod 600` and `chown` make it yours alone")
        }
        let bytes = try FileHandle(fileDescriptor: file, closeOnDealloc: false).read(upToCount: longest + 1) ?? Data()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Who that is, as far as the text tells; each service has it proven.
    ///
    /// - Parameter directory: with the policy that names an issuer of id tokens.
    static func access(_ text: String, _ options: GlobalOptions, _ directory: URL) throws -> (Person, Access) {
        let (person, access): (Person, Access)
        if Issuer.isIDToken(text) {
            guard let issuer = try Issuer(directory) else {
                throw CommandFailure(
                    .usage,
                    "that is an id token, and policy.yaml names no issuer\n  `identity` in policy.yaml: docs/identity.md"
                )
            }
            (person, access) = try issuer.access(text)
        } else {
            let token = try AccessTokenText(text)
            (person, access) = (Person(token.user.rawValue), .token(token))
        }
        if let identity = options.identity, identity != person.rawValue {
            throw CommandFailure(
                .usage, "--as \(identity): the token is \(person)'s\n  without --as, or with another token")
        }
        return (person, access)
    }

    /// What a request to the server shows.
    static func access(bearer text: String?, _ issuer: Issuer?) throws(ControlError) -> Access {
        guard let text else { return .local }
        if Issuer.isIDToken(text), let issuer { return issuer.access(idToken: text) }
        return .token(try AccessTokenText(text))
    }

    /// A new text, for its owner alone: to a file that only they can read, or printed.
    ///
    /// - Parameter destination: nil: it is printed.
    static func hand(_ text: AccessTokenText, to destination: String?) throws {
        guard let destination else { return Output.writeLine(text.revealed) }
        let file = open(destination, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw CommandFailure(
                .failure,
                "\(destination.printable): \(String(cString: strerror(errno)))\n  --to names a file that is not there yet"
            )
        }
        defer { close(file) }
        guard Output.write(Array("\(text.revealed)\n".utf8), to: file), fsync(file) == 0 else {
            throw CommandFailure(.failure, "\(destination.printable): \(String(cString: strerror(errno)))")
        }
    }

    /// Before anything is made whose text could then not be handed over.
    static func requireFree(_ destination: String?) throws {
        guard let destination, FileManager.default.fileExists(atPath: destination) else { return }
        throw CommandFailure(
            .usage,
            "\(destination.printable) is there already, and is not written over\n  --to names a file that is not there yet"
        )
    }
}
