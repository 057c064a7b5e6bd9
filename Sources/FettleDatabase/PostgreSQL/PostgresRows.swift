import CLibPQ

/// The answer to one statement, in binary. Every access is checked: the server's word for a column's type and length is not
/// taken for granted.
final class PostgresRows {
    private let result: OpaquePointer

    /// Takes the result over.
    init(_ result: OpaquePointer) { self.result = result }

    deinit { PQclear(result) }

    var count: Int { Int(PQntuples(result)) }

    /// How many rows a statement wrote.
    var affected: Int { Int(String(cString: PQcmdTuples(result))) ?? 0 }

    /// What was done, such as `COMMIT` or `INSERT 0 1`.
    var tag: String { String(cString: PQcmdStatus(result)) }

    func integer(_ row: Int, _ column: Int) throws -> Int64 {
        guard let value = try optionalInteger(row, column) else { throw Self.unexpected(column) }
        return value
    }

    func optionalInteger(_ row: Int, _ column: Int) throws -> Int64? {
        try cell(row, column, type: PostgresType.int8).map { bytes in
            guard bytes.count == 8 else { throw Self.unexpected(column) }
            return bytes.reduce(0) { $0 << 8 | Int64($1) }
        }
    }

    func bool(_ row: Int, _ column: Int) throws -> Bool {
        guard let bytes = try cell(row, column, type: PostgresType.bool), bytes.count == 1 else {
            throw Self.unexpected(column)
        }
        return bytes[0] != 0
    }

    func text(_ row: Int, _ column: Int) throws -> String {
        guard let text = try optionalText(row, column) else { throw Self.unexpected(column) }
        return text
    }

    func optionalText(_ row: Int, _ column: Int) throws -> String? {
        try cell(row, column, type: PostgresType.text).map { String(decoding: $0, as: UTF8.self) }
    }

    func bytes(_ row: Int, _ column: Int) throws -> [UInt8] {
        guard let bytes = try optionalBytes(row, column) else { throw Self.unexpected(column) }
        return bytes
    }

    func optionalBytes(_ row: Int, _ column: Int) throws -> [UInt8]? {
        try cell(row, column, type: PostgresType.bytea).map { Array($0) }
    }

    /// nil: NULL.
    private func cell(_ row: Int, _ column: Int, type: UInt32) throws -> UnsafeRawBufferPointer? {
        let (row, column) = (Int32(row), Int32(column))
        guard row < PQntuples(result), column < PQnfields(result), PQftype(result, column) == type,
            PQfformat(result, column) == 1
        else { throw Self.unexpected(Int(column)) }
        guard PQgetisnull(result, row, column) == 0 else { return nil }
        return UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
    }

    private static func unexpected(_ column: Int) -> PostgresFailure {
        PostgresFailure(.malformed, "the server's answer does not have the shape that was asked for (column \(column))")
    }
}
