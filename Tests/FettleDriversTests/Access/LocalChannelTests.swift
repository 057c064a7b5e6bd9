import FettleDriverKit
import FettleModel
import Foundation
import Testing

@testable import FettleDrivers

extension ChannelTests {
    @Suite struct LocalChannelTests {
        private func withChannel(_ body: (any CommandChannel) async throws -> Void) async throws {
            let local = LocalConnection()
            let channel = try await local.channel(to: .local)
            try await body(channel)
            await local.shutDown()
        }

        @Test func statusAndBothStreamsComeBack() async throws {
            try await withChannel { channel async throws in
                let result = try await channel.run(RemoteCommand(script: "echo out; echo err >&2; exit 7"))
                #expect(result.status == 7)
                #expect(result.outputText == "out\n")
                #expect(result.errorText == "err\n")
                let silent = try await channel.run(RemoteCommand(script: "printf x"))
                #expect(silent.status == 0)
                #expect(silent.outputText == "x")
                #expect(try await status(of: "kill -KILL $$", on: channel) == 137)
                #expect(try await status(of: "/no/such/program", on: channel) == 127)
                #expect(try await status(of: "if", on: channel) != 0, "a syntax error ends nothing else")
            }
        }

        /// A host that goes down between two commands is unreachable, and nobody here has hung up: a reboot is waited for.
        @Test func aShellThatHasEndedByItselfIsNotOneThatWasClosed() async throws {
            let ended = AsyncStream<Void>.makeStream()
            let session = try ShellSession(LocalConnection.specification(executable: "/bin/sh", arguments: [])) {
                ended.continuation.yield()
            }
            _ = try await session.open()
            func run(_ script: String) async -> AccessError? {
                await #expect(throws: AccessError.self) {
                    let frame = try CommandFrame(RemoteCommand(script: script), channelIsRoot: true)
                    _ = try await session.run(frame, timeout: .seconds(30))
                }
            }
            #expect(await run("kill -KILL $PPID; sleep 60")?.code == .disconnected)
            for await _ in ended.stream { break }
            let error = await run("true")
            #expect(error?.code == .unreachable && error?.nothingRan == true)

