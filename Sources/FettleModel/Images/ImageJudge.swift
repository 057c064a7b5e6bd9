/// Whether an image may be promoted, retired or collected: pure, so that the same catalogue gives the same answer to whoever asks.
public struct ImageJudge: Sendable {
    public var policy: PromotionPolicy
    /// Every image of the catalogue.
    public var images: [ImageStanding]

    /// - Parameters:
    ///   - policy: the stages, and what each demands.
    ///   - images: all of the catalogue.
    public init(policy: PromotionPolicy, images: [ImageStanding]) {
        self.policy = policy
        self.images = images
    }

    /// Everything that stands in the way of a promotion, in words; empty: it may go.
    ///
    /// Of what a stage demands (`promotion` of the policy) time to soak is judged. Runs, hosts, canaries, gates and sign-offs are shown
    /// by runs that replace machines, and none does that yet: an image is only held to its boot test instead.
    ///
    /// - Parameters:
    ///   - image: which.
    ///   - stage: where it would go.
    ///   - time: up to which soaking is counted.
    public func faults(of image: ImageStanding, to stage: StageID, at time: Timestamp) -> [String] {
        guard policy.stage(stage) != nil else {
            let known = policy.stages.map(\.id.rawValue).joined(separator: ", ")
            return ["there is no stage \(stage); there are: \(known)"]
        }
        var faults: [String] = []
        if image.promoted(to: stage) != nil { faults.append("\(image.record.id) is in \(stage) already") }
        if image.retiredAt != nil { faults.append("\(image.record.id) is retired") }
        if !image.record.isBootTested { faults.append("\(image.record.id) has passed no boot test") }
        for (before, criteria) in policy.path(to: stage, lane: .normal) {
            guard let since = image.promoted(to: before.id) else {
                faults.append("it was not promoted to \(before.id), which comes before \(stage)")
                continue
            }
            let soaked = Int(time.seconds(since: since))
            if soaked < criteria.soakSeconds {
                faults.append(
                    "it has been in \(before.id) for \(max(0, soaked)) s of the \(criteria.soakSeconds) s that are demanded"
                )
            }
        }
        return faults
    }

    /// The version of an image that a stage has now: the one that was promoted to it last and is not retired.
    public func current(_ name: String, in stage: StageID) -> ImageStanding? {
        images.filter { $0.record.name == name && $0.retiredAt == nil }
            .compactMap { image in image.promoted(to: stage).map { (image, $0) } }
            .max { ($0.1, $0.0.record.id.rawValue) < ($1.1, $1.0.record.id.rawValue) }?.0
    }

    /// Stages that would be left without any version of this image if it were retired; sorted as they are declared. Where an earlier one
    /// remains, the stage has that again.
    public func holders(of image: ImageStanding) -> [StageID] {
        let (id, name) = (image.record.id, image.record.name)
        let others = ImageJudge(policy: policy, images: images.filter { $0.record.id != id })
        return policy.stages.map(\.id).filter { stage in
            current(name, in: stage)?.record.id == id && others.current(name, in: stage) == nil
        }
    }

    /// Images whose files may go: retired for so long, and not collected yet.
    ///
    /// - Parameters:
    ///   - seconds: since it was retired.
    ///   - time: now.
    public func collectable(afterSeconds seconds: Int, at time: Timestamp) -> [ImageStanding] {
        images.filter { image in
            guard let retired = image.retiredAt, !image.isCollected else { return false }
            return Int(time.seconds(since: retired)) >= seconds
        }
    }
}
