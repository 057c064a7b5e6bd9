internal import FettleDriverKit
internal import FettleModel

/// The file of a map, which HAProxy reads when it starts: what is set at run time alone is forgotten then.
struct HAProxyMapFile: Sendable {
    let path: String
    let address: ResourceAddress
    let channels: any ChannelProvider
    let place: String

    /// A map of hosts may be long; one of sides is not.
    private static let limit = 1_024 * 1_024
    private static let tries = 5

    func text() async throws(HAProxyError) -> String {
        let result = try await run(
            RemoteCommand(script: "exec cat -- '\(path)'", timeout: .seconds(10), outputLimit: Self.limit))
        guard result.succeeded else {
            let words = SafeText.lastLines(of: result.errorText) ?? "status \(result.status)"
            throw HAProxyError(.notFound, "the map cannot be read: \(words)", place: place)
        }
        return result.outputText
    }

    /// Sets the value of a key, where it has another one; all else stays as it is, what another run or a person writes
    /// meanwhile too. Replaced as a whole, so that whoever starts meanwhile reads the old file or the new one.
    func set(_ key: String, to value: String) async throws(HAProxyError) {
        for _ in 0..<Self.tries {
            let old = try await text()
            guard Self.value(of: key, in: old) != value else { return }
            try await mustRun(
                RemoteCommand(root: Self.stage(path), input: Array(Self.setting(key, to: value, in: old).utf8)))
            // What a power cut leaves is one of the two as well.
            try await mustRun(RemoteCommand(script: "exec sync -- '\(Self.staged(path))'", timeout: .seconds(60)))
            // No program that sudo could allow by its exact words compares and replaces in one.
            guard try await text() == old else { continue }
            return try await mustRun(RemoteCommand(root: Self.replace(path)))
        }
        throw HAProxyError(.refused, "the map \(path) is written by others without a pause", place: place)
    }

    private func mustRun(_ command: RemoteCommand) async throws(HAProxyError) {
        let result = try await run(command)
        guard result.succeeded else {
            let words = SafeText.lastLines(of: result.errorText) ?? "status \(result.status)"
            throw HAProxyError(.refused, "the map \(path) cannot be written: \(words)", place: place)
        }
    }

    private func run(_ command: RemoteCommand) async throws(HAProxyError) -> CommandResult {
        do throws(AccessError) { return try await channels.channel(to: address).run(command) } catch {
            throw HAProxyError(error, place: place)
        }
    }

    // MARK: As root

    private static func staged(_ path: String) -> String { path + ".fettle" }

    private static func stage(_ path: String) -> RootCommand {
        RootCommand(["/usr/bin/install", "-m", "0644", "/dev/stdin", staged(path)])
    }

    private static func replace(_ path: String) -> RootCommand {
        RootCommand(["/bin/mv", "-f", staged(path), path])
    }

    static func sudoRules(path: String) throws(SudoRuleError) -> [SudoRule] {
        guard TrafficSides.isMapPath(path) else { throw SudoRuleError("not the path of a map") }
        return try [stage(path), replace(path)].map { command throws(SudoRuleError) in
            try SudoRule(
                program: command.arguments[0], arguments: command.arguments.dropFirst().map { .exact($0) },
                reason: "Keeps in HAProxy's map which side has the traffic.")
        }
    }

    // MARK: Text

    /// Lines of a key and a value, as HAProxy reads them
    /// ([Configuration Manual, 7.1.3: "pattern files"](https://docs.haproxy.org/2.6/configuration.html#7.1)): leading blanks, empty
    /// lines and those that begin with `#` do not count.
    static func value(of key: String, in text: String) -> String? {
        for line in text.split(separator: "\n") {
            if let (name, value) = entry(line), name == key { return String(value) }
        }
        return nil
    }

    /// The text with the value of a key replaced; all else stays as it is. A key that is not there is added.
    static func setting(_ key: String, to value: String, in text: String) -> String {
        var isThere = false
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let (name, _) = entry(line), name == key else { return String(line) }
            isThere = true
            return "\(key) \(value)"
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        if !isThere { lines.append("\(key) \(value)") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func entry(_ line: Substring) -> (key: Substring, value: Substring)? {
        let words = line.drop { $0 == " " || $0 == "\t" }
            .split(maxSplits: 1, omittingEmptySubsequences: true) { $0 == " " || $0 == "\t" }
        guard let key = words.first, !key.hasPrefix("#"), words.count == 2 else { return nil }
        let value = words[1].drop { $0 == " " || $0 == "\t" }
        return (key, value[..<(value.lastIndex { !" \t\r".contains($0) }.map(value.index(after:)) ?? value.startIndex)])
    }
}
