import ArgumentParser

/// What every command takes that has to do with a fleet.
struct GlobalOptions: ParsableArguments {
    @Option(name: .customLong("dir"), help: "The folder with fleet.yaml, policy.yaml and .fettle (or FETTLE_DIR).")
    var directory: String?

    @OptionGroup var form: OutputOptions
    var output: OutputFormat { form.output }

    @Option(
        help: """
            The database: a SQLite file, or postgresql://user@host/database without a password, which comes from ~/.pgpass \
            (or FETTLE_STORE; .fettle/fettle.db in the folder otherwise).
            """)
    var store: String?

    @Option(
        name: .customLong("as"),
        help: "Who acts, in local mode; recorded together with the login name (or FETTLE_PERSON).")
    var identity: String?

    @Option(help: "An OpenSSH configuration file to use instead of your own (or FETTLE_SSH_CONFIG).")
    var sshConfig: String?

    @Option(help: "How many hosts are worked on at the same time.")
    var parallel = 20

    func validate() throws {
        guard (1...1000).contains(parallel) else {
            throw ValidationError("--parallel takes a number from 1 to 1000, not \(parallel)")
        }
        if let identity {
            guard Self.isName(identity) else {
                throw ValidationError("--as takes a name of letters, digits, '.', '-', '_' and '@', up to 64 of them")
            }
        }
    }

    /// Plain letters only: a name stands in votes and journals, and must not pass for another or repaint a terminal.
    static func isName(_ text: String) -> Bool {
        let isPlain = text.utf8.allSatisfy { byte in
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "@")].contains(byte)
        }
        return isPlain && (1...64).contains(text.utf8.count)
    }
}
