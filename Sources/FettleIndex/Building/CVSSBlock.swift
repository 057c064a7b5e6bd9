import FettleModel

/// CVSS ratings inside a block: how many, then for each the vector, the score's bits and the source.
enum CVSSBlock {
    static func append(_ ratings: [CVSSRating], to writer: inout ByteWriter) {
        let kept = ratings.prefix(AdvisoryBlock.mostRatings)
        writer.number(UInt32(kept.count))
        for rating in kept {
            writer.text(rating.vector)
            writer.number((rating.publishedScore ?? .nan).bitPattern)
            writer.text(rating.source)
        }
    }

    static func read(_ cursor: inout BlockCursor) -> [CVSSRating] {
        var ratings: [CVSSRating] = []
        for _ in 0..<cursor.elementCount() {
            let vector = cursor.text()
            let score = Double(bitPattern: cursor.number(UInt64.self))
            ratings.append(
                CVSSRating(vector: vector, publishedScore: score.isNaN ? nil : score, source: cursor.text()))
        }
        return ratings
    }

    static func time(_ milliseconds: Int64) -> Timestamp? {
        milliseconds == AdvisoryBlock.noTime ? nil : Timestamp(milliseconds: milliseconds)
    }
}

/// Classes of updates as numbers in the file; a number, once given, keeps its meaning.
enum UpdateClassCode {
    private static let classes: [UpdateClass] = [.unclassified, .security, .bugfix, .feature, .cosmetic]

    static func code(of updateClass: UpdateClass) -> Int { classes.firstIndex(of: updateClass) ?? 0 }

    static func updateClass(of code: UInt8) -> UpdateClass {
        Int(code) < classes.count ? classes[Int(code)] : .unclassified
    }
}
