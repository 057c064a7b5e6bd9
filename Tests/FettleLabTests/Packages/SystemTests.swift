import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

extension PackagesLabTests {
    /// Services and reboots on real hosts.
    @Suite struct System {
        let inspector = ShellHostInspector(channels: PackagesLab.connections)
        var reboot: RebootDriver { RebootDriver(channels: PackagesLab.connections, inspector: inspector) }
        var restart: RestartServicesDriver {
            RestartServicesDriver(channels: PackagesLab.connections, inspector: inspector)
        }

        /// As an update of a library does it: the file is replaced, services map the old one.
        private func makeStale() async throws {
            try await PackagesLab.inside(
                """
                for library in /usr/lib/x86_64-linux-gnu/libcrypto.so.3 /usr/lib/x86_64-linux-gnu/libz.so.1; do
                    real=$(readlink -f $library); cp -p "$real" "$real.new" && mv -f "$real.new" "$real"
                done
                """)
        }

        @Test func staleServicesRunNewCodeAfterwardsAndSessionsStay() async throws {
            try await makeStale()
            let step = LabStep.make(
                .restartServices(except: ["dbus.service", "systemd-*.service", "user@*.service", "init.scope"]))
            var context = LabStep.context(step)
            let readiness = await restart.check(step, in: context)
            context.prior = .some(try #require(readiness.prior, "\(readiness)"))
            #expect(context.prior?.details["units"]?.contains("ssh.service") == true)
            let channel = try await PackagesLab.connections.channel(to: .ssh(PackagesLab.host))
            let session = try await channel.run(RemoteCommand(script: "echo $PPID")).outputText
            try await restart.perform(step, in: context)
            let observation = try await restart.verify(step, in: context)
            #expect(observation.verdict == .pass && observation.observedAt >= context.intendedAt)
            #expect(await restart.check(step, in: context).isDone)
            // sshd is another process now, and this connection lived on.
            let same = try await channel.run(RemoteCommand(script: "echo $PPID")).outputText
            #expect(same == session)
        }

        @Test func serviceThatDoesNotComeBackIsToldWithItsWords() async throws {
            try await PackagesLab.inside(
                """
                printf '[Service]\\nExecStart=/bin/sh -c "if [ -e /run/never ]; then echo the ledger is torn; exit 3; fi; exec python3 -c \\\\"import ssl,time; time.sleep(9999)\\\\""\\n' >/run/systemd/system/fragile.service
                systemctl daemon-reload; rm -f /run/never; systemctl start fragile; sleep 1; touch /run/never
                """)
            try await makeStale()
            let step = LabStep.make(
                .restartServices(except: ["dbus.service", "systemd-*.service", "user@*.service", "init.scope"]))
            var context = LabStep.context(step)
            let readiness = await restart.check(step, in: context)
            context.prior = readiness.prior
            let failure = await #expect(throws: StepFailure.self) { try await restart.perform(step, in: context) }
            // After a crash nothing is stale any more; and yet it is not done.
            let after = await restart.check(step, in: context)
            try await PackagesLab.inside(
                "rm -f /run/systemd/system/fragile.service /run/never; systemctl reset-failed; systemctl daemon-reload")
            #expect(readiness.prior?.details["units"]?.contains("fragile.service") == true, "\(readiness)")
            #expect(failure?.code == .unhealthy)
            #expect(failure?.message.contains("fragile.service") == true)
            #expect(failure?.output.contains("the ledger is torn") == true, "\(failure?.output ?? "")")
            #expect(!after.isDone)
        }

        /// ansible#78007 #83018 #72629: a reboot that is reported done and never happened.
        @Test func rebootIsDoneWhenTheBootIdentifierDiffers() async throws {
            let step = LabStep.make(.reboot(condition: .always), on: PackagesLab.rebootHost, timeoutSeconds: 60)
            var context = LabStep.context(step)
            let before = try await bootID()
            await #expect(throws: StepFailure.self) { try await reboot.verify(step, in: context) }
            let readiness = await reboot.check(step, in: context)
            context.prior = .some(try #require(readiness.prior, "\(readiness)"))
            #expect(context.prior?.details["bootID"] == before)
            try await reboot.perform(step, in: context)
            #expect(try await reboot.verify(step, in: context).verdict == .pass)
            let after = try await bootID()
            #expect(after != before)
            // Once more, and after a crash: it has happened, so nothing is done.
            #expect(await reboot.check(step, in: context).isDone)
            try await reboot.perform(step, in: context)
            #expect(try await bootID() == after)
        }

        /// kured#403: rebooted in the middle of dpkg.
        @Test func nobodyRebootsWhileThePackageManagerWorks() async throws {
            let step = LabStep.make(.reboot(condition: .always), on: PackagesLab.rebootHost, timeoutSeconds: 60)
            let before = try await bootID()
            try await PackagesLab.lab("lock", PackagesLab.rebootHost, "60")
            let readiness = await reboot.check(step, in: LabStep.context(step))
            let failure = await #expect(throws: StepFailure.self) {
                try await reboot.perform(step, in: LabStep.context(step))
            }
            try await PackagesLab.lab("unlock", PackagesLab.rebootHost)
            #expect(readiness.blockedReason?.contains("no reboot now") == true)
            #expect(failure?.code == .locked)
            #expect(try await bootID() == before)
        }

        @Test func noRebootWhereNoneIsRequired() async throws {
            let step = LabStep.make(.reboot(condition: .ifRequired), on: PackagesLab.rebootHost)
            try await PackagesLab.inside("rm -f /run/reboot-required*", on: PackagesLab.rebootHost)
            #expect(await reboot.check(step, in: LabStep.context(step)).isDone)
            try await PackagesLab.inside("touch /run/reboot-required", on: PackagesLab.rebootHost)
            #expect(await reboot.check(step, in: LabStep.context(step)).isReady)
            try await PackagesLab.inside("rm -f /run/reboot-required*", on: PackagesLab.rebootHost)
        }

        @Test func hostThatNeverComesBackIsUnreachableAndNotDone() async throws {
            let step = LabStep.make(.reboot(condition: .always), on: PackagesLab.rebootHost, timeoutSeconds: 15)
            var context = LabStep.context(step)
            context.prior = await reboot.check(step, in: context).prior
            try await PackagesLab.lab("noboot", PackagesLab.rebootHost, "on")
            let failure = await #expect(throws: StepFailure.self) { try await reboot.perform(step, in: context) }
            let readiness = await reboot.check(step, in: context)
            try await PackagesLab.lab("noboot", PackagesLab.rebootHost, "off")
            try await PackagesLab.lab("boot", PackagesLab.rebootHost)
            #expect(failure?.code == .unreachable)
            #expect(readiness.failure?.code == .unreachable, "\(readiness)")
            // It is switched on by hand: then it has rebooted, and nothing is done once more.
            #expect(await reboot.check(step, in: context).isDone)
        }

        private func bootID() async throws -> String {
            try await PackagesLab.inside("cat /proc/sys/kernel/random/boot_id", on: PackagesLab.rebootHost)
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }
}
