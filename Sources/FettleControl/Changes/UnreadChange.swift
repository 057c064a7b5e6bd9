public import FettleModel
import FettleStore
import Foundation

/// A change of which what is kept is not what was written: nobody can vote on it and nothing carries it out. It is told among the others
/// and is in no other's way.
public struct UnreadChange: Codable, Sendable, Equatable, Error {
    public var change: ChangeID
    /// What is wrong with it.
    public var reason: String

    init(change: ChangeID, reason: String) {
        self.change = change
        self.reason = reason
    }

    /// As lists tell it.
    public var words: String { "\(change) cannot be read: \(reason)" }
}

extension StageKeeper {
    /// A change, or why it cannot be read.
    ///
    /// - Throws: what another try may not find.
    func legible(_ id: ChangeID) async throws(ControlError) -> Result<Change, UnreadChange> {
        try await legible(Change.self, .change, id: id.rawValue).map(\.value)
            .mapError { UnreadChange(change: id, reason: $0.reason) }
    }

    /// What a change that cannot be read was about, by the plan that was kept beside it when it was submitted, or else by what its bytes
    /// still say; nil: neither tells.
    func subject(of unread: UnreadChange) async throws(ControlError) -> UnreadSubject? {
        let id = unread.change.rawValue
        if let plan = try await known(Plan.self, .submitted, id: id) {
            let selection = try await known(Selection.self, .selection, id: plan.selection.id)
            return UnreadSubject(plan: plan.id, set: selection?.patchSet?.id)
        }
        let document: StoredDocument?
        do throws(StoreError) { document = try await store.document(.change, id: id) } catch {
            throw ControlError(store: error)
        }
        let change = document.flatMap { try? CanonicalJSON.decode(Change.self, from: Data($0.bytes)) }
        return change.map { UnreadSubject(plan: PlanID($0.plan.id), set: $0.promotion?.set.id) }
    }

    /// nil: it is not kept, or cannot be read.
    private func known<Value: Decodable & Sendable>(
        _ type: Value.Type, _ kind: DocumentKind, id: String
    ) async throws(ControlError) -> Value? {
        switch try await legible(type, kind, id: id) {
        case .success(let stage): stage.value
        case .failure: nil
        }
    }
}

struct UnreadSubject {
    var plan: PlanID
    /// The id of the patch set that its plan was made from; nil: from none.
    var set: String?
}

extension ControlError {
    /// It is about what is kept, and another try finds the same.
    var isOfWhatIsKept: Bool {
        switch code {
        case .drift, .internal, .notFound: true
        case .invalid, .blocked, .conflict, .unavailable, .cancelled: false
        }
    }
}

extension ChangeService {
    /// The newest changes, newest first.
    public func changes(limit: Int) async throws(ControlError) -> [Result<Change, UnreadChange>] {
        var changes: [Result<Change, UnreadChange>] = []
        for summary in try await keeper.list(.change, limit: limit) {
            changes.append(try await keeper.legible(ChangeID(summary.id)))
        }
        return changes
    }

    /// A plan has one live change at most.
    func requireNoneIsLive(of plan: PlanID, among kept: [DocumentSummary]) async throws(ControlError) {
        for summary in kept {
            switch try await keeper.legible(ChangeID(summary.id)) {
            case .success(let change):
                guard change.plan.id == plan.rawValue, try await isLive(change) else { continue }
                let what = change.run.map { "carried out by \($0)" } ?? change.state.words
                throw ControlError(
                    .conflict, "plan \(plan) was already submitted as change \(change.id), which is \(what)",
                    hint:
                        "`fettle change show \(change.id)`; a new submission is right once it is rejected or withdrawn, or "
                        + "its run has ended")
            case .failure(let unread):
                guard try await keeper.subject(of: unread)?.plan == plan else { continue }
                throw ControlError(
                    .drift, "plan \(plan) was already submitted as a change that may be carried out: \(unread.words)",
                    hint: "`fettle evidence check` tells what was altered; `fettle plan make` makes a new plan")
            }
        }
    }
}
