public import FettleDriverKit
public import FettleModel

/// Collects a host's facts by a POSIX shell script, in one round trip. The host needs nothing but `sh` and the programs
/// that every Linux has. Nothing is written there, and no package list is refreshed.
///
/// As root everything is observed. For other users the services that run replaced code are asked through `sudoRules`;
/// what the rules don't permit is `notObserved`, with the reason.
///
/// What apt says of updates takes a host longer than all else, and belongs to a state of the host: who knows that a look will
/// come can have it asked beforehand (`foresee`). The look then asks the host whether it still is in that state.
public struct ShellHostInspector: HostInspector {
    private let channels: any ChannelProvider
    private let foreseen = ForeseenUpdates()
    private let now: @Sendable () -> Timestamp

    /// How long a collection may take. Without its binary cache apt needs seconds for each question, on small machines
    /// tens of seconds.
    public static let timeout: Duration = .seconds(180)

    /// - Parameter now: the clock that dates the facts.
    public init(channels: any ChannelProvider, now: @escaping @Sendable () -> Timestamp = { Timestamp.now() }) {
        self.channels = channels
        self.now = now
    }

    public func inspect(_ resource: ResourceID, at address: ResourceAddress) async -> HostFacts {
        await inspect(resource, at: address, parts: .all)
    }

    public func inspect(_ resource: ResourceID, at address: ResourceAddress, parts: FactParts) async -> HostFacts {
        let known = parts.contains(.updates) ? foreseen.answer(of: address) : nil
        return await look(resource, at: address, parts, known, known.map { .toldUnless($0.state) } ?? .untold)
    }

    /// Asks apt now what the next look at the host wants to know of updates. Costs the host as much as that part of a look; where
    /// it cannot be had, the look asks as always.
    public func foresee(_ resource: ResourceID, at address: ResourceAddress) async {
        _ = await look(resource, at: address, .updates, nil, .told)
    }

    private func look(
        _ resource: ResourceID, at address: ResourceAddress, _ parts: FactParts, _ known: ForeseenUpdates.Answer?,
        _ state: AptState
    ) async -> HostFacts {
        let began = now()
        do {
            let script = try FactsScript.make(parts, state)
            let channel = try await channels.channel(to: address)
            let result = try await channel.run(
                RemoteCommand(script: script.text, timeout: Self.timeout, outputLimit: script.outputLimit))
            var transcript = Transcript(
                standardOutput: result.standardOutput, standardError: result.standardError, nonce: script.nonce)
            if case .untold = state {} else { foreseen.settle(&transcript, of: address, known) }
            return FactsAssembler(transcript: transcript, parts: parts).facts(of: resource, at: began)
        } catch let error as AccessError {
            return .nothingObserved(
                of: resource, at: began, reachability: Self.reachability(after: error), reason: error.description)
        } catch {
            return .nothingObserved(
                of: resource, at: began, reachability: .unreachable(reason: "\(error)"), reason: "\(error)")
        }
    }

    /// Whether a host that gave no facts was reached at all. A host that hangs up in the middle cannot be relied upon.
    private static func reachability(after error: AccessError) -> Reachability {
        switch error.code {
        case .timeout, .outputTooLarge, .privilege: .reachable
        case .unreachable, .authentication, .hostKey, .disconnected, .protocolViolation, .spawn, .cancelled,
            .invalidCommand:
            .unreachable(reason: error.description)
        }
    }
}

/// The script of a collection.
enum FactsScript {
    static func make(
        _ parts: FactParts = .all, _ state: AptState = .untold, nonce: String = SectionedScript.makeNonce()
    ) throws(ShellQuoteError) -> SectionedScript {
        let maps = ProcessSections.staleServices(asRoot: try shellQuoted(ProcessSections.mapsCommand.commandLine))
        let packages: FactParts = [.packages, .updates, .rebootRequired]
        // Each with the parts that are made of it.
        let sections: [(section: SectionedScript.Section, serves: FactParts)] = [
            (SystemSections.release, .platform), (SystemSections.boot, .boot),
            (SystemSections.kernel, [.platform, .updates, .kernels, .rebootRequired]),
            (LivepatchSections.livepatches, .kernels),
            (DebianSections.packages, packages), (DebianSections.updates(state), .updates),
            (RpmSections.packages, packages.union(.platform)), (RpmSections.dnf, .updates),
            (RpmSections.zypper, .updates), (ApkSections.packages, packages), (ApkSections.updates, .updates),
            (PackageListSections.lists, .updates),
            (SystemSections.reboot, .rebootRequired), (maps, .services), (SystemSections.units, .units),
            (try LibvirtSection.make(), .machines), (SystemSections.disks, .fileSystems),
            (ProcessSections.locks, .packageLocks),
        ]
        return SectionedScript(
            sections: sections.filter { !$0.serves.isDisjoint(with: parts) }.map(\.section), nonce: nonce)
    }
}
