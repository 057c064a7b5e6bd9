import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

extension ChannelTests {
    @Suite struct SSHChannelTests {
        private func withChannel(
            _ settings: [String] = [], _ adapt: (inout SSHConfiguration) -> Void = { _ in },
            _ body: (any CommandChannel, SSHServer) async throws -> Void
        ) async throws {
            try await SSHServer.with(settings) { server async throws in
                var configuration = server.configuration
                adapt(&configuration)
                let connections = SSHConnections(configuration)
                let channel = try await connections.channel(to: server.address)
                try await body(channel, server)
                await connections.shutDown()
            }
        }

        @Test func manyCommandsTakeOneHandshake() async throws {
            try await withChannel { channel, server async throws in
                var times: [Duration] = []
                for number in 0..<200 {
                    let result = try await channel.run(RemoteCommand(script: "echo \(number)"))
                    #expect(result.outputText == "\(number)\n")
                    times.append(result.duration)
                }
                times.sort()
                print("warm round trip over ssh: median \(times[100]), least \(times[0]), 95% \(times[190])")
                #expect(try server.handshakes() == 1)
            }
        }

        @Test func streamsStatusAndBinaryInputComeThrough() async throws {
            try await withChannel { channel, _ async throws in
                var generator = Seeded(seed: 7)
                let input = (0..<300_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
                let result = try await channel.run(RemoteCommand(script: "cat; echo err >&2; exit 42", input: input))
                let isSame = result.standardOutput == input
                #expect(isSame)
                #expect(result.errorText == "err\n")
                #expect(result.status == 42)
            }
        }

        @Test func aHundredMegabytesComeThroughWhereTheyArePermitted() async throws {
            try await withChannel { channel, _ async throws in
                let script = "head -c 100000000 /dev/zero"
                let command = RemoteCommand(script: script, timeout: .seconds(60), outputLimit: 100_000_000)
                let result = try await channel.run(command)
                #expect(result.standardOutput.count == 100_000_000)
                print("100 MB over ssh: \(result.duration)")
            }
        }

        @Test func aHundredMegabytesAreStoppedWhereTheyAreNot() async throws {
            try await withChannel { channel, server async throws in
                let error = await failure(
                    of: RemoteCommand(script: "head -c 100000000 /dev/zero; sleep 3600"), on: channel)
                #expect(error?.code == .outputTooLarge)
                #expect(try await output(of: "echo fine", on: channel) == "fine\n")
                #expect(try server.handshakes() == 2)
            }
        }

        @Test func aCommandPastItsTimeIsEndedOnTheTargetToo() async throws {
            try await withChannel { channel, _ async throws in
                let marker = "984.\(UInt32.random(in: 1...UInt32.max))"
                let command = RemoteCommand(script: "sleep \(marker) & sleep \(marker)", timeout: .milliseconds(300))
                #expect(await failure(of: command, on: channel)?.code == .timeout)
                #expect(try await !isRunning(marker, seenBy: channel), "the next command waits for the end of the last")
            }
        }

        @Test func aLostLineIsNoOrderToStop() async throws {
            try await withChannel { channel, server async throws in
                let file = server.directory + "/finished"
                let command = RemoteCommand(script: "sleep 3; echo yes >\(file)")
                let task = Task { await failure(of: command, on: channel) }
                try await Task.sleep(for: .milliseconds(500))
                // The client dies as it does when this process is killed: without a word to the other side.
                let clients = "ps -eo pid=,args= | grep -F '\(server.directory)/client' | grep -v grep"
                let kill = "\(clients) | awk '{print $1}' | xargs kill -KILL"
                _ = try await server.beside(kill)
                #expect(await task.value?.code == .disconnected)
                #expect(!FileManager.default.fileExists(atPath: file))
                try await eventually { FileManager.default.fileExists(atPath: file) }
            }
        }

        @Test func aDeadConnectionIsNoticed() async throws {
            let quick = { (configuration: inout SSHConfiguration) in
                configuration.aliveInterval = .seconds(1)
                configuration.aliveCount = 2
            }
            try await withChannel([], quick) { channel, server async throws in
                // The server's processes of this connection stand still, as a host does that lost power.
                let children = "ps -eo pid=,ppid= | awk '$2 == \(server.processIdentifier) {print $1}'"
                let frozen = try await server.beside(children).split(separator: "\n").joined(separator: " ")
                #expect(!frozen.isEmpty)
                let all = try await server.beside(
                    "for p in \(frozen); do echo $p; ps -eo pid=,ppid= | awk -v p=$p '$2 == p {print $1}'; done"
                )
                .split(separator: "\n").joined(separator: " ")
                _ = try await server.beside("kill -STOP \(all)")
                let error = await failure(
                    of: RemoteCommand(script: "echo never", timeout: .seconds(3_000)), on: channel)
                _ = try await server.beside("kill -KILL \(all)")
                #expect(error?.code == .disconnected)
            }
        }

        @Test func aConnectionThatEndedIsMadeAnew() async throws {
            try await withChannel { channel, server async throws in
                let children = "ps -eo pid=,ppid= | awk '$2 == \(server.processIdentifier) {print $1}' | xargs kill"
                _ = try await server.beside(children)
                try await Task.sleep(for: .milliseconds(300))
                #expect(try await output(of: "echo again", on: channel) == "again\n")
                #expect(try server.handshakes() == 2)
            }
        }

        @Test func anIdleConnectionIsClosedAndMadeAnew() async throws {
            let impatient = { (configuration: inout SSHConfiguration) in configuration.idleTime = .milliseconds(300) }
            try await withChannel([], impatient) { channel, server async throws in
                let clients =
                    "ps -eo stat=,args= | grep -v '^Z' | grep -F '\(server.directory)/client' | grep -cv grep || true"
                #expect(try await server.beside(clients) != "0\n")
                try await eventually { try await server.beside(clients) == "0\n" }
                #expect(try await output(of: "echo again", on: channel) == "again\n")
                #expect(try server.handshakes() == 2)
            }
        }

        @Test func callersShareAConnection() async throws {
            try await SSHServer.with { server async throws in
                let connections = SSHConnections(server.configuration)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            let channel = try await connections.channel(to: server.address)
                            _ = try await channel.run(RemoteCommand(script: "true"))
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try server.handshakes() == 1)
                await connections.shutDown()
            }
        }

