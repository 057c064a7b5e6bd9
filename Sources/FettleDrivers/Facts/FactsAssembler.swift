import FettleDriverKit
import FettleModel

/// Makes one host's facts out of a transcript: each fact by itself, so that one which could not be read leaves the
/// others.
struct FactsAssembler {
    private let transcript: Transcript
    private let parts: FactParts
    private let kernel: Observed<KernelAnswer>
    private let dpkg: Observed<DpkgPackages?>
    private let rpm: Observed<RpmPackages?>
    private let apk: Observed<[InstalledPackage]?>

    /// - Parameter parts: what was asked for; all else is not observed.
    init(transcript: Transcript, parts: FactParts = .all) {
        self.transcript = transcript
        self.parts = parts
        kernel = observe { () throws(FactError) in
            try KernelAnswer(parsing: try transcript.requiredOutput(of: "kernel"))
        }
        dpkg = observe { () throws(FactError) in
            guard let text = try transcript.output(of: "dpkg") else { return nil }
            return try DpkgPackages(parsing: text)
        }
        rpm = observe { () throws(FactError) in
            guard let text = try transcript.output(of: "rpm") else { return nil }
            return try RpmPackages(parsing: text)
        }
        apk = observe { () throws(FactError) in
            guard let text = try transcript.output(of: "apk") else { return nil }
            return try ApkPackages.installed(text)
        }
    }

    func facts(of resource: ResourceID, at time: Timestamp) -> HostFacts {
        HostFacts(
            resource: resource, observedAt: time, reachability: .reachable, platform: part(.platform, platform),
            boot: part(.boot) { () throws(FactError) in
                try BootParser.boot(try transcript.requiredOutput(of: "boot"))
            },
            packages: part(.packages, packages), brokenPackages: part(.packages, brokenPackages),
            updates: part(.updates, updates),
            kernels: part(.kernels) { () throws(FactError) in try need(kernel).facts },
            rebootRequired: part(.rebootRequired, rebootRequired),
            staleServices: part(.services) { () throws(FactError) in
                try StaleServiceParser.services(try transcript.requiredOutput(of: "maps"))
            },
            units: part(.units) { () throws(FactError) in
                try UnitParser.units(try transcript.requiredOutput(of: "units"))
            },
            fileSystems: part(.fileSystems) { () throws(FactError) in
                try DiskParser.fileSystems(try transcript.requiredOutput(of: "disks"))
            },
            packageLocks: part(.packageLocks) { () throws(FactError) in
                try LockParser.locks(try transcript.requiredOutput(of: "locks"))
            },
            hypervisor: hypervisor(),
            // An answer that was recorded before they were asked for has none.
            livepatches: parts.contains(.kernels) && transcript.section("livepatch") != nil
                ? observe { () throws(FactError) in
                    try transcript.output(of: "livepatch").map { LivepatchParser.patches($0) } ?? []
                } : nil,
            packageLists: parts.contains(.updates) && transcript.section(PackageListSections.name) != nil
                ? observe { () throws(FactError) in
                    guard let text = try transcript.output(of: PackageListSections.name) else {
                        throw FactError("the host has no package lists of which it could be told")
                    }
                    return try PackageListParser.lists(text, at: time)
                } : nil)
    }

    private func part<Value: Sendable>(
        _ part: FactParts, _ read: () throws(FactError) -> Value
    ) -> Observed<Value> {
        parts.contains(part) ? observe(read) : .notObserved(reason: "not asked for")
    }

    /// nil: no hypervisor, or nobody asked. One that answers and could not be understood is not observed, and never one that carries
    /// nothing.
    private func hypervisor() -> Observed<HypervisorFacts>? {
        guard parts.contains(.machines), transcript.section(LibvirtSection.name) != nil else { return nil }
        do {
            guard let text = try transcript.output(of: LibvirtSection.name) else { return nil }
            return .observed(try LibvirtView(parsing: text, nonce: transcript.nonce).facts)
        } catch {
            return .notObserved(reason: error.reason)
        }
    }

    private func platform() throws(FactError) -> Platform {
        var platform = try PlatformParser.platform(
            release: try transcript.requiredOutput(of: "release"), kernel: try need(kernel))
        // On rpm's own distributions rpm names the architecture; Debian's name goes first where both are.
        if case .observed(nil) = dpkg, let rpm = try need(rpm), FactText.isName(rpm.architecture) {
            platform.architecture = rpm.architecture
        }
        return platform
    }

    /// Those of every package manager that the host has. One that cannot be read makes the fact unobserved: half of the
    /// packages would pass for all.
    private func packages() throws(FactError) -> [InstalledPackage] {
        let answers = [try need(dpkg)?.installed, try need(rpm)?.installed, try need(apk)].compactMap { $0 }
        guard !answers.isEmpty else { throw FactError("this host has no package manager that is known") }
        return answers.flatMap { $0 }
    }

    /// rpm and apk know no state between installed and removed.
    private func brokenPackages() throws(FactError) -> [BrokenPackage] {
        _ = try packages()
        return try need(dpkg)?.broken ?? []
    }

    private func updates() throws(FactError) -> [AvailableUpdate] {
        var updates: [AvailableUpdate] = []
        _ = try packages()
        if let packages = try need(dpkg) {
            updates += try AptUpdates(
                parsing: try transcript.requiredOutput(of: "apt"), packages: packages,
                native: try need(kernel).architecture
            ).updates
        }
        if let packages = try need(rpm), !packages.installed.isEmpty {
            if let text = try transcript.output(of: "dnf") {
                updates += try DnfUpdates.updates(text, packages: packages)
            } else if let text = try transcript.output(of: "zypper") {
                updates += try ZypperUpdates.updates(text, packages: packages)
            } else {
                throw FactError("rpm packages are installed, but neither dnf nor zypper is here to ask for updates")
            }
        }
        if let packages = try need(apk) {
            updates += try ApkPackages.updates(
                try transcript.requiredOutput(of: "apkupdates"), installed: packages)
        }
        return updates
    }

    /// What the host says itself; and also a kernel that is installed and newer than the running one, because a small
    /// Debian has nothing that would write the file.
    private func rebootRequired() throws(FactError) -> RebootRequirement {
        var requirement = RebootParser.requirement(try transcript.requiredOutput(of: "reboot"))
        if let waiting = kernel.value?.facts.newerThanRunning {
            requirement.isRequired = true
            let isDebian = if case .observed(.some) = dpkg { true } else { false }
            let name = (isDebian ? "linux-image-" : "kernel-") + waiting
            if !requirement.packages.contains(name) { requirement.packages = (requirement.packages + [name]).sorted() }
        }
        return requirement
    }
}

func observe<Value: Sendable>(_ read: () throws(FactError) -> Value) -> Observed<Value> {
    do {
        return .observed(try read())
    } catch {
        return .notObserved(reason: error.reason)
    }
}

/// The value, for a fact that rests upon it.
func need<Value: Sendable>(_ observed: Observed<Value>) throws(FactError) -> Value {
    switch observed {
    case .observed(let value): return value
    case .notObserved(let reason): throw FactError(reason)
    }
}
