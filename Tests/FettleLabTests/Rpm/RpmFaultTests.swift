import FettleDriverKit
import FettleDrivers
import FettleModel
import Foundation
import Testing

extension RpmLabTests {
    /// What goes wrong.
    @Suite struct Faults {
        @Test(arguments: RpmLab.hosts) func heldLockBlocksAndNamesItsHolder(host: String) async throws {
            try await RpmLab.prepare(host)
            let change = RpmChange(RpmLab.invoices, on: host)
            try await change.perform(change.stage)
            try await PackagesLab.inside(
                """
                setsid python3 -c 'import fcntl, time
                file = open("/var/lib/rpm/.rpm.lock", "w")
                fcntl.lockf(file, fcntl.LOCK_EX)
                open("/run/lock-is-held", "w").close()
                time.sleep(60)' >/dev/null 2>&1 </dev/null & echo $! >/run/lock-holder
                until [ -e /run/lock-is-held ]; do sleep .1; done
                """, on: host)
            let reason = try await change.check(change.patch).blockedReason
            let failure = await Result.of { try await change.failure(of: change.patch) }
            try await PackagesLab.inside("kill $(cat /run/lock-holder); rm -f /run/lock-is-held; sleep 0.2", on: host)
            #expect(reason?.contains("/var/lib/rpm/.rpm.lock is held by python3") == true, "\(reason ?? "nobody")")
            #expect(try failure.get().code == .locked)
            #expect(try await RpmLab.installed(host) == RpmLab.before)
            try await change.perform(change.patch)
        }

        @Test(arguments: RpmLab.hosts) func fullDiskIsRefusedBeforeAnythingIsDone(host: String) async throws {
            try await RpmLab.prepare(host)
            let change = RpmChange(RpmLab.invoices, on: host)
            try await PackagesLab.lab("fill", host)
            let failure = await Result.of { try await change.failure(of: change.stage) }
            try await PackagesLab.lab("unfill", host)
            #expect(try failure.get().code == .noSpace)
            try await change.perform(change.stage)
            try await PackagesLab.lab("fill", host)
            let second = await Result.of { try await change.failure(of: change.patch) }
            try await PackagesLab.lab("unfill", host)
            #expect(try second.get().code == .noSpace)
            #expect(try await RpmLab.installed(host) == RpmLab.before)
        }

        /// To dnf and zypper this is a warning, and to rpm's database nothing at all.
        @Test(arguments: RpmLab.hosts) func failingScriptFailsTheStepUntilTheWayBackHasMadeItGood(host: String)
            async throws
        {
            try await RpmLab.prepare(host, hooks: true)
            let change = RpmChange(RpmLab.hooks, on: host)
            try await change.perform(change.stage)
            try await PackagesLab.inside("touch /run/invoice-hooks/fail-post", on: host)
            let failure = try await change.failure(of: change.patch)
            #expect(failure.code == .packageManager && failure.message.contains("scriptlet failed"), "\(failure)")
            #expect(failure.message.contains("invoice-hooks-1.1-1.noarch"))
            #expect(try await RpmLab.installed(host).contains("invoice-hooks-1.1-1.noarch"))
            // The database looks as the plan wants it. Neither another attempt nor a Fettle that was started anew takes that for done.
            #expect(try await change.check(change.patch).isReady)
            #expect(try await change.failure(of: change.patch).message.contains("scriptlet failed"))
            let verified = await Result.of {
                try await change.driver(change.patch).verify(change.patch, in: change.context(change.patch))
            }
            #expect(throws: StepFailure.self) { try verified.get() }
            #expect(try await PackagesLab.inside("systemctl is-system-running || true", on: host) == "running\n")

            try await PackagesLab.inside("rm /run/invoice-hooks/fail-post", on: host)
            try await change.perform(change.back)
            #expect(try await RpmLab.installed(host) == ["invoice-hooks-1.0-1.noarch"] + RpmLab.before)
            let units = "systemctl list-units --all --plain --no-legend 'fettle-*'"
            #expect(try await PackagesLab.inside(units, on: host) == "")
            try await RpmLab.prepare(host)
        }

