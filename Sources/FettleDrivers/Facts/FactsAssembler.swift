import FettleModel

/// Makes one host's facts out of a transcript: each fact by itself, so that one which could not be read leaves the others.
struct FactsAssembler {
    let transcript: Transcript

    func facts(of resource: ResourceID, at time: Timestamp) -> HostFacts {
        let kernel = observe { () throws(FactError) in
            try KernelAnswer(parsing: try transcript.requiredOutput(of: "kernel"))
        }
        let dpkg = observe { () throws(FactError) in
            try transcript.output(of: "dpkg").map { text throws(FactError) in try DpkgPackages(parsing: text) }
        }
        return HostFacts(
            resource: resource, observedAt: time, reachability: .reachable,
            platform: observe { () throws(FactError) in
                try PlatformParser.platform(
                    release: try transcript.requiredOutput(of: "release"), kernel: try need(kernel))
            },
            boot: observe { () throws(FactError) in try BootParser.boot(try transcript.requiredOutput(of: "boot")) },
            packages: observe { () throws(FactError) in try packages(dpkg).installed },
            brokenPackages: observe { () throws(FactError) in try packages(dpkg).broken },
            updates: observe { () throws(FactError) in try updates(dpkg, kernel) },
            kernels: observe { () throws(FactError) in try need(kernel).facts },
            rebootRequired: observe { () throws(FactError) in
                RebootParser.requirement(try transcript.requiredOutput(of: "reboot"))
            },
            staleServices: observe { () throws(FactError) in
                try StaleServiceParser.services(try transcript.requiredOutput(of: "maps"))
            },
            units: observe { () throws(FactError) in try UnitParser.units(try transcript.requiredOutput(of: "units")) },
            fileSystems: observe { () throws(FactError) in
                try DiskParser.fileSystems(try transcript.requiredOutput(of: "disks"))
            },
            packageLocks: observe { () throws(FactError) in
                try LockParser.locks(try transcript.requiredOutput(of: "locks"))
            })
    }

    private func packages(_ dpkg: Observed<DpkgPackages?>) throws(FactError) -> DpkgPackages {
        guard let packages = try need(dpkg) else { throw FactError("this host has no package manager that is known") }
        return packages
    }

    private func updates(
        _ dpkg: Observed<DpkgPackages?>, _ kernel: Observed<KernelAnswer>
    ) throws(FactError) -> [AvailableUpdate] {
        guard let packages = try need(dpkg) else { throw FactError("this host has no package manager that is known") }
        return try AptUpdates(
            parsing: try transcript.requiredOutput(of: "apt"), packages: packages,
            native: try need(kernel).architecture
        ).updates
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