        @Test(arguments: [100, 8]) func fiftyChannelsAtOnce(connectionLimit: Int) async throws {
            try await SSHServer.with { server async throws in
                // Fifty names for the one server.
                var client = try String(contentsOfFile: server.directory + "/client", encoding: .utf8)
                client += "HostKeyAlias [127.0.0.1]:\(server.port)\nHost h*\nHostName 127.0.0.1\nPort \(server.port)\n"
                try client.write(toFile: server.directory + "/client", atomically: true, encoding: .utf8)
                var configuration = server.configuration
                configuration.connections = connectionLimit
                configuration.openTimeout = .seconds(60)
                configuration.connectTimeout = .seconds(30)
                let connections = SSHConnections(configuration)
                try await runEverywhere(connections, "cold")
                if connectionLimit >= 50 {
                    try await runEverywhere(connections, "warm")
                    #expect(try server.handshakes() == 50)
                }
                await connections.shutDown()
                let clients =
                    "ps -eo stat=,args= | grep -v '^Z' | grep -F '\(server.directory)/client' | grep -cv grep || true"
                #expect(try await server.beside(clients) == "0\n", "no client is left")
            }
        }

        private func runEverywhere(_ connections: SSHConnections, _ word: String) async throws {
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let channel = try await connections.channel(to: .ssh("h\(number)"))
                        #expect(try await output(of: "echo \(number)", on: channel) == "\(number)\n")
                    }
                }
                try await group.waitForAll()
            }
            print("50 channels, one command each, \(word): \(start.duration(to: .now))")
        }

        @Test func theUsersControlMasterIsLeftAlone() async throws {
            try await SSHServer.with { server async throws in
                var client = try String(contentsOfFile: server.directory + "/client", encoding: .utf8)
                client += """
                    ControlMaster auto
                    ControlPath \(server.directory)/master
                    ControlPersist yes
                    RemoteCommand echo from the configuration
                    RequestTTY force
                    StrictHostKeyChecking no
                    """
                try client.write(toFile: server.directory + "/client", atomically: true, encoding: .utf8)
                let connections = SSHConnections(server.configuration)
                let channel = try await connections.channel(to: server.address)
                #expect(try await output(of: "echo fine", on: channel) == "fine\n")
                #expect(!FileManager.default.fileExists(atPath: server.directory + "/master"))
                await connections.shutDown()
            }
        }
    }
}
