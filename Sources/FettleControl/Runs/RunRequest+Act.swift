import FettleModel
import FettleStore

extension RunRequest {
    /// Which act it is.
    var act: Act {
        if case .answer = self { return .answerGate }
        return .steer
    }

    /// In whose name it is asked.
    var person: Person {
        switch self {
        case .pause(let person, _), .resume(let person), .abort(let person, _), .rollback(let person, _),
            .retry(let person), .skip(_, let person, _), .rollbackPart(_, let person, _), .retryFailed(_, let person),
            .handOver(let person, _, _), .answer(_, let person, _, _):
            person
        }
    }
}
