/// The colour of a step in charts: what it does to whoever uses the host.
enum StepTone: String, CaseIterable {
    case wait, drain, patch, reboot, gate, back, failed

    /// - Parameter name: as `StepAction.name` has it.
    init(name: String) {
        switch name {
        case "drain", "restore", "take out", "bring back", "evacuate", "bring home", "hand over", "switch traffic",
            "confirm traffic":
            self = .drain
        case "patch", "return", "restart services", "upgrade through controller", "replace image", "revert", "retire":
            self = .patch
        case "reboot": self = .reboot
        case "gate", "bake", "verify", "group gate": self = .gate
        default: self = .wait
        }
    }

    var words: String {
        switch self {
        case .wait: "prepare"
        case .drain: "drain and restore"
        case .patch: "patch and restart"
        case .reboot: "reboot"
        case .gate: "gate, bake, verify"
        case .back: "way back"
        case .failed: "failed"
        }
    }

    var css: HTMLText { HTMLText(source: rawValue) }

    static func legend(_ tones: [StepTone]) -> HTMLText {
        let items = tones.map { tone -> HTMLText in "<i class=\"\(tone.css)\"></i>\(tone.words)" }
        return HTMLText(source: items.map(\.source).joined(separator: " "))
    }
}
