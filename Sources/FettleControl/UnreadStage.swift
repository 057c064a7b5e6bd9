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
            stages.append(try await legible(type, kind, id: summary.id))
        }
        return stages
    }

    /// A stage, or why it cannot be read.
    ///
    /// - Throws: what another try may not find.
    func legible<Value: Decodable & Sendable>(
        _ type: Value.Type, _ kind: DocumentKind, id: String
    ) async throws(ControlError) -> Result<KeptStage<Value>, UnreadStage> {
        do throws(ControlError) {
            let (value, reference) = try await load(type, kind, id: id)
            return .success(KeptStage(value: value, reference: reference))
        } catch {
            guard error.isOfWhatIsKept else { throw error }
            return .failure(UnreadStage(id, error))
        }
    }
}

/// A stage with the name and the digest under which it is kept.
public struct KeptStage<Value: Sendable>: Sendable {
    public var value: Value
    public var reference: StageReference
}
