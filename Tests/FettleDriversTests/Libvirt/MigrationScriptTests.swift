import FettleDriverKit
import Foundation
import Testing

@testable import FettleDrivers

@Suite struct MigrationScriptTests {
    /// A user may not ask for a process of root's, which is what sudo is: `kill -0` fails, and the limit was never looked at.
    @Test(arguments: ShellRunner.shells) func theLimitHoldsForAUserWhoMayNotSignalSudo(_ shell: [String]) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "fettle-move-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let sudo = directory.appending(path: "sudo")
        try Data("#!/bin/sh\nshift 2\n\"$@\"\n".utf8).write(to: sudo)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: sudo.path)
        let late = directory.appending(path: "late").path
        // Ends when it is called off; without that only after many times the limit, and as if it had gone well.
        let move = "n=0; while [ $n -lt 150 ]; do [ -e '\(late)' ] && exit 3; sleep 0.1; n=$((n + 1)); done"
        let script = try MigrationScript.text(
            migrate: RootCommand(["/bin/sh", "-c", move]), tooSlow: RootCommand(["/bin/sh", "-c", "touch '\(late)'"]),
            limitSeconds: 1)
        // A machine on which nobody is root, and only what is of the user's own shell can be signalled.
        let prelude = """
            PATH='\(directory.path)':$PATH
            id() { echo 1000; }
            kill() { ! tr '\\0' '\\n' <"/proc/$2/cmdline" 2>/dev/null | grep -q '^sudo$\\|/sudo$' && [ -e "/proc/$2" ]; }

            """
        let result = try await ShellRunner(shell: shell).run(RemoteCommand(script: prelude + script))
        #expect(result.status == MigrationScript.tooSlowStatus, "\(result.errorText)")
    }

    @Test func theStatusOfTheMoveIsTold() async throws {
        for status in [Int32(0), 1, 42] {
            let script = try MigrationScript.text(
                migrate: RootCommand(["/bin/sh", "-c", "exit \(status)"]), tooSlow: RootCommand(["/bin/false"]),
                limitSeconds: 60)
            // Not as root, and sudo is what runs a program as it is.
            let result = try await ShellRunner().run(RemoteCommand(script: "id() { echo 0; }\n" + script))
            #expect(result.status == status)
        }
    }
}
