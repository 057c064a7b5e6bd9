internal import FettleDriverKit

/// `systemctl show` of one unit on its host.
enum SystemdUnitProbe {
    static func command(_ unit: String, timeout: Duration) -> RemoteCommand? {
        // systemd's own grammar of unit names, without the globs that `show` would take.
        let isName =
            !unit.isEmpty && unit.utf8.count <= 255
            && unit.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "@:._-\\".unicodeScalars.contains($0))
            }
        guard isName, let quoted = try? shellQuoted(unit) else { return nil }
        return RemoteCommand(
            script: "exec systemctl show --property=LoadState,ActiveState,SubState,NRestarts,"
                + "ActiveEnterTimestampMonotonic -- \(quoted)",
            timeout: timeout, outputLimit: 16_384)
    }

    static func judge(_ result: CommandResult) -> ProbeAnswer {
        guard result.succeeded else {
            return .error("systemctl ends with \(result.status): \(SafeText.lastLines(of: result.errorText) ?? "")")
        }
        var fields: [Substring: Substring] = [:]
        for line in result.outputText.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { fields[parts[0]] = parts[1] }
        }
        guard let active = fields["ActiveState"], let load = fields["LoadState"] else {
            return .error("systemctl's answer says nothing of the unit's state")
        }
        if load == "not-found" { return .fail("there is no such unit") }
        let state = SafeText.lastLines(of: "\(active) (\(fields["SubState"] ?? ""))") ?? ""
        guard active == "active" else { return .fail(state) }
        // A unit that was started anew has another mark, whether systemd or a person did it.
        let mark = "\(fields["NRestarts"] ?? "")/\(fields["ActiveEnterTimestampMonotonic"] ?? "")"
        return .pass(state, mark: mark)
    }
}

/// A program on the resource's host, as the user that Fettle connects as; each argument stands for itself.
enum CommandProbe {
    static func command(_ argv: [String], timeout: Duration) -> RemoteCommand? {
        guard let first = argv.first, !first.isEmpty, !first.hasPrefix("-"), let quoted = try? shellQuoted(argv) else {
            return nil
        }
        // `exec` runs programs only: no word is a builtin such as `exit`, which would always end well.
        let script = "exec \(quoted)"
        guard script.utf8.count <= RemoteCommand.maximumScriptBytes else { return nil }
        return RemoteCommand(script: script, timeout: timeout, outputLimit: 256 * 1_024)
    }

    static func judge(_ result: CommandResult) -> ProbeAnswer {
        let said = SafeText.lastLines(of: result.errorText) ?? SafeText.lastLines(of: result.outputText)
        let words = said.map { ": \($0)" } ?? ""
        switch result.status {
        case 0: return .pass("ends with 0")
        case 126, 127: return .error("cannot be run (\(result.status))\(words)")
        default: return .fail("ends with \(result.status)\(words)")
        }
    }
}
