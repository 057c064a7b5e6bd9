#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What of our environment children get.
enum ChildEnvironment {
    /// All of this process's.
    static var own: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return variables
    }

    /// What a login would set, so that commands on this machine see the same as over ssh, and none of our secrets.
    static var login: [String: String] {
        own.filter { ["HOME", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"].contains($0.key) }
    }
}
