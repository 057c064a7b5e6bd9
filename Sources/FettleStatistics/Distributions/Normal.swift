internal import Foundation

/// The standard normal distribution.
public enum Normal {
    /// The probability of a value above `z`. Exact to the last digits far out as well, where `1 - cdf` would be 0.
    public static func upperTail(_ z: Double) -> Double { erfc(z / 2.0.squareRoot()) / 2 }

    /// The value that a standard normal one stays below with this probability: -infinity for 0, infinity for 1.
    ///
    /// Source: M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics
    /// 37 (1988), 477-484, its routine PPND16, good to about 16 digits.
    ///
    /// - Parameter probability: from 0 to 1; anything else gives NaN.
    public static func quantile(_ probability: Double) -> Double {
        guard probability > 0, probability < 1 else {
            return probability == 0 ? -.infinity : probability == 1 ? .infinity : .nan
        }
        let distance = probability - 0.5
        guard abs(distance) > 0.425 else {
            let r = 0.180625 - distance * distance
            return distance * polynomial(Wichura.a, r) / polynomial(Wichura.b, r)
        }
        let tail = min(probability, 1 - probability)
        let r = (-log(tail)).squareRoot()
        let value =
            r <= 5
            ? polynomial(Wichura.c, r - 1.6) / polynomial(Wichura.d, r - 1.6)
            : polynomial(Wichura.e, r - 5) / polynomial(Wichura.f, r - 5)
        return distance < 0 ? -value : value
    }

    /// - Parameter coefficients: that of the highest power first.
    private static func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
        coefficients.reduce(0) { $0 * x + $1 }
    }

    /// The coefficients of the article, highest power first.
    private enum Wichura {
        static let a = [
            2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
            13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
        ]
        static let b = [
            5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
            5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1,
        ]
        static let c = [
            7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
            3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
        ]
        static let d = [
            1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
            0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1,
        ]
        static let e = [
            2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
            0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772,
        ]
        static let f = [
            2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
            0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1,
        ]
    }
}
