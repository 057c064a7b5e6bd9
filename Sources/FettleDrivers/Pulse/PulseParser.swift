import FettleJudgement
import FettleModel

/// Reads what a pulse printed. Total: any bytes give a pulse, and what is not understood is not known.
struct PulseParser {
    let transcript: Transcript

    /// - Parameter at: seconds since the watch began.
    func pulse(at: Double) -> Pulse {
        var pulse = Pulse(at: at)
        read(&pulse, "host") { text, pulse throws(FactError) in try HostPulseParser.read(text, into: &pulse) }
        readServices(&pulse)
        read(&pulse, "disks") { text, pulse throws(FactError) in
            var seen: Set<[Int64]> = []
            pulse.disks = try DiskParser.fileSystems(text).filter { disk in
                // The same file system under several names is one.
                disk.totalBytes > 0 && seen.insert([disk.totalBytes, disk.availableBytes]).inserted
            }.prefix(16).map { disk in
                DiskPulse(
                    mountPoint: disk.mountPoint, usedBytes: disk.totalBytes - disk.availableBytes,
                    sizeBytes: disk.totalBytes)
            }
        }
        if transcript.section("crashes") != nil || transcript.section("kernel") != nil { readTroubles(&pulse) }
        return pulse
    }

    private func read(
        _ pulse: inout Pulse, _ section: String, _ parse: (String, inout Pulse) throws(FactError) -> Void
    ) {
        do throws(FactError) {
            try parse(try transcript.requiredOutput(of: section), &pulse)
        } catch {
            pulse.unknown[section] = error.reason
        }
    }

    private func readServices(_ pulse: inout Pulse) {
        do throws(FactError) {
            var services = try ServicePulseParser.services(try transcript.requiredOutput(of: "units"))
            do throws(FactError) {
                try ServicePulseParser.add(try transcript.requiredOutput(of: "processes"), to: &services)
            } catch {
                pulse.unknown["memory and open files of services"] = error.reason
            }
            pulse.services = services
        } catch {
            pulse.unknown["services"] = error.reason
        }
    }

    private func readTroubles(_ pulse: inout Pulse) {
        var crashes: [String: Int]?
        do throws(FactError) {
            if let text = try transcript.output(of: "crashes") { crashes = TroubleParser.dumps(text) }
        } catch { pulse.unknown["core dumps"] = error.reason }
        do throws(FactError) {
            if let text = try transcript.output(of: "kernel") {
                let found = TroubleParser.kernel(text)
                pulse.kernelTroubles = found.troubles
                crashes = (crashes ?? [:]).merging(found.crashes) { max($0, $1) }
            } else {
                pulse.unknown["kernel messages"] = "a container: they are its machine's"
            }
        } catch { pulse.unknown["kernel messages"] = error.reason }
        if crashes == nil, pulse.unknown["core dumps"] == nil {
            pulse.unknown["crashes"] = "neither systemd-coredump nor the kernel's messages tell them"
        }
        pulse.crashes = crashes
    }
}

/// Reads the section `host`.
enum HostPulseParser {
    static func read(_ text: String, into pulse: inout Pulse) throws(FactError) {
        var stalls: [String: Int] = [:]
        for line in FactText.lines(text) {
            let words = FactText.words(line)
            guard let name = words.first else { continue }
            switch (name, words.count) {
            case ("now", 2): pulse.hostClock = FactText.number(words[1], Int64.self).flatMap { $0 > 0 ? $0 : nil }
            case ("boot", 2):
                guard words[1].utf8.count == 36 else { throw .notUnderstood(line, of: "/proc") }
                pulse.bootID = String(words[1])
            case ("uptime", 2): pulse.uptimeSeconds = Double(words[1])
            case ("oom_kill", 2): pulse.outOfMemoryKills = FactText.number(words[1])
            case ("taint", 2): pulse.kernelTaint = FactText.number(words[1], Int.self).map { $0 & Self.troubles }
            case ("stall", 3): stalls[String(words[1])] = FactText.number(words[2])
            case ("MemTotal:", 3):
                pulse.memoryBytes = FactText.number(words[1], Int64.self).flatMap { kibibytes in
                    let (bytes, overflow) = kibibytes.multipliedReportingOverflow(by: 1_024)
                    return overflow ? nil : bytes
                }
            case ("cpu", 9...): pulse.steal = steal(words.dropFirst())
            case ("container", 1): break
            default: throw .notUnderstood(line, of: "/proc")
            }
        }
        if stalls.isEmpty {
            pulse.unknown["pressure"] = "the kernel tells no pressure stall information"
        } else {
            pulse.stalls = stalls
        }
        if pulse.outOfMemoryKills == nil { pulse.unknown["out-of-memory kills"] = "the kernel does not count them" }
    }

    /// Flags that say that something went wrong: a forced load or unload, a machine check, a bad page, a dead kernel, a
    /// warning, a lockup. The others only say what a module is
    /// (https://docs.kernel.org/admin-guide/tainted-kernels.html).
    private static let troubles = 1 << 1 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 7 | 1 << 9 | 1 << 14

    /// user, nice, system, idle, iowait, irq, softirq, steal (proc_stat(5)); guests are counted in user already.
    private static func steal(_ words: ArraySlice<Substring>) -> Pulse.Share? {
        let ticks = words.prefix(8).compactMap { FactText.number($0, Int.self) }
        guard ticks.count == 8 else { return nil }
        var whole = 0
        for count in ticks {
            let (sum, overflow) = whole.addingReportingOverflow(count)
            if overflow { return nil }
            whole = sum
        }
        return Pulse.Share(part: ticks[7], whole: whole)
    }
}
