internal import FettleModel

/// Writes a strategy as `fleet.yaml` has it.
enum StrategyWriter {
    static func lines(_ strategy: Strategy) -> [String] {
        switch strategy {
        case .allAtOnce: return ["    strategy: allAtOnce"]
        case .rolling(let most, let surge):
            let settings = [("maxUnavailable", quantity(most))]
            return Self.settings("rolling", settings + (surge.map { [("maxSurge", quantity($0))] } ?? []))
        case .canary(let first, let bakeSeconds, let most, let growth, let judging):
            let settings = [
                ("first", quantity(first)), ("bake", "\(bakeSeconds)s"), ("maxUnavailable", quantity(most)),
            ]
            let waves = growth > 1 ? [("growth", String(growth))] : []
            return Self.settings("canary", settings + waves + (judging.map(Self.judging) ?? []))
        case .oneSideAtATime(let bakeSeconds): return settings("oneSideAtATime", [("bake", "\(bakeSeconds)s")])
        case .replicasFirst(let most): return settings("replicasFirst", [("maxUnavailable", quantity(most))])
        case .evacuate(let most): return settings("evacuate", [("maxUnavailable", quantity(most))])
        case .blueGreen(let active, let keepSeconds, let then):
            // The side's name may hold what ends a flow: each setting stands in a line of its own.
            return [
                "    strategy:", "      blueGreen:", "        active: \(YAMLText.scalar(active))",
                "        keep: \(keepSeconds)s", "        then: \(then.rawValue)",
            ]
        case .throughController(let controller, let atOnce):
            return settings(
                "throughController",
                [("controller", YAMLText.scalar(controller.rawValue)), ("atOnce", quantity(atOnce))])
        case .replace(let image, let most, let surge, let machines?):
            return replace(image, most, surge, machines)
        case .replace(let image, let most, let surge, nil):
            let settings = [("image", YAMLText.scalar(image)), ("maxUnavailable", quantity(most))]
            return Self.settings("replace", settings + (surge == .count(0) ? [] : [("maxSurge", quantity(surge))]))
        }
    }

    private static func replace(
        _ image: String, _ most: Quantity, _ surge: Quantity, _ machines: ImageMachines
    ) -> [String] {
        [
            "    strategy:", "      replace:", "        image: \(YAMLText.scalar(image))",
            "        maxUnavailable: \(quantity(most))",
        ] + (surge == .count(0) ? [] : ["        maxSurge: \(quantity(surge))"]) + [
            "        machines:", "          driver: \(YAMLText.scalar(machines.driver))",
            "          images: \(YAMLText.scalar(machines.images))", "          bake: \(machines.bakeSeconds)s",
            "          keep: \(machines.keepSeconds)s",
        ]
    }

    private static func judging(_ judging: CanaryJudging) -> [(String, String)] {
        let isPlain =
            judging.controls == nil && judging.extendUntilSeconds == nil && judging.restartsControls == nil
            && judging.watchesRest == nil
        let method = judging.method == .compared && !isPlain ? [] : [("judge", judging.method.rawValue)]
        return method + (judging.controls.map { [("control", String($0))] } ?? [])
            + (judging.restartsControls.map { [("restartControl", String($0))] } ?? [])
            + (judging.watchesRest.map { [("watchRest", String($0))] } ?? [])
            + (judging.extendUntilSeconds.map { [("extendUntil", "\($0)s")] } ?? [])
    }

    private static func settings(_ name: String, _ settings: [(String, String)]) -> [String] {
        let words = settings.map { "\($0.0): \($0.1)" }.joined(separator: ", ")
        return ["    strategy: {\(name): {\(words)}}"]
    }

    static func quantity(_ quantity: Quantity) -> String {
        switch quantity {
        case .count(let count): String(count)
        case .percent(let percent): "\"\(percent)%\""
        }
    }
}
