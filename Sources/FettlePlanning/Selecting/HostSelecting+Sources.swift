import FettleModel

/// Selecting by source: of several findings and offers of one source package one version is asked for, the newest that policy and
/// baseline let in. All binary packages of the source go to it together.
extension HostSelecting {
    /// - Parameters:
    ///   - findings: all that are open of this source, sorted by id.
    /// - Returns: those that are closed by what is wanted now.
    mutating func select(_ findings: [Finding], of source: String, _ observed: Observations) -> [FindingID] {
        let state = SourceState(source, findings, observed)
        // A pin on any of them decides for the whole source, and its reasons have been told.
        if filter.packages.contains(where: { $0.version != nil && ($0.name == source || state.names.contains($0.name)) }
        ) {
            return closedByPins(findings, state)
        }
        let waiting = findings.filter { $0.state != .missing }
        return select(missing: findings.filter { $0.state == .missing }, state)
            + waiting.filter { takeAsInstalled($0, state) }.map(\.id)
    }

    /// What is observed of one source.
    struct SourceState {
        var source: String
        var updates: [AvailableUpdate]
        var installed: [InstalledPackage]
        /// Of all its binary packages, sorted.
        var names: [String]
        var offers: SourceOffers

        init(_ source: String, _ findings: [Finding], _ observed: Observations) {
            self.source = source
            updates = observed.updates.filter { $0.source == source }
            installed = observed.packages.filter { $0.source == source }
            names = Set(findings.flatMap(\.packages) + updates.map(\.name) + installed.map(\.name)).sorted()
            offers = SourceOffers(updates)
        }
    }

    // MARK: What is missing

    private mutating func select(missing findings: [Finding], _ state: SourceState) -> [FindingID] {
        let chosen = state.offers.all.first { offer in
            findings.contains { reasonAgainst($0, offer, findings, state) == nil }
        }
        guard let chosen else {
            for finding in findings {
                let reason = reasonAgainst(finding, state.offers.newest, findings, state)
                leaveOut(state.source, reason ?? "not offered by the host's sources")
            }
            return []
        }
        want(chosen, state)
        return closed(by: chosen, findings, state)
    }

    /// What is taken for the sake of one finding closes others too, whatever would have kept them waiting by themselves.
    private mutating func closed(
        by chosen: SourceOffers.Offer, _ findings: [Finding], _ state: SourceState
    ) -> [FindingID] {
        var closed: [FindingID] = []
        var told: Set<String> = []
        for finding in findings {
            if let fixed = finding.fixed, finding.owner == .us, state.offers.reaches(fixed, chosen) {
                closed.append(finding.id)
                continue
            }
            // An offer that would close it may be there, and not be allowed.
            let better = finding.fixed.flatMap { fixed in state.offers.all.first { state.offers.reaches(fixed, $0) } }
            if let better { told.insert(better.version) }
            let reason = reasonAgainst(finding, better ?? chosen, findings, state)
            leaveOut(state.source, reason ?? "nothing fixes it yet")
        }
        tellOthers(than: chosen, besides: told, findings, state)
        return closed
    }

    /// Offers of the same source that are not asked for: newer ones that something forbids, older ones that this one supersedes.
    private mutating func tellOthers(
        than chosen: SourceOffers.Offer, besides told: Set<String>, _ findings: [Finding], _ state: SourceState
    ) {
        var isNewer = true
        for offer in state.offers.all {
            if offer.version == chosen.version {
                isNewer = false
            } else if isNewer, !told.contains(offer.version) {
                let reason = findings.compactMap { reasonAgainst($0, offer, findings, state) }.first
                leaveOut(state.source, "\(offer.version) is not taken: \(reason ?? "not allowed")")
            } else if !isNewer {
                leaveOut(state.source, "\(offer.version) is superseded by \(chosen.version)")
            }
        }
    }

    /// A binary package may have come to be built from another source: then both sources offer it, and the newer one is asked for.
    private mutating func want(_ offer: SourceOffers.Offer, _ state: SourceState) {
        for update in offer.updates {
            let key = Key(name: update.name, architecture: update.architecture)
            if let known = wanted[key], !known.isInstalled {
                guard !known.isPinned, known.version != update.candidate else { continue }
                let isNewer = isOlder(known.version, update.candidate, update.manager)
                let (taken, left) = isNewer ? (update.candidate, known.version) : (known.version, update.candidate)
                leaveOut(state.source, "\(update.name) \(left) is superseded by \(taken)")
                guard isNewer else { continue }
            }
            wanted[key] = Wish(version: update.candidate, isPinned: false, isInstalled: false)
        }
    }

    /// Why the finding does not ask for this offer; nil if it does.
    private func reasonAgainst(
        _ finding: Finding, _ offer: SourceOffers.Offer?, _ findings: [Finding], _ state: SourceState
    ) -> String? {
        if let reason = reasonAgainst(finding, state) { return reason }
        let held = Set(state.updates.filter(\.isHeld).map(\.name) + state.installed.filter(\.isHeld).map(\.name))
            .sorted()
        if findings.contains(where: \.isHeld) || !held.isEmpty {
            return "held on the host: \((held.isEmpty ? finding.packages : held).joined(separator: ", "))"
        }
        // An update that is on offer for another reason is no answer to what nothing fixes.
        guard let fixed = finding.fixed else { return "nothing fixes it yet" }
        guard let offer else { return "not offered by the host's sources" }
        if let old = state.offers.lagging(behind: fixed, offer) {
            return "not offered: the host's sources have \(old.sourceVersion), the fix is \(fixed)"
        }
        var patch = OfferedPatch(finding, updates: offer.updates, names: Set(state.names), assessedAt: assessedAt)
        // When a version became known is known of the version, whichever finding it closes.
        patch.knownSince =
            findings.filter { $0.fixed == offer.version }.compactMap(\.fixSeenAt).min() ?? assessedAt
        let judgement = judge.judge(patch, at: time)
        return judgement.verdict == .taken ? nil : judgement.reason
    }

    /// What holds whatever version is offered, and for a restart as well.
    private func reasonAgainst(_ finding: Finding, _ state: SourceState) -> String? {
        if finding.owner != .us { return "the \(finding.owner.rawValue)'s job" }
        if let until = finding.waivedUntil {
            let names = (finding.waivers ?? []).map(\.waiver.rawValue).joined(separator: ", ")
            return "waived by \(names) until \(until)"
        }
        if let objection = judge.objectionToClass(finding.updateClass, isExploited: finding.isExploited) {
            return objection.reason
        }
        if let glob = policy.exclude.firstGlob(matchingAnyOf: Set(state.names + [finding.source]).sorted()) {
            return "excluded by policy: \(glob)"
        }
        // What is held is not held back from running: only what is denied is left alone there too.
        if let objection = judge.objectionToNames([finding.source] + state.names),
            finding.state == .missing || objection.verdict == .denied
        {
            return objection.reason
        }
        return nil
    }

    // MARK: What only waits for a restart

    private mutating func takeAsInstalled(_ finding: Finding, _ state: SourceState) -> Bool {
        if let reason = reasonAgainst(finding, state) {
            leaveOut(finding.source, reason)
            return false
        }
        for package in state.installed {
            let key = Key(name: package.name, architecture: package.architecture)
            guard wanted[key] == nil else { continue }
            wanted[key] = Wish(version: package.version, isPinned: false, isInstalled: true)
        }
        return true
    }
}
