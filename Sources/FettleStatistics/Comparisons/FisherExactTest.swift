/// Whether a larger part fails here than there, of attempts that each fail or not.
///
/// Source: R. A. Fisher, "On the Interpretation of chi-square from Contingency Tables, and the Calculation of P", Journal
/// of the Royal Statistical Society 85 (1922), 87-94: given all sums of the table, a corner is hypergeometric.
public enum FisherExactTest {
    /// How likely so many failures or more are here, given the sums, if both fail alike. Small: here more fail.
    ///
    /// - Parameters:
    ///   - failures: counted here, of `attempts`.
    ///   - attempts: made here.
    ///   - controlFailures: counted at the control, of `controlAttempts`.
    ///   - controlAttempts: made at the control.
    /// - Returns: nil for what are no such counts.
    public static func higher(
        failures: Int, of attempts: Int, controlFailures: Int, of controlAttempts: Int
    ) -> Double? {
        guard 0...Self.maximum ~= attempts, 0...Self.maximum ~= controlAttempts else { return nil }
        guard failures >= 0, failures <= attempts, controlFailures >= 0, controlFailures <= controlAttempts else {
            return nil
        }
        let table = Table(failures: failures + controlFailures, attempts: attempts, controlAttempts: controlAttempts)
        return table.upperTail(from: failures)
    }

    /// So many attempts still are exact as floating point numbers, whatever they are multiplied with here.
    static let maximum = 1 << 52

    private struct Table {
        /// On both sides.
        let failures: Int
        let attempts: Int
        let controlAttempts: Int

        private var least: Int { max(0, failures - controlAttempts) }
        private var most: Int { min(failures, attempts) }

        func upperTail(from count: Int) -> Double {
            guard count > least else { return 1 }
            let mean = Double(failures) * (Double(attempts) / (Double(attempts) + Double(controlAttempts)))
            if Double(count) >= mean {
                return Tail.sum(from: exactly(count), at: count, through: most) { next(after: $0) }
            }
            // The same seen from the other side, where fewer is more.
            let mirrored = Table(failures: failures, attempts: controlAttempts, controlAttempts: attempts)
            let other = failures - count + 1
            return 1
                - Tail.sum(from: mirrored.exactly(other), at: other, through: mirrored.most) {
                    mirrored.next(after: $0)
                }
        }

        /// A hypergeometric probability by three binomial ones, after Loader.
        private func exactly(_ count: Int) -> Double {
            let all = Double(attempts) + Double(controlAttempts)
            let p = Double(failures) / all
            let q = (all - Double(failures)) / all
            return Binomial.exactly(Double(count), Double(attempts), p, q)
                * Binomial.exactly(Double(failures - count), Double(controlAttempts), p, q)
                / Binomial.exactly(Double(failures), all, p, q)
        }

        private func next(after count: Double) -> Double {
            (Double(attempts) - count) / (count + 1) * (Double(failures) - count)
                / (Double(controlAttempts) - Double(failures) + count + 1)
        }
    }
}
