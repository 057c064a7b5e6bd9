import FettleModel

extension DurationPriors {
    /// The step with what this fleet's history, or else the kind of its machine, says of its duration.
    ///
    /// It is never given less time than before, because a step that is cut off too early leaves more trouble than one that is waited
    /// for. Where policy gives a reboot its time, none is expected to take longer; where it lets a preflight wait for a lock,
    /// it may wait as long as before.
    ///
    /// - Parameters:
    ///   - groups: those of the resource.
    ///   - isTimeGiven: whether the step's time is policy's, and not reckoned from its estimate.
    func learned(
        _ step: Step, on resource: Resource, groups: @autoclosure () -> [GroupID], isTimeGiven: Bool
    ) -> Step {
        var prior = step.estimate
        // Whether a reboot is needed is only asked: that takes as long as ever, but the window must hold a reboot.
        var question: Int?
        if case .reboot = step.action {
            if prior.medianSeconds <= rebootQuestionSeconds {
                question = prior.medianSeconds
                prior.medianSeconds = min(reboot.medianSeconds, prior.p95Seconds)
            }
            prior = longer(prior, reboot(of: MachineClass(resource)))
        }
        var estimate = history.estimate(of: step.action, on: resource, groups: groups(), prior: prior)
        if let question { estimate.medianSeconds = question }
        guard estimate != step.estimate else { return step }
        var step = step
        if !isTimeGiven {
            step.timeoutSeconds = max(step.timeoutSeconds, timeout(estimate))
        } else if case .preflight = step.action {
            step.timeoutSeconds += estimate.p95Seconds - step.estimate.p95Seconds
        }
        estimate.p95Seconds = min(estimate.p95Seconds, step.timeoutSeconds)
        estimate.medianSeconds = min(estimate.medianSeconds, estimate.p95Seconds)
        step.estimate = estimate
        return step
    }

    /// Whether neither history nor the kind of machine says anything of such a step.
    func learnsNothing(of action: StepAction) -> Bool {
        if case .reboot = action { return false }
        return history.isEmpty
    }

    private func reboot(of machine: MachineClass) -> DurationEstimate? {
        switch machine {
        case .general: nil
        case .server: serverReboot
        case .device: deviceReboot
        }
    }

    private func longer(_ one: DurationEstimate, _ other: DurationEstimate?) -> DurationEstimate {
        guard let other else { return one }
        return DurationEstimate(
            medianSeconds: max(one.medianSeconds, other.medianSeconds),
            p95Seconds: max(one.p95Seconds, other.p95Seconds))
    }
}
