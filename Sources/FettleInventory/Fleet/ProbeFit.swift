internal import FettleModel

/// Whether a probe's settings go together: what could never pass, or would prove nothing, is told when it is written.
struct ProbeFit {
    let reading: Reading
    let isOfGroup: Bool

    func judge(_ probe: Probe, _ fields: Fields, at place: Place) {
        let isRange = probe.rangeSeconds != nil
        let needed = isRange ? 0 : (probe.samples - 1) * probe.intervalSeconds
        if needed >= probe.deadlineSeconds {
            reading.problem(
                "\(probe.samples) samples \(probe.intervalSeconds)s apart never end within the deadline of "
                    + "\(probe.deadlineSeconds)s", at: fields["deadline"]?.place ?? place,
                hint: "a deadline above \(needed)s")
        }
        if let age = probe.maximumAgeSeconds, needed > age {
            reading.problem(
                "of \(probe.samples) samples \(probe.intervalSeconds)s apart the first is older than the maximumAge of "
                    + "\(age)s", at: fields["maximumAge"]?.place ?? place, hint: "a maximumAge of at least \(needed)s")
        }
        if case .prometheus(let question) = probe.check { judge(question, probe, fields, at: place) }
        if isOfGroup { judgeGroup(probe, at: place) }
    }

    /// Little data and old data look well: how much and how old is said, not taken for granted.
    private func judge(_ question: PrometheusQuestion, _ probe: Probe, _ fields: Fields, at place: Place) {
        for key in ["samples", "maximumAge"] where fields[key] == nil {
            reading.problem(
                "a probe with prometheus needs '\(key)'", at: place,
                hint: key == "samples"
                    ? "how many values must be there" : "how old the newest sample may be, such as 1m")
        }
        guard let over = question.overSeconds else { return }
        let most = over / max(1, question.stepSeconds) + 1
        if probe.samples > most {
            reading.problem(
                "over \(over)s there are at most \(most) values \(question.stepSeconds)s apart, not \(probe.samples)",
                at: fields["samples"]?.place ?? place, hint: "fewer samples, a longer 'over' or a shorter 'step'")
        }
        // Only what was measured since the act counts, so that the samples have to come in first.
        let collecting = (probe.samples - 1) * question.stepSeconds
        if collecting >= probe.deadlineSeconds {
            reading.problem(
                "\(probe.samples) values \(question.stepSeconds)s apart are not there by the deadline of "
                    + "\(probe.deadlineSeconds)s", at: fields["deadline"]?.place ?? place,
                hint: "a deadline above \(collecting)s")
        }
        if let age = probe.maximumAgeSeconds, age < question.stepSeconds {
            reading.problem(
                "values \(question.stepSeconds)s apart are older than the maximumAge of \(age)s",
                at: fields["maximumAge"]?.place ?? place, hint: "at least \(question.stepSeconds)s")
        }
    }

    /// Asked once, of no member: what speaks of one cannot be asked.
    private func judgeGroup(_ probe: Probe, at place: Place) {
        let problem: String?
        switch probe.check {
        case .http(let url, _, _): problem = Self.member(in: [url])
        case .prometheus(let question): problem = Self.member(in: [question.url, question.query])
        case .cluster(.patroni(let url, _, _)): problem = Self.member(in: [url])
        case .tls(let host, _, _, _, _): problem = host == nil ? "has no 'host'" : nil
        case .manual: problem = nil
        case .tcp, .systemdUnit, .command, .log, .balancer, .cluster(.command): problem = "is asked of a member"
        }
        guard let problem else { return }
        reading.problem(
            "a probe of 'groupProbes' \(problem)", at: place,
            hint:
                "it is asked once for the whole group: http, tls, prometheus, cluster or manual, of an address of its "
                + "own")
    }

    private static func member(in texts: [String]) -> String? {
        texts.contains { $0.contains("{host}") || $0.contains("{id}") } ? "speaks of a member's {host} or {id}" : nil
    }
}

extension Probe {
    /// How far back a range reaches; nil for all but ranges of Prometheus.
    var rangeSeconds: Int? {
        guard case .prometheus(let question) = check else { return nil }
        return question.overSeconds
    }
}
