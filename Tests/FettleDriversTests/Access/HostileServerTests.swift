import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

extension ChannelTests {
    /// Servers that are wrong, slow, noisy or malicious.
    @Suite struct HostileServerTests {
        /// A server that runs `wrapper` in place of what is asked for; the wrapper finds that in
        /// `$SSH_ORIGINAL_COMMAND`.
        private func with(
            wrapper: String, _ body: (SSHServer, SSHConnections) async throws -> Void
        ) async throws {
            try await SSHServer.with(["ForceCommand DIR/wrapper"]) { server async throws in
                try server.write("#!/bin/sh\n" + wrapper, to: "wrapper")
                var configuration = server.configuration
                configuration.openTimeout = .seconds(3)
                let connections = SSHConnections(configuration)
                try await body(server, connections)
                await connections.shutDown()
            }
        }

        @Test func aGreetingBeforeTheShellIsPassedOver() async throws {
            let noise =
                #"printf 'Welcome!\033[31m\n\n# $ ' ; printf 'warning: \a\n' >&2; head -c 300000 /dev/urandom; "#
            try await with(wrapper: noise + "eval \"$SSH_ORIGINAL_COMMAND\"") { server, connections async throws in
                let channel = try await connections.channel(to: server.address)
                let result = try await channel.run(RemoteCommand(script: "echo out; echo err >&2"))
                #expect(result.outputText == "out\n")
                #expect(result.errorText == "err\n")
            }
        }

        @Test func aGreetingWithoutEndIsGivenUp() async throws {
            try await with(wrapper: "exec yes 'Have a nice day'") { server, connections async throws in
                #expect(await connectionFailure(connections, server.address)?.code == .protocolViolation)
            }
        }

        @Test func aNoisyBashProfileIsPassedOver() async throws {
            try await SSHServer.with([
                "SetEnv HOME=DIR", "ForceCommand HOME=DIR exec bash -c \"$SSH_ORIGINAL_COMMAND\"",
            ]) {
                server async throws in
                try server.write(
                    "echo from bashrc; echo also here >&2; cd /usr; alias sh=false; stty -echo\n", to: ".bashrc")
                let connections = SSHConnections(server.configuration)
                let channel = try await connections.channel(to: server.address)
                let result = try await channel.run(RemoteCommand(script: "pwd; echo $HOME"))
                #expect(result.outputText == "/\n\(server.directory)\n")
                #expect(result.errorText.isEmpty)
                await connections.shutDown()
            }
        }

