public import FettleModel

/// What is believed of a probability of failure: a Beta distribution, which a failure or a success seen moves by one.
/// Source: Gelman et al., "Bayesian Data Analysis", 3rd edition, 2.4 (the conjugate prior of binomial data),
/// http://www.stat.columbia.edu/~gelman/book/
public struct BetaPosterior: Codable, Sendable, Equatable {
    /// Both above 0.
    public var alpha: Double
    public var beta: Double

    /// - Parameters failures, successes: below 0 count as 0.
    public init(prior: PatchingPolicy.Prior, failures: Int, successes: Int) {
        let weight = RiskMath.bounded(prior.weight, 0.01...1e9)
        let probability = RiskMath.bounded(prior.probability, 1e-6...(1 - 1e-6))
        alpha = probability * weight + Double(max(0, failures))
        beta = (1 - probability) * weight + Double(max(0, successes))
    }

    public var mean: Double { alpha / (alpha + beta) }

    public var standardDeviation: Double {
        let weight = alpha + beta
        return (mean * (1 - mean) / (weight + 1)).squareRoot()
    }
}
