import FettleModel

/// I3, I7, I6 within one outage of a resource: it is taken out before it is changed, it comes back, and not before something proved it well.
struct OutageCheck {
    let chain: Chain
    let resource: ResourceID
    private let taking: LinkSet
    private let inside: LinkSet
    private let bringing: LinkSet
    private let changing: LinkSet

    /// - Parameter leg: the steps of the outage that is meant, where there is more than one.
    init(chain: Chain, resource: ResourceID, leg: LinkSet? = nil) {
        self.chain = chain
        self.resource = resource
        taking = leg.map(chain.taking.intersection) ?? chain.taking
        inside = leg.map(chain.inside.intersection) ?? chain.inside
        bringing = leg.map(chain.bringing.intersection) ?? chain.bringing
        changing = leg.map(chain.changing.intersection) ?? chain.changing
    }

    /// - Returns: nil if the resource is never out, or if its steps leave open when it is.
    func outage(_ found: inout ViolationList) -> Outage? {
        if taking.isEmpty && bringing.isEmpty && inside.isEmpty && changing.isEmpty { return nil }
        if taking.isEmpty {
            found.add(
                .order, "\(resource) is changed or brought back without being taken out first",
                steps: chain.ids(inside.union(bringing).union(changing)))
            return nil
        }
        if bringing.isEmpty {
            found.add(.ownership, "\(resource) is taken out and never brought back", steps: chain.ids(taking))
            return nil
        }
        guard let begin = first(of: taking), let end = last(of: bringing) else {
            found.add(
                .order, "it is open which step takes \(resource) out first, or which brings it back last",
                steps: chain.ids(taking.union(bringing)))
            return nil
        }
        judgeInside(&found)
        judgeChanges(&found)
        return Outage(
            begin: Int32(truncatingIfNeeded: chain.position(begin)),
            end: Int32(truncatingIfNeeded: chain.position(end)))
    }

    private func first(of links: LinkSet) -> Int? {
        let candidates = (0..<chain.count).filter(links.contains)
        return candidates.first { first in candidates.allSatisfy { $0 == first || chain.precedes(first, $0) } }
    }

    private func last(of links: LinkSet) -> Int? {
        (0..<chain.count).first { links.contains($0) && links.removing($0).isSubset(of: chain.before[$0]) }
    }

    /// What needs the resource out comes after all that takes it out, and before anything that brings it back.
    private func judgeInside(_ found: inout ViolationList) {
        for link in 0..<chain.count where inside.contains(link) {
            for early in missing(taking, before: link) {
                found.add(
                    .order,
                    "\(chain.id(link)) can start before \(chain.id(early)) has taken \(resource) out of traffic",
                    steps: [chain.id(early), chain.id(link)])
            }
        }
        for back in 0..<chain.count where bringing.contains(back) {
            for link in missing(inside, before: back) {
                found.add(
                    .order, "\(chain.id(back)) can bring \(resource) back while \(chain.id(link)) is not done",
                    steps: [chain.id(link), chain.id(back)])
            }
            for early in missing(taking, before: back) {
                found.add(
                    .order, "\(chain.id(back)) can run before \(chain.id(early))",
                    steps: [chain.id(early), chain.id(back)])
            }
        }
    }

    private func judgeChanges(_ found: inout ViolationList) {
        for change in 0..<chain.count where changing.contains(change) {
            if !inside.contains(change) {
                found.add(
                    .order, "\(chain.id(change)) changes \(resource) while it may be in traffic",
                    steps: [chain.id(change)])
            }
            for back in 0..<chain.count where bringing.contains(back) {
                let proofs = chain.proving.intersection(chain.before[back])
                let isProven = (0..<chain.count).contains { proofs.contains($0) && chain.precedes(change, $0) }
                if isProven { continue }
                found.add(
                    .order,
                    "\(chain.id(back)) brings \(resource) back though no gate and no verification has passed since "
                        + "\(chain.id(change))", steps: [chain.id(change), chain.id(back)])
            }
        }
    }

    private func missing(_ links: LinkSet, before link: Int) -> [Int] {
        links.isSubset(of: chain.before[link]) ? [] : links.subtracting(chain.before[link]).members
    }
}
