import FettleIdentity
import FettleModel
import Foundation

/// Fetches an issuer's keys by the system's curl, which is told the address by its standard input.
///
/// Who may do what hangs on these keys: nothing of the caller's environment or files says whom to ask for them or whom to believe, such as
/// a proxy, authorities of their own (CURL_CA_BUNDLE, SSL_CERT_FILE), libraries to load first, or a `.curlrc`.
enum KeyFetch {
    private static let seconds = 20

    static func keys(at address: String) throws -> Data {
        func trouble(_ reason: String) -> CommandFailure {
            CommandFailure(
                .failure, "the issuer's keys at \(address.printable): \(reason)\n  `identity.keys` in policy.yaml")
        }
        guard address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"\"\\".utf8.contains($0) }) else {
            throw trouble("that is no plain address")
        }
        let programs = ["/usr/bin/curl", "/usr/local/bin/curl", "/bin/curl"]
        guard let program = programs.first(where: FileManager.default.isExecutableFile) else {
            throw trouble("reading them over https needs curl on this machine")
        }
        let curl = Process()
        curl.executableURL = URL(fileURLWithPath: program)
        // First of all, or curl would read the file of its caller's home before it.
        curl.arguments = ["--disable", "--config", "-"]
        curl.environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C"]
        let (input, output) = (Pipe(), Pipe())
        curl.standardInput = input
        curl.standardOutput = output
        curl.standardError = FileHandle.nullDevice
        try curl.run()
        let settings = """
            url = "\(address)"
            proto = "=https"
            noproxy = "*"
            max-time = \(seconds)
            max-filesize = \(IDTokenVerifier.longestKeys)
            silent
            fail
            globoff

            """
        try input.fileHandleForWriting.write(contentsOf: Data(settings.utf8))
        try input.fileHandleForWriting.close()
        let bytes = try output.fileHandleForReading.read(upToCount: IDTokenVerifier.longestKeys + 1) ?? Data()
        try output.fileHandleForReading.close()
        curl.waitUntilExit()
        guard curl.terminationStatus == 0, bytes.count <= IDTokenVerifier.longestKeys else {
            throw trouble("curl ended with \(curl.terminationStatus)")
        }
        return bytes
    }
}
