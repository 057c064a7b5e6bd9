import FettleDriverKit
import FettleModel

/// Whether a host may be rebooted at this moment: nobody works on its packages (I9; kured#403 rebooted in the middle of dpkg).
enum QuietHost {
    /// - Throws: `locked` while somebody works on packages or forbids to shut down, `packageManager` where packages are left
    ///   half configured: they might not boot.
    static func require(_ session: HostSession) async throws(StepFailure) {
        let (entries, locks, jobs) = try await look(session)
        if let holder = PackageLocks.holder(of: locks) {
            throw StepFailure(code: .locked, message: "no reboot now: \(holder)")
        }
        for case .running(let since) in jobs.values {
            throw StepFailure(code: .locked, message: "no reboot now: a job of Fettle runs since \(since)")
        }
        let broken = entries.filter { !$0.isWhole && !$0.isAbsent }.map { "\($0.name) is \($0.state)" }
        guard broken.isEmpty else {
            throw StepFailure(code: .packageManager, message: "no reboot now: \(PackageWords.list(broken))")
        }
        try await requireNoWorker(session)
    }

    /// Why not now, where it may be later without a person; nil: it may be.
    ///
    /// - Throws: as `require`, but for `locked`.
    static func obstacle(_ session: HostSession) async throws(StepFailure) -> String? {
        do throws(StepFailure) {
            try await require(session)
            return nil
        } catch  where error.code == .locked {
            return error.message
        }
    }

    /// rpm knows no state between installed and removed: without dpkg there are no such packages.
    private static func look(
        _ session: HostSession
    ) async throws(StepFailure) -> (entries: [DpkgEntry], locks: [PackageLock], jobs: [String: DetachedJob.State]) {
        let packages = SectionedScript.Section(
            name: "packages", limit: SnapshotScript.packages.limit,
            body: "if [ ! -s /var/lib/dpkg/status ]; then return 77; fi\n\(SnapshotScript.packages.body)")
        let transcript = try await session.collect(
            SectionedScript(sections: [packages, ProcessSections.locks, SnapshotScript.jobs]))
        do throws(FactError) {
            return (
                try transcript.output(of: "packages")
                    .map { text throws(FactError) in try PackageSnapshotParser.entries(text) } ?? [],
                try transcript.output(of: "locks").map { text throws(FactError) in try LockParser.locks(text) } ?? [],
                DetachedJob.states(try transcript.requiredOutput(of: "jobs"))
            )
        } catch {
            throw StepFailure(code: .internal, message: "the state of the packages cannot be read: \(error)")
        }
    }

    private static func requireNoWorker(_ session: HostSession) async throws(StepFailure) {
        let transcript = try await session.collect(SectionedScript(sections: [workers]))
        let lines: [Substring]
        do { lines = FactText.lines(try transcript.requiredOutput(of: "workers")) } catch {
            throw StepFailure(code: .inconclusive, message: "who works on the host could not be observed: \(error)")
        }
        for line in lines {
            let words = line.split(separator: " ")
            if words.first == "process", words.count == 3 {
                throw StepFailure(code: .locked, message: "no reboot now: \(words[2]) runs (process \(words[1]))")
            }
            // WHO UID USER PID COMM WHAT WHY MODE, of which WHO and WHY can be several words.
            if words.first == "inhibitor", words.last == "block", words.contains(where: forbidsShutdown) {
                let text = FactText.excerpt(words.dropFirst().joined(separator: " "), limit: 200)
                throw StepFailure(code: .locked, message: "no reboot now, somebody forbids it: \(text)")
            }
        }
    }

    private static func forbidsShutdown(_ word: Substring) -> Bool {
        word.split(separator: ":").contains("shutdown")
    }

    private static let workers = SectionedScript.Section(
        name: "workers", limit: 256 * 1_024,
        body: #"""
                set +f
                for path in /proc/[0-9]*/comm; do
                    name=
                    { read -r name <"$path"; } 2>/dev/null || continue
                    case $name in
                        apt | apt-get | aptitude | dpkg | dpkg-deb | dpkg-split | rpm | dnf | dnf-3 | dnf5 | yum | zypper)
                            path=${path%/comm}; printf 'process %s %s\n' "${path#/proc/}" "$name" ;;
                    esac
                done
                if have systemd-inhibit; then
                    within 10 systemd-inhibit --list --no-pager --no-legend 2>/dev/null | sed 's/^/inhibitor /'
                fi
                return 0
            """#)
}
