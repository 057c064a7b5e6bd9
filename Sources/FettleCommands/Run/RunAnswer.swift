import FettleControl
import FettleExecution
import FettleModel
import FettleReporting
import FettleStore

/// What `run start` and `run resume` answer in JSON, however it ends.
struct RunAnswer: Encodable {
    enum State: String, Encodable {
        case succeeded, rolledBack, failed
        /// Only a person can help it on.
        case awaitingHuman
        case paused
        /// Left to another process, which goes on with `run resume`.
        case handedOver
        /// Another process carries it out.
        case inProgress
    }

    var run: RunID
    var change: ChangeID
    var state: State
    /// Why it was rolled back, failed, waits or is paused.
    var reason: String?
    /// The process that goes on with it, if that is another one.
    var executor: String?
    /// Out of traffic now, quarantined ones among them.
    var out: [ResourceID]
    var quarantined: [QuarantineEntry]
    /// Gates that ask a person now; each is answered by `fettle run gate`.
    var questions: [StepID]
    /// What was seen afterwards; nil if nobody looked.
    var report: RunReport?

    init(_ story: RunService.Story, report: RunReport?, goesOnIn executor: String? = nil) {
        run = story.summary.run
        change = story.summary.change
        self.executor = executor
        out = story.state.out
        quarantined = story.state.quarantined
        questions = story.state.questions.map(\.step)
        self.report = report
        switch story.state.outcome {
        case .succeeded: state = .succeeded
        case .rolledBack(let reason): (state, self.reason) = (.rolledBack, reason)
        case .failed(let reason): (state, self.reason) = (.failed, reason)
        case nil where executor != nil: state = .inProgress
        case nil:
            if let handOver = story.state.handOver, story.summary.executor == nil {
                (state, reason) = (.handedOver, handOver.reason)
            } else if let pause = story.state.pause {
                (state, reason) = (.paused, pause.reason)
            } else if let awaiting = story.state.awaitingHuman {
                (state, reason) = (.awaitingHuman, awaiting)
            } else {
                state = .inProgress
            }
        }
    }

    /// The documented exit code.
    var status: ExitStatus {
        switch state {
        case .succeeded: .ok
        case .rolledBack: .rolledBack
        case .failed: .failure
        case .awaitingHuman, .paused, .handedOver: .partial
        case .inProgress: .ok
        }
    }
}
