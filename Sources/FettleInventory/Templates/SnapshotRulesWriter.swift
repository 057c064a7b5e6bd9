internal import FettleModel

/// Writes `snapshot` of a group as `SnapshotRulesReader` reads it.
enum SnapshotRulesWriter {
    static func lines(_ rules: SnapshotRules) -> [String] {
        [
            "    snapshot:", "      driver: \(YAMLText.scalar(rules.driver))",
            "      leastFree: \(StrategyWriter.quantity(rules.leastFree))", "      keep: \(rules.keepSeconds)s",
            "      oldest: \(rules.oldestSeconds)s", "      mustFreeze: \(rules.mustFreeze)",
            "      mayLoseWrites: \(rules.mayLoseWrites)",
        ]
    }
}