            let closed = try ShellSession(LocalConnection.specification(executable: "/bin/sh", arguments: [])) {}
            _ = try await closed.open()
            await closed.close()
            let refused = await #expect(throws: AccessError.self) {
                let frame = try CommandFrame(RemoteCommand(script: "true"), channelIsRoot: true)
                _ = try await closed.run(frame, timeout: .seconds(30))
            }
            #expect(refused?.code == .cancelled)
        }

        /// Foundation tells a child's end by a socket that it does not mark: a shell that lives for hours and holds it keeps that
        /// end from being seen.
        @Test func aShellHoldsNothingThatOthersHaveOpen() async throws {
            let unmarked = dup(0)
            try #require(unmarked > 2)
            defer { Foundation.close(unmarked) }
            try await withChannel { channel async throws in
                let held = try await channel.run(RemoteCommand(script: "ls /proc/$PPID/fd"))
                let others = held.outputText.split(separator: "\n").compactMap { Int($0) }
                #expect(others.contains(2) && !others.contains(Int(unmarked)), "\(others)")
            }
        }

        @Test func everyCommandStartsFresh() async throws {
            try await withChannel { channel async throws in
                _ = try await channel.run(RemoteCommand(script: "cd /tmp; A=1; export A; umask 0; exec >/dev/null"))
                let result = try await channel.run(RemoteCommand(script: "pwd; echo \"[$A]\"; echo $LC_ALL; cat"))
                #expect(result.outputText == "/\n[]\nC\n")
            }
        }

        @Test func aScriptMayLookLikeAnOption() async throws {
            try await withChannel { channel async throws in
                #expect(try await status(of: "-x", on: channel) == 127)
                #expect(try await status(of: "--", on: channel) == 127)
                #expect(try await status(of: "+e", on: channel) == 127)
                #expect(try await status(of: "", on: channel) == 0)
            }
        }

        @Test(arguments: [1, 511, 16_384, 16_385, 1_048_576]) func anyInputComesThrough(size: Int) async throws {
            try await withChannel { channel async throws in
                var generator = Seeded(seed: UInt64(size))
                let input = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
                let result = try await channel.run(RemoteCommand(script: "cat", input: input, outputLimit: 2_000_000))
                // Not in one expectation: a failure would print a million numbers.
                let firstDifference = zip(result.standardOutput, input).enumerated().first { $1.0 != $1.1 }?.offset
                let lengths = [result.standardOutput.count, input.count]
                #expect(firstDifference == nil, "\(lengths)")
                #expect(lengths[0] == lengths[1])
                #expect(result.standardError.isEmpty)
            }
        }

        @Test(arguments: ["-", "--", "%", "%s%d", "\\", "\\0", "'", "\0", "\n", "-n x"])
        func inputThatPrintfWouldTakeForItself(
            text: String
        ) async throws {
            try await withChannel { channel async throws in
                let result = try await channel.run(RemoteCommand(script: "cat", input: Array(text.utf8)))
                #expect(result.outputText == text)
            }
        }

        @Test func inputThatIsNotReadIsNoFailure() async throws {
            try await withChannel { channel async throws in
                let input = [UInt8](repeating: 0, count: 500_000)
                let result = try await channel.run(RemoteCommand(script: "exit 3", input: input))
                #expect(result.status == 3)
                #expect(result.standardError.isEmpty)
                #expect(try await output(of: "echo next", on: channel) == "next\n")
            }
        }

        @Test func aCommandPastItsTimeIsStoppedWithAllItsChildren() async throws {
            try await withChannel { channel async throws in
                let script = "sh -c 'echo $$ >&2; trap : INT; sleep 987 & wait' & sleep 988"
                let marker = "987.\(UInt32.random(in: 1...UInt32.max))"
                let command = RemoteCommand(
                    script: script.replacing("987", with: marker), timeout: .milliseconds(300))
                let error = await failure(of: command, on: channel)
                #expect(error?.code == .timeout)
                #expect(error?.nothingRan == false)
                #expect(try await output(of: "echo again", on: channel) == "again\n")
                try await eventually { try await !isRunning(marker, seenBy: channel) }
            }
        }

        @Test func whatIgnoresTheOrderToEndIsKilled() async throws {
            try await withChannel { channel async throws in
                let marker = "986.\(UInt32.random(in: 1...UInt32.max))"
                let folder = FileManager.default.temporaryDirectory.path
                let file = "\(folder)/fettle-test-\(marker)"
                defer { try? FileManager.default.removeItem(atPath: file) }
                let script = "trap 'echo asked >\(file)' TERM; echo begun >\(file); while :; do sleep \(marker); done"
                let task = Task { await failure(of: RemoteCommand(script: script, timeout: .seconds(5)), on: channel) }
                try await eventually { FileManager.default.fileExists(atPath: file) }
                #expect(await task.value?.code == .timeout)
                // The next command waits for its end.
                #expect(try await !isRunning(marker, seenBy: channel))
                #expect(try String(contentsOfFile: file, encoding: .utf8) == "asked\n")
            }
        }

        @Test func aCancelledTaskReturnsAtOnceAndStopsItsCommand() async throws {
            try await withChannel { channel async throws in
                let marker = "985.\(UInt32.random(in: 1...UInt32.max))"
                let task = Task { await failure(of: RemoteCommand(script: "sleep \(marker)"), on: channel) }
                try await Task.sleep(for: .milliseconds(200))
                task.cancel()
                #expect(await task.value?.code == .cancelled)
                try await eventually { try await !isRunning(marker, seenBy: channel) }
            }
        }

        @Test func tooMuchOutputStopsTheCommand() async throws {
            try await withChannel { channel async throws in
                for stream in ["", " >&2"] {
                    let command = RemoteCommand(script: "yes 12345678901234567890\(stream)", outputLimit: 100_000)
                    let error = await failure(of: command, on: channel)
                    #expect(error?.code == .outputTooLarge)
                }
                #expect(try await output(of: "echo fine", on: channel) == "fine\n")
            }
        }

        @Test func commandsOfManyTasksRunOneAfterTheOther() async throws {
            try await withChannel { channel async throws in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<50 {
                        group.addTask {
                            let result = try await channel.run(
                                RemoteCommand(script: "echo \(number); echo \(number) >&2"))
                            #expect(result.outputText == "\(number)\n")
                            #expect(result.errorText == "\(number)\n")
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }

        @Test func aShellThatDiesIsSeenAtOnceAndReplaced() async throws {
            try await withChannel { channel async throws in
                let error = await failure(
                    of: RemoteCommand(script: "kill -KILL $PPID; sleep 3600", timeout: .seconds(3_000)), on: channel)
                #expect(error?.code == .disconnected)
                #expect(try await output(of: "echo back", on: channel) == "back\n")
            }
        }

        @Test func whatBreaksALimitNeverStarts() async throws {
            try await withChannel { channel async throws in
                let commands = [
                    RemoteCommand(script: "echo a\0b"),
                    RemoteCommand(script: String(repeating: "x", count: RemoteCommand.maximumScriptBytes + 1)),
                    RemoteCommand(
                        script: "cat", input: [UInt8](repeating: 0, count: RemoteCommand.maximumInputBytes + 1)),
                    RemoteCommand(script: "true", timeout: .zero),
                    RemoteCommand.root([]), RemoteCommand.root(["exit"]), RemoteCommand.root(["/bin/echo", "\0"]),
                    RemoteCommand.root(["/bin/true"], environment: ["A=B": "c"]),
                ]
                for command in commands {
                    let error = await failure(of: command, on: channel)
                    #expect(error?.code == .invalidCommand)
                    #expect(error?.nothingRan == true)
                }
            }
        }

        @Test func theLongestScriptRuns() async throws {
            try await withChannel { channel async throws in
                let script = "echo done #" + String(repeating: "'", count: RemoteCommand.maximumScriptBytes - 11)
                // Quoting makes it four times as long for the channel, but not for the kernel.
                #expect(try await output(of: script, on: channel) == "done\n")
            }
        }

        @Test func nothingIsLeftAfterClose() async throws {
            let local = LocalConnection()
            let channel = try await local.channel(to: .local)
            let group = try await channel.run(RemoteCommand(script: "ps -o pgid= -p $$ | tr -d ' '")).outputText
            let number = group.prefix { $0.isNumber }
            #expect(!number.isEmpty)
            await local.shutDown()
            let other = LocalConnection()
            let observer = try await other.channel(to: .local)
            try await eventually {
                let script = "ps -eo pgid=,stat= | awk '$1 == \(number) && $2 !~ /^Z/' | grep -c . "
                return try await observer.run(RemoteCommand(script: script)).outputText == "0\n"
            }
            await other.shutDown()
            let error = await failure(of: RemoteCommand(script: "true"), on: channel)
            #expect(error?.nothingRan == true)
        }

        @Test func theEnvironmentIsSmall() async throws {
            try await withChannel { channel async throws in
                let names = try await channel.run(RemoteCommand(script: "env | sed 's/=.*//'")).outputText
                    .split(separator: "\n").map(String.init)
                let known: Set = [
                    "HOME", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER", "LC_ALL", "PWD", "OLDPWD", "_", "SHLVL",
                ]
                #expect(Set(names).subtracting(known).isEmpty)
            }
        }
    }
}

func status(of script: String, on channel: any CommandChannel) async throws -> Int32 {
    try await channel.run(RemoteCommand(script: script)).status
}

func output(of script: String, on channel: any CommandChannel) async throws -> String {
    try await channel.run(RemoteCommand(script: script)).outputText
}

/// The error that the command ends with; nil if it ran to its end.
func failure(of command: RemoteCommand, on channel: any CommandChannel) async -> AccessError? {
    do throws(AccessError) {
        _ = try await channel.run(command)
        return nil
    } catch {
        return error
    }
}

/// Whether a `sleep` with this argument lives, as the target's shell sees it.
func isRunning(_ marker: String, seenBy channel: any CommandChannel) async throws -> Bool {
    let script = "ps -eo stat=,args= | grep -v '^Z' | grep -cF 'sleep \(marker)' || true"
    let result = try await channel.run(RemoteCommand(script: script))
    // The one that looks has the marker in its own command line twice: its sh and its grep.
    return (Int(result.outputText.prefix { $0.isNumber }) ?? 0) > 2
}

/// Waits until the condition holds, and fails the test if it does not in time.
func eventually(
    within limit: Duration = .seconds(120), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(50))
    }
    #expect(try await condition(), "still not so after \(limit)", sourceLocation: sourceLocation)
}