        @Test(arguments: RpmLab.hosts) func packageThatRefusesToComeIsTold(host: String) async throws {
            try await RpmLab.prepare(host, hooks: true)
            let change = RpmChange(RpmLab.hooks, on: host)
            try await change.perform(change.stage)
            try await PackagesLab.inside("touch /run/invoice-hooks/fail-pre", on: host)
            let failure = try await change.failure(of: change.patch)
            #expect(failure.code == .packageManager && failure.message.contains("%pre"), "\(failure)")
            #expect(try await RpmLab.installed(host).contains("invoice-hooks-1.0-1.noarch"))
            try await PackagesLab.inside("rm /run/invoice-hooks/fail-pre", on: host)
            // What the database tells can be tried again.
            try await change.perform(change.patch)
            try await change.perform(change.back)
            #expect(try await RpmLab.installed(host) == ["invoice-hooks-1.0-1.noarch"] + RpmLab.before)
            try await RpmLab.prepare(host)
        }

        @Test(arguments: RpmLab.hosts) func whatThePlanDidNotForeseeIsNotDone(host: String) async throws {
            try await RpmLab.prepare(host, hooks: true)
            // 1.1 needs invoice-extra, which this plan does not have: no repository is there to bring it.
            let incomplete = RpmChange([RpmLab.hooks[1]], on: host)
            let failure = try await incomplete.failure(of: incomplete.stage)
            #expect(failure.output.contains("invoice-extra") || failure.message.contains("invoice-extra"), "\(failure)")
            let changed = try await incomplete.failure(of: incomplete.patch)
            #expect(changed.output.contains("invoice-extra"), "\(changed)")

            let elsewhere = RpmChange(
                [PackageChange(name: "libinvoice", architecture: "noarch", from: "2.2-1", to: "2.3-2")], on: host)
            #expect(try await elsewhere.check(elsewhere.patch).failure?.code == .drift)
            let gone = RpmChange(
                [PackageChange(name: "libinvoice", architecture: "noarch", from: "2.3-1", to: "9-9")], on: host)
            let missing = try await gone.failure(of: gone.stage)
            #expect(missing.code == .drift && missing.message.contains("no longer offer"), "\(missing)")
            #expect(try await RpmLab.installed(host) == ["invoice-hooks-1.0-1.noarch"] + RpmLab.before)
            try await RpmLab.prepare(host)
        }

        @Test(arguments: RpmLab.hosts) func wayBackThatNobodyOffersIsRefusedWhileStaging(host: String) async throws {
            try await RpmLab.prepare(host)
            try await PackagesLab.inside(
                "mkdir -p /srv/away; cd /srv/rpm && cp -a repodata /srv/away.repodata && mv libinvoice-2.3-1.noarch.rpm /srv/away/ && createrepo_c --quiet . "
                    + "&& \(RpmLab.refresh(host))", on: host)
            let change = RpmChange(RpmLab.invoices, on: host)
            let failure = await Result.of { try await change.failure(of: change.stage) }
            let irreversible = RpmChange(RpmLab.invoices, on: host, rollbackClass: .irreversible)
            let allowed = await Result.of { try await irreversible.perform(irreversible.stage) }
            // ... unless the host still has what it downloaded itself.
            let caches = ["dnf-1": "/var/cache/dnf/lab-1/packages", "zypper-1": "/var/cache/zypp/packages/lab"]
            let cache = try #require(caches[host])
            try await PackagesLab.inside(
                "mkdir -p \(cache); cp /srv/away/libinvoice-2.3-1.noarch.rpm \(cache)", on: host)
            let kept = await Result.of { try await change.perform(change.stage) }
            try await PackagesLab.inside(
                "cd /srv/rpm && mv /srv/away/* . && rm -rf repodata \(cache) && mv /srv/away.repodata repodata && "
                    + RpmLab.refresh(host), on: host)
            #expect(try failure.get().code == .refused && failure.get().message.contains("no way back"))
            #expect(try allowed.get().details["withoutWayBack"] == "libinvoice 2.3-1")
            #expect(try kept.get().verdict == .pass)
        }

