import FettleAssessment
import FettleModel
import FettleStore

/// What people and time say of findings, beside what was judged: waivers, and since when each is there.
struct Governance: Sendable {
    let store: any Store

    struct State: Sendable {
        var ledger: WaiverLedger
        var sightings: [Sighting]

        /// Ages first: how old a finding is does not depend on whether somebody accepts it.
        func applied(to findings: FindingSet, facts: FactSet, fleet: Fleet, policy: Policy, at time: Timestamp)
            -> FindingSet
        {
            let aged = FindingAges(sightings).applied(to: findings, policy: policy)
            return WaiverBook(ledger.waivers, fleet: fleet, systems: WaiverBook.systems(of: facts))
                .applied(to: aged, at: time)
        }
    }

    func state() async throws(ControlError) -> State {
        State(ledger: try await ledger(), sightings: try await sightings())
    }

    func waivers() async throws(ControlError) -> [Waiver] { try await ledger().waivers }

    func ledger() async throws(ControlError) -> WaiverLedger {
        do throws(StoreError) {
            return WaiverLedger(try await store.waiverEvents())
        } catch {
            throw ControlError(store: error)
        }
    }

    func sightings() async throws(ControlError) -> [Sighting] {
        do throws(StoreError) {
            return try await store.sightings()
        } catch {
            throw ControlError(store: error)
        }
    }

    func record(_ findings: FindingSet, facts: FactSet) async throws(ControlError) {
        do throws(StoreError) {
            try await store.record(findings.look(at: facts))
        } catch {
            throw ControlError(store: error)
        }
    }
}
