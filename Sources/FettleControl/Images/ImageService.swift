public import FettleModel
public import FettleStore

/// The catalogue of images: versions with their lineage, and their way from stage to stage.
///
/// What lies on disk is not looked at here: whoever adds an image has verified it.
public struct ImageService: Sendable {
    let keeper: StageKeeper
    let gate: Gate
    let now: @Sendable () -> Timestamp

    public init(store: any Store, access: Access = .local, now: @escaping @Sendable () -> Timestamp = { .now() }) {
        keeper = StageKeeper(store: store)
        gate = Gate(keeper, access, now: now)
        self.now = now
    }

    /// Newest first.
    public func images() async throws(ControlError) -> [ImageStanding] {
        let notes = try await notes()
        var images: [ImageStanding] = []
        for summary in try await keeper.list(.image, limit: .max) {
            let record = try await keeper.load(ImageRecord.self, .image, id: summary.id).value
            images.append(ImageStanding(record, notes: notes))
        }
        return images
    }

    /// - Throws: `notFound`.
    public func image(_ id: ImageID) async throws(ControlError) -> ImageStanding {
        let record = try await keeper.load(ImageRecord.self, .image, id: id.rawValue).value
        return ImageStanding(record, notes: try await notes())
    }

    private func notes() async throws(ControlError) -> [ImageNote] {
        var notes: [ImageNote] = []
        for summary in try await keeper.list(.imagenote, limit: .max).reversed() {
            notes.append(try await keeper.load(ImageNote.self, .imagenote, id: summary.id).value)
        }
        return notes
    }

    /// Adds a version. Its parent is the image of the catalogue that it was made from.
    ///
    /// - Parameters:
    ///   - draft: with any id, time, person and parent: those are filled in.
    ///   - person: who adds it.
    ///   - own: by whose name the store's own key is known; nil: it has none. Where users are kept, what another key has signed is added by
    ///     an admin: whoever signs decides what hosts are made from.
    /// - Throws: `conflict` if the catalogue has the same image, by its digest, already.
    public func add(
        _ draft: ImageRecord, by person: Person, signedByOwn own: Digest? = nil
    ) async throws(ControlError) -> ImageRecord {
        if let own, draft.signer == own {
            try await gate.require(.makePatchSet, on: .nowhere, by: person, saying: .nothing)
        } else {
            try await gate.require(.administrate, on: .everywhere, by: person, saying: .nothing)
        }
        let known = try await images()
        if let same = known.first(where: { $0.record.digest == draft.digest && $0.record.name == draft.name }) {
            throw ControlError(
                .conflict, "the catalogue has it already: it is \(same.record.id)",
                hint: "`fettle image show \(same.record.id)` shows it")
        }
        let parent = known.first { $0.record.digest == draft.source }?.record.id
        let time = now()
        return try await keeper.keepNext(as: .image, at: time) { id throws(ControlError) in
            var record = draft
            record.id = ImageID(id)
            record.parent = parent
            record.addedBy = person
            record.addedAt = time
            return record
        }.value
    }

    /// Lets a stage have an image.
    ///
    /// - Parameters:
    ///   - id: the image.
    ///   - stage: where it goes.
    ///   - text: why, in a line.
    ///   - person: who promotes it.
    ///   - policy: the stages, and what each demands.
    /// - Throws: `blocked` with everything that it has not shown.
    public func promote(
        _ id: ImageID, to stage: StageID, text: String, by person: Person, policy: PromotionPolicy
    ) async throws(ControlError) -> ImageNote {
        try await gate.require(.submit, on: Self.scope([stage], policy), by: person, saying: .note(text))
        try await gate.requireAccepted(stages: policy)
        let image = try await image(id)
        let judge = ImageJudge(policy: policy, images: try await images())
        let faults = judge.faults(of: image, to: stage, at: now())
        guard faults.isEmpty else {
            throw ControlError(
                .blocked, "\(id) does not go to \(stage):\n  \(faults.joined(separator: "\n  "))",
                hint: "`fettle image show \(id)` shows where it is")
        }
        return try await write(.promoted, id, stage, text, person)
    }

    /// Ends an image: nothing new is made from it, and its files may be collected.
    ///
    /// - Parameters:
    ///   - id: the image.
    ///   - text: why, in a line.
    ///   - person: who retires it.
    ///   - policy: the stages.
    /// - Throws: `blocked` while a stage would be left without any version of it.
    public func retire(
        _ id: ImageID, text: String, by person: Person, policy: PromotionPolicy
    ) async throws(ControlError) -> ImageNote {
        try await gate.require(.makePatchSet, on: .nowhere, by: person, saying: .note(text))
        let image = try await image(id)
        try await gate.require(.makePatchSet, on: Self.scope(image.stages, policy), by: person, saying: .nothing)
        try await gate.requireAccepted(stages: policy)
        guard image.retiredAt == nil else {
            throw ControlError(.conflict, "\(id) is retired already", hint: "`fettle image show \(id)` shows by whom")
        }
        let holders = ImageJudge(policy: policy, images: try await images()).holders(of: image)
        guard holders.isEmpty else {
            throw ControlError(
                .blocked,
                "\(id) is the only version of \(image.record.name) in \(holders.map(\.rawValue).joined(separator: ", "))",
                hint: "promote another version there first: `fettle image promote IMAGE --to STAGE`")
        }
        return try await write(.retired, id, nil, text, person)
    }

    /// Where these stages are. One that policy does not know, or that is said to be nowhere, is everywhere.
    private static func scope(_ stages: [StageID], _ policy: PromotionPolicy) -> ActScope {
        if stages.isEmpty { return .nowhere }
        var places: [ActPlace] = []
        for stage in stages {
            guard let environments = policy.stage(stage)?.environments, !environments.isEmpty else {
                return .everywhere
            }
            places += environments.map { ActPlace(environment: $0) }
        }
        return .places(places)
    }

    /// Whether this person may remove files of images: asked before the first of them goes.
    ///
    /// - Throws: `blocked`.
    public func requireCollecting(by person: Person) async throws(ControlError) {
        try await gate.require(.makePatchSet, on: .nowhere, by: person, saying: .nothing)
    }

    /// Images whose files may go; oldest first.
    public func collectable(
        afterSeconds seconds: Int, policy: PromotionPolicy
    ) async throws(ControlError) -> [ImageStanding] {
        ImageJudge(policy: policy, images: try await images()).collectable(afterSeconds: seconds, at: now()).reversed()
    }

    /// Says that an image's files are gone.
    ///
    /// - Throws: `blocked` if it is not retired.
    public func collected(_ id: ImageID, by person: Person) async throws(ControlError) -> ImageNote {
        try await requireCollecting(by: person)
        guard try await image(id).retiredAt != nil else { throw ControlError(.blocked, "\(id) is not retired") }
        return try await write(.collected, id, nil, "", person)
    }

    private func write(
        _ kind: ImageNote.Kind, _ image: ImageID, _ stage: StageID?, _ text: String, _ person: Person
    ) async throws(ControlError) -> ImageNote {
        let time = now()
        return try await keeper.keepNext(as: .imagenote, at: time) { id throws(ControlError) in
            ImageNote(id: id, image: image, kind: kind, stage: stage, text: text, by: person, at: time)
        }.value
    }
}