        /// A file without a signature, and one that is torn, are none; whatever the repository itself permits.
        @Test(arguments: RpmLab.hosts) func whatIsNotSignedIsNotInstalled(host: String) async throws {
            try await RpmLab.prepare(host)
            let change = RpmChange(RpmLab.invoices, on: host)
            try await change.perform(change.stage)
            let file = "\(RpmLab.files)/libinvoice-2.3-2.noarch.rpm"
            try await PackagesLab.inside("rpmsign --delsign \(file)", on: host)
            let unsigned = try await change.failure(of: change.patch)
            #expect(unsigned.code == .drift && unsigned.message.contains("signed"), "\(unsigned)")
            try await PackagesLab.inside(
                "cd \(RpmLab.files); head -c 5000 invoice-server-4.1-1.noarch.rpm >torn && mv torn invoice-server-4.1-1.noarch.rpm",
                on: host)
            // Fetched anew, both of them.
            try await change.perform(change.stage)
            try await change.perform(change.patch)
            #expect(try await RpmLab.installed(host) == RpmLab.after)
            try await change.perform(change.back)
        }

        /// As a power cut or an out of memory leaves it: the new version is there, its last script has not ended, and the earlier one
        /// still stands beside it.
        @Test(arguments: RpmLab.hosts) func killedInTheMiddleIsFoundAndFinished(host: String) async throws {
            try await RpmLab.prepare(host, hooks: true)
            let change = RpmChange(RpmLab.hooks, on: host)
            try await change.perform(change.stage)
            try await PackagesLab.inside("touch /run/invoice-hooks/slow-post", on: host)
            let task = Task { try await change.perform(change.patch) }
            try await PackagesLab.inside(
                """
                until rpm -q invoice-hooks-1.1-1 >/dev/null 2>&1; do sleep .1; done; sleep 1
                systemctl kill --kill-whom=all --signal=KILL 'fettle-dnf-1-patch*' 'fettle-zypper-1-patch*' 2>/dev/null
                rm -f /run/invoice-hooks/slow-post
                """, on: host)
            let killed = await Result.of { try await task.value }
            #expect(throws: StepFailure.self) { try killed.get() }
            let found = try await RpmLab.installed(host)
            #expect(
                found.contains("invoice-hooks-1.0-1.noarch") && found.contains("invoice-hooks-1.1-1.noarch"), "\(found)"
            )

            #expect(try await change.check(change.patch).isReady)
            try await change.perform(change.patch)
            let whole = ["invoice-extra-1.0-1.noarch", "invoice-hooks-1.1-1.noarch"] + RpmLab.before
            #expect(try await RpmLab.installed(host) == whole)
            // The script that was killed has run to its end.
            #expect(try await PackagesLab.inside("tail -n 1 /var/log/invoice-hooks", on: host).hasPrefix("1.1 "))
            #expect(try await change.check(change.patch).isDone)
            try await change.perform(change.back)
            try await RpmLab.prepare(host)
        }

        /// Fettle is killed while the package manager runs: that goes on, and the next Fettle finds it and waits for it.
        @Test(arguments: RpmLab.hosts) func runThatOutlivesFettleIsAdopted(host: String) async throws {
            try await RpmLab.prepare(host, hooks: true)
            let change = RpmChange(RpmLab.hooks, on: host)
            try await change.perform(change.stage)
            try await PackagesLab.inside("touch /run/invoice-hooks/slow-post", on: host)
            let connections = SSHConnections(PackagesLab.configuration())
            let first = ChangeRpmDriver(channels: connections)
            let task = Task { try await first.perform(change.patch, in: change.context(change.patch)) }
            try await PackagesLab.inside(
                "until rpm -q invoice-hooks-1.1-1 >/dev/null 2>&1; do sleep .1; done", on: host)
            task.cancel()
            await connections.shutDown()
            await #expect(throws: StepFailure.self) { try await task.value }
            let readiness = try await change.check(change.patch)
            #expect(readiness.blockedReason?.contains("still runs") == true, "\(readiness)")
            try await PackagesLab.inside("rm /run/invoice-hooks/slow-post", on: host)
            try await change.perform(change.patch)
            #expect(try await PackagesLab.inside("grep -c '^1.1' /var/log/invoice-hooks", on: host) == "1\n")
            try await change.perform(change.back)
            try await RpmLab.prepare(host)
        }
    }
}
