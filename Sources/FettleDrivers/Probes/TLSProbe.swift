internal import FettleModel

/// A handshake by the system's openssl, whose certificates and fixes count: now, and once more by the time some days from now, so
/// that everything in the chain has to hold until then.
struct TLSProbe: Sendable {
    let host: String?
    let port: Int
    let serverName: String?
    let leastDays: Int
    let authorities: String?

    func ask(_ target: ProbeTarget, timeout: Duration, now: Timestamp = .now()) async -> ProbeAnswer {
        guard let host = host ?? target.host, HTTPRequest.isHost(host) else {
            return .error("the resource has no host")
        }
        let name = serverName ?? host
        guard HTTPRequest.isHost(name) else { return .error("its server name is none") }
        let start = ContinuousClock.now
        do throws(SocketError) {
            // Who listens and who doesn't is told apart here, in the same words as by any other probe.
            let addresses = try await SocketAddress.resolve(host, port: port, timeout: timeout)
            _ = try await SocketConversation.hold(withAny: addresses, sending: [], limit: 0, timeout: timeout)
            let present = try await handshake(host, name, at: nil, left(of: timeout, since: start))
            guard present.verdict == .pass, leastDays > 0 else { return present }
            let later = now.milliseconds / 1_000 + Int64(leastDays) * 86_400
            let future = try await handshake(host, name, at: later, left(of: timeout, since: start))
            guard future.verdict == .pass else { return .fail("in \(leastDays) days: \(future.reason)") }
            return .pass("its certificate holds for \(name), for \(leastDays) days at least")
        } catch {
            return ProbeAnswer(error, timeout: timeout)
        }
    }

    private func left(of timeout: Duration, since start: ContinuousClock.Instant) -> Duration {
        max(timeout - start.duration(to: .now), .milliseconds(1))
    }

    private func handshake(
        _ host: String, _ name: String, at time: Int64?, _ timeout: Duration
    ) async throws(SocketError) -> ProbeAnswer {
        let isAddress = Self.isAddress(name)
        var arguments = [
            "s_client", "-brief", "-verify_return_error", "-verify_depth", "16", "-connect",
            "\(host.contains(":") ? "[\(host)]" : host):\(port)",
        ]
        // An address is no name that could be asked for (RFC 6066, 3).
        arguments +=
            isAddress ? ["-noservername", "-verify_ip", name] : ["-servername", name, "-verify_hostname", name]
        if let authorities { arguments += ["-CAfile", authorities, "-no-CApath", "-no-CAstore"] }
        if let time { arguments += ["-attime", "\(time)"] }
        let output = try await LocalProgram.run(
            "openssl", arguments, environment: EncryptedFetch.ownEnvironment, timeout: timeout)
        return Self.judge(output, name: name)
    }

    static func isAddress(_ name: String) -> Bool {
        name.contains(":") || name.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
    }

    /// What openssl says. A pass needs both its status and its word: one alone might be another's.
    static func judge(_ output: LocalProgram.Output, name: String) -> ProbeAnswer {
        let said = String(decoding: output.standardError, as: UTF8.self)
        let lines = said.split(separator: "\n")
        if output.status == 0, lines.contains("Verification: OK") { return .pass("its certificate holds for \(name)") }
        guard let error = lines.last(where: { $0.hasPrefix("verify error:num=") }) else {
            if said.contains("BIO_new_file") || said.contains("X509_load") {
                return .error("the file of its authorities cannot be read")
            }
            let words = lines.last.flatMap { $0.split(separator: ":").dropFirst(4).first }.map(String.init)
            return .fail("no handshake: \(words.flatMap { SafeText.lastLines(of: $0) } ?? "it hangs up")")
        }
        let parts = error.dropFirst("verify error:num=".count).split(separator: ":", maxSplits: 1)
        let reason = parts.count == 2 ? SafeText.lastLines(of: String(parts[1])) ?? "" : ""
        let dates = lines.filter { $0.hasPrefix("notAfter=") || $0.hasPrefix("notBefore=") }.last
        let date = dates.flatMap { SafeText.lastLines(of: String($0)) }.map { " (\($0))" } ?? ""
        return .fail("its certificate does not hold for \(name): \(reason)\(date)")
    }
}
