public import FettleModel
public import FettleStore

/// A stage of which what is kept is not what was written: it is told among the others, and is in no other's way.
public struct UnreadStage: Codable, Sendable, Equatable, Error {
    public var id: String
    /// What is wrong with it.
    public var reason: String

    init(_ id: String, _ error: ControlError) {
        self.id = id
        reason = error.message
    }

    /// As lists tell it.
    public var words: String { "\(id) cannot be read: \(reason)" }
}

extension StageKeeper {
    /// The newest stages of a kind, newest first, and in their places those that cannot be read.
    ///
    /// - Throws: what another try may not find.
    public func stages<Value: Decodable & Sendable>(
        _ type: Value.Type, _ kind: DocumentKind, limit: Int
    ) async throws(ControlError) -> [Result<KeptStage<Value>, UnreadStage>] {
        var stages: [Result<KeptStage<Value>, UnreadStage>] = []
        for summary in try await list(kind, limit: limit) {
            do throws(ControlError) {
                let (value, reference) = try await load(type, kind, id: summary.id)
                stages.append(.success(KeptStage(value: value, reference: reference)))
            } catch {
                guard error.isOfWhatIsKept else { throw error }
                stages.append(.failure(UnreadStage(summary.id, error)))
            }
        }
        return stages
    }
}

/// A stage with the name and the digest under which it is kept.
public struct KeptStage<Value: Sendable>: Sendable {
    public var value: Value
    public var reference: StageReference
}
