import Foundation

/// What a patched image has to show in a throw-away virtual machine before it may be used.
public struct BootTest: Sendable, Equatable {
    public var gates: [BootGate]
    /// Units that may have failed: where a virtual machine lacks what they need.
    public var mayFail: [String]
    /// From power-on to the last gate. An emulated processor (TCG) is 10 to 50 times slower than a real one.
    public var limitSeconds: Int
    public var memoryMiB: Int
    public var accelerator: Accelerator

    public enum Accelerator: String, Codable, Sendable, CaseIterable {
        /// Emulated: works everywhere, slowly.
        case tcg
        /// By the kernel's virtualisation; needs /dev/kvm.
        case kvm
    }

    public init(
        gates: [BootGate] = [], mayFail: [String] = [], limitSeconds: Int = 600, memoryMiB: Int = 512,
        accelerator: Accelerator = .tcg
    ) {
        self.gates = gates
        self.mayFail = mayFail
        self.limitSeconds = limitSeconds
        self.memoryMiB = memoryMiB
        self.accelerator = accelerator
    }

    var faults: [String] {
        var faults = gates.compactMap(\.fault)
        for unit in mayFail where !BootGate.isUnit(unit) {
            faults.append("\(unit.debugDescription) is no unit's name, such as nginx.service")
        }
        if gates.count > 50 { faults.append("\(gates.count) gates are named; at most 50 are") }
        if !(10...7_200).contains(limitSeconds) {
            faults.append("the boot test's limit is not from 10 to 7200 seconds")
        }
        if !(128...65_536).contains(memoryMiB) { faults.append("the boot test's memory is not from 128 to 65536 MiB") }
        return faults
    }

    /// Boots a throw-away copy.
    ///
    /// - Parameters:
    ///   - disk: a raw disk; what is done to it is the copy's, so it has to be one.
    ///   - workshop: where the machine's answers go.
    ///   - told: called with each stage as it begins.
    /// - Throws: `refused` for an image that cannot be tested here, `failed` where a program fails. A test that is not passed is a
    ///   report.
    func run(
        disk: String, in workshop: Workshop, told: @Sendable (String) -> Void
    ) async throws -> BootReport {
        let nonce = UUID().uuidString.lowercased()
        let script = BootScript(test: self, nonce: nonce)
        do {
            try Data(script.unit.utf8).write(to: URL(fileURLWithPath: workshop.file("unit")))
            try Data(script.text.utf8).write(to: URL(fileURLWithPath: workshop.file("test")))
        } catch {
            throw ImageError(.failed, "the work folder cannot be written: \(error)")
        }
        let job = NamespaceJob(
            script: .boot,
            arguments: [
                workshop.path, disk, "\(1 << 30)", "\(limitSeconds)", "\(memoryMiB)", accelerator.rawValue, nonce,
            ], limit: .seconds(limitSeconds + 300))
        let answers = try await job.run(in: workshop, told: told)
        return BootReport(
            test: self, answers: workshop.lines("answers"), nonce: nonce, ended: answers["ended"],
            console: workshop.read("console", limit: 16 << 20))
    }
}

/// What a boot test came to.
public struct BootReport: Codable, Sendable, Equatable {
    /// The kernel that ran; nil: it did not come to that.
    public var kernel: String?
    /// Why it is not passed, in words; empty: it is.
    public var faults: [String]
    /// The gates that were asked, in words.
    public var gates: [String]
    public var accelerator: BootTest.Accelerator
    /// The last lines of the console, if it was not passed.
    public var console: [String]

    public var passes: Bool { faults.isEmpty }

    /// - Parameters:
    ///   - test: what was asked.
    ///   - answers: lines of the machine's second serial port: a stranger's.
    ///   - nonce: what this test's lines begin with.
    ///   - ended: why the machine was stopped before it had answered; nil: it had.
    ///   - console: what it printed.
    init(test: BootTest, answers: [String], nonce: String, ended: String?, console: Data) {
        var (state, kernel, isOver, began) = (nil as String?, nil as String?, false, false)
        var (failed, passed) = ([String](), Set<Int>())
        for line in answers {
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 2, words[0] == nonce else { continue }
            switch words[1] {
            case "begin": began = true
            case "state": state = words.count > 2 ? words[2] : ""
            case "kernel": kernel = words.count > 2 ? words[2] : nil
            case "failed": if words.count > 2, failed.count < 100 { failed.append(words[2]) }
            case "gate": if words.count == 4, words[3] == "pass", let index = Int(words[2]) { passed.insert(index) }
            case "end": isOver = true
            default: break
            }
        }
        var faults: [String] = []
        if !isOver {
            let why =
                switch ended {
                case "time"?: "within \(test.limitSeconds) s"
                case "itself"?: "before the machine stopped by itself"
                default: "before it had to be stopped"
                }
            faults.append(
                began
                    ? "the system came up, and did not answer for all gates \(why)"
                    : "the system did not come up \(why)")
        }
        let unforeseen = failed.filter { !test.mayFail.contains($0) }
        faults += unforeseen.map { "unit \($0) has failed" }
        // Degraded is said for failed units alone, and those that may fail are known.
        if isOver, state != "running", !(state == "degraded" && unforeseen.isEmpty && !failed.isEmpty) {
            faults.append("systemd says that the system is \(state ?? "in no state")")
        }
        for (index, gate) in test.gates.enumerated() where isOver && !passed.contains(index) {
            faults.append("gate \(gate.words) did not pass")
        }
        self.faults = faults
        self.kernel = kernel
        gates = test.gates.map(\.words)
        accelerator = test.accelerator
        let lines = String(decoding: console.suffix(8_192), as: UTF8.self).split(whereSeparator: \.isNewline)
        self.console = faults.isEmpty ? [] : lines.suffix(20).map { String($0.prefix(300)) }
    }
}