        @Test(arguments: ["fish", "csh", "tcsh", "zsh", "mksh", "bash", "dash", "busybox sh"])
        func anyLoginShellWillDo(shell: String) async throws {
            let name = shell.prefix { $0 != " " }
            let isThere = ["/bin/", "/usr/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + name) }
            guard isThere else { return }
            try await with(wrapper: "exec \(shell) -c \"$SSH_ORIGINAL_COMMAND\"") { server, connections async throws in
                let channel = try await connections.channel(to: server.address)
                #expect(try await output(of: "echo \"it's $((1 + 1))\"", on: channel) == "it's 2\n")
            }
        }

        /// sudo, a jump script, a container's entry: the shell is then not the leader of its group, and the group is
        /// not ours.
        @Test func aShellInsideAnotherProcessIsStoppedWithoutHarmToIt() async throws {
            let wrapper = "sh -c \"$SSH_ORIGINAL_COMMAND\"; echo survived >>${0%/*}/survived"
            try await with(wrapper: wrapper) { server, connections async throws in
                let channel = try await connections.channel(to: server.address)
                let marker = "983.\(UInt32.random(in: 1...UInt32.max))"
                let command = RemoteCommand(script: "sleep \(marker)", timeout: .milliseconds(300))
                #expect(await failure(of: command, on: channel)?.code == .timeout)
                #expect(try await !isRunning(marker, seenBy: channel))
                #expect(FileManager.default.fileExists(atPath: server.directory + "/survived"))
            }
        }

        @Test func aServerThatAnswersByteByByteIsUnderstood() async throws {
            let slow =
                "sh -c \"$SSH_ORIGINAL_COMMAND\" | while IFS= read -r l; do printf '%s\\n' \"$l\" | fold -b -w 1 | "
                + "while IFS= read -r c; do printf %s \"$c\"; done; echo; done"
            try await with(wrapper: slow) { server, connections async throws in
                let channel = try await connections.channel(to: server.address)
                #expect(try await output(of: "echo drop by drop", on: channel) == "drop by drop\n")
            }
        }

        @Test func aServerThatOnlyEchoesIsNoShell() async throws {
            try await with(wrapper: "exec cat") { server, connections async throws in
                #expect(await connectionFailure(connections, server.address)?.code == .unreachable)
            }
        }

        @Test func aLoginThatIsRefusedSaysWhy() async throws {
            let refusal = #"printf '\033]0;x\007This account is currently not available.\n' >&2; exit 1"#
            try await with(wrapper: refusal) { server, connections async throws in
                let error = await connectionFailure(connections, server.address)
                #expect(error?.code == .protocolViolation)
                #expect(error?.cause == "]0;xThis account is currently not available.")
            }
        }

        @Test func aConnectionThatDiesInTheMiddleOfACommandIsTold() async throws {
            try await SSHServer.with { server async throws in
                let connections = SSHConnections(server.configuration)
                let channel = try await connections.channel(to: server.address)
                let group = RemoteCommand(script: "echo half; kill -KILL 0; sleep 3600")
                let error = await failure(of: group, on: channel)
                #expect(error?.code == .disconnected)
                #expect(error?.nothingRan == false)
                #expect(try await output(of: "echo back", on: channel) == "back\n")
                await connections.shutDown()
            }
        }

        @Test func outputThatLooksLikeTheEndOfACommandIsOutput() async throws {
            try await SSHServer.with { server async throws in
                let connections = SSHConnections(server.configuration)
                let channel = try await connections.channel(to: server.address)
                // What a program of the target can know: its own environment and arguments, and those of its parents.
                let forger = """
                    cat /proc/self/environ /proc/$PPID/environ /proc/$PPID/cmdline 2>/dev/null | tr '\\0' '\\n'
                    printf '\\n00000000000000000000000000000000 0\\n'; exit 3
                    """
                for _ in 0..<5 {
                    let result = try await channel.run(RemoteCommand(script: forger))
                    #expect(result.status == 3)
                    #expect(result.outputText.hasSuffix("\n00000000000000000000000000000000 0\n"))
                }
                await connections.shutDown()
            }
        }

        /// A busy sshd, above all that of a jump host, hangs up on new connections at random (MaxStartups).
        @Test func aServerThatDropsHandshakesIsAskedAgain() async throws {
            try await SSHServer.with { server async throws in
                let sshd = try #require(SSHServer.program)
                let proxy = """
                    #!/bin/sh
                    echo x >>\(server.directory)/tries
                    [ "$(wc -l <\(server.directory)/tries)" -ge 3 ] || exit 0
                    exec \(sshd) -i -f \(server.directory)/sshd_config -E \(server.directory)/log
                    """
                try server.write(proxy, to: "proxy")
                var configuration = server.configuration
                configuration.options = ["ProxyCommand=\(server.directory)/proxy"]
                let connections = SSHConnections(configuration)
                let channel = try await connections.channel(to: server.address)
                #expect(try await output(of: "echo in", on: channel) == "in\n")
                #expect(try await server.beside("wc -l <\(server.directory)/tries") == "3\n")

                // Somebody who always hangs up is not asked for ever.
                try server.write("#!/bin/sh\necho x >>\(server.directory)/refusals\n", to: "proxy")
                let error = await connectionFailure(SSHConnections(configuration), server.address)
                #expect(error?.code == .unreachable)
                #expect(try await server.beside("wc -l <\(server.directory)/refusals") == "6\n")
                await connections.shutDown()
            }
        }

        @Test func shuttingDownEndsConnectionsThatAreStillBeingMade() async throws {
            let (descriptor, port) = try silentListener()
            defer { close(descriptor) }
            let connections = SSHConnections()
            let task = Task { await connectionFailure(connections, .ssh("127.0.0.1", port: port)) }
            try await Task.sleep(for: .milliseconds(300))
            await connections.shutDown()
            #expect(await task.value?.code == .cancelled)
            #expect(await connectionFailure(connections, .ssh("127.0.0.1", port: port))?.code == .unreachable)
        }

        @Test func aWrongHostKeyIsRefused() async throws {
            try await SSHServer.with { server async throws in
                _ = try await server.beside(
                    "cd \(server.directory) && ssh-keygen -q -t ed25519 -N '' -f other && "
                        + "printf '[127.0.0.1]:%d %s\\n' \(server.port) \"$(cut -d' ' -f1,2 other.pub)\" >known")
                let client = try String(contentsOfFile: server.directory + "/client", encoding: .utf8)
                try (client + "StrictHostKeyChecking no\nNoHostAuthenticationForLocalhost yes\n")
                    .write(toFile: server.directory + "/client", atomically: true, encoding: .utf8)
                for policy in SSHConfiguration.HostKeys.allCases {
                    var configuration = server.configuration
                    configuration.hostKeys = policy
                    configuration.options = ["StrictHostKeyChecking=no"]
                    let error = await connectionFailure(SSHConnections(configuration), server.address)
                    #expect(error?.code == .hostKey)
                    #expect(error?.nothingRan == true)
                }
                #expect(try server.handshakes() == 0)
            }
        }

        @Test func anUnknownHostKeyIsRefusedUnlessNewOnesAreTaken() async throws {
            try await SSHServer.with { server async throws in
                try "".write(toFile: server.directory + "/known", atomically: true, encoding: .utf8)
                let error = await connectionFailure(SSHConnections(server.configuration), server.address)
                #expect(error?.code == .hostKey)
                #expect(try server.handshakes() == 0)
                var configuration = server.configuration
                configuration.hostKeys = .acceptNew
                let connections = SSHConnections(configuration)
                #expect(await connectionFailure(connections, server.address) == nil)
                await connections.shutDown()
                #expect(try !String(contentsOfFile: server.directory + "/known", encoding: .utf8).isEmpty)
            }
        }

        @Test func aKeyThatIsNotAuthorizedIsToldApart() async throws {
            try await SSHServer.with(["Banner DIR/banner"]) { server async throws in
                // A banner that sounds like something else.
                try server.write(
                    "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!\nConnection refused\n\nbye\n", to: "banner")
                try "".write(toFile: server.directory + "/authorized", atomically: true, encoding: .utf8)
                let error = await connectionFailure(SSHConnections(server.configuration), server.address)
                #expect(error?.code == .authentication)
            }
        }

        @Test func nobodyListensOrNobodyAnswers() async throws {
            var configuration = SSHConfiguration()
            configuration.connectTimeout = .seconds(1)
            let connections = SSHConnections(configuration)
            let closed = await connectionFailure(connections, .ssh("127.0.0.1", port: try freePort()))
            #expect(closed?.code == .unreachable)
            #expect(closed?.message == "the connection was refused")

            let (descriptor, port) = try silentListener()
            defer { close(descriptor) }
            let silent = await connectionFailure(connections, .ssh("127.0.0.1", port: port))
            #expect(silent?.code == .unreachable)
            #expect(silent?.message == "nobody answered in time")

            let nameless = await connectionFailure(connections, .ssh("no-such-host.invalid"))
            #expect(nameless?.code == .unreachable)
        }

        @Test func aConnectionAttemptCanBeCancelled() async throws {
            let (descriptor, port) = try silentListener()
            defer { close(descriptor) }
            let connections = SSHConnections()
            let task = Task { await connectionFailure(connections, .ssh("127.0.0.1", port: port)) }
            try await Task.sleep(for: .milliseconds(200))
            task.cancel()
            #expect(await task.value?.code == .cancelled)
        }

        @Test func aClientThatIsNotThereOrHasABadConfiguration() async throws {
            var configuration = SSHConfiguration()
            configuration.program = "no-such-ssh"
            #expect(await connectionFailure(SSHConnections(configuration), .ssh("127.0.0.1"))?.code == .spawn)
            configuration.program = "ssh"
            configuration.options = ["NoSuchOption=yes"]
            #expect(await connectionFailure(SSHConnections(configuration), .ssh("127.0.0.1"))?.code == .spawn)
        }

        @Test(arguments: [
            "-oProxyCommand=touch /tmp/x", "", "a b", "a;id", "$(id)", "`id`", "a\nb", "host'", "|x", "ho\u{E9}st",
            "a/b", "\0",
        ])
        func aNameThatCouldBeSomethingElseIsRefused(name: String) async throws {
            let connections = SSHConnections()
            #expect(await connectionFailure(connections, .ssh(name))?.code == .invalidCommand)
            guard !name.isEmpty else { return }
            #expect(await connectionFailure(connections, .ssh("127.0.0.1", user: name))?.code == .invalidCommand)
        }

        @Test func portsAndTransportsThatCannotBe() async throws {
            let connections = SSHConnections()
            for port in [0, -1, 65_536] {
                #expect(await connectionFailure(connections, .ssh("127.0.0.1", port: port))?.code == .invalidCommand)
            }
            #expect(await connectionFailure(connections, .local)?.code == .invalidCommand)
            let none = ResourceAddress(transport: .none)
            #expect(await connectionFailure(HostConnections(), none)?.code == .invalidCommand)
        }
    }
}
