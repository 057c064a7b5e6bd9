import CLibPQ
import FettleStore
import Foundation

/// One libpq connection in non-blocking mode. Not for two threads at once: it belongs to a `PostgresSession`.
///
/// Every wait ends by a deadline on this side too: a server that neither answers nor hangs up must not hold a run.
final class PostgresConnection {
    private let handle: OpaquePointer
    /// How long the answer to one statement may take.
    var answerSeconds = 20

    /// - Throws: `PostgresFailure` with `unreachable`.
    init(_ settings: [PostgresAddress.Setting]) throws {
        let keywords = settings.map { strdup($0.keyword) }
        let values = settings.map { strdup($0.value) }
        defer { for text in keywords + values { free(text) } }
        let opened = PQconnectdbParams(
            keywords.map { UnsafePointer($0) } + [nil], values.map { UnsafePointer($0) } + [nil], 0)
        guard let opened else { throw PostgresFailure(.unreachable(.other), "out of memory") }
        handle = opened
        guard PQstatus(opened) == CONNECTION_OK else {
            let access: PostgresFailure.Access =
                PQconnectionNeedsPassword(opened) == 1
                ? .passwordMissing : PQconnectionUsedPassword(opened) == 1 ? .passwordRefused : .other
            throw PostgresFailure(.unreachable(access), String(cString: PQerrorMessage(opened)))
        }
        // Notices would go to standard error, into the middle of whatever a command shows.
        PQsetNoticeProcessor(opened, { _, _ in }, nil)
        PQsetnonblocking(opened, 1)
    }

    deinit { PQfinish(handle) }

    var isUsable: Bool { PQstatus(handle) == CONNECTION_OK }

    /// Such as 150018 for 15.18.
    var serverVersion: Int { Int(PQserverVersion(handle)) }

    /// What the server told about itself when the connection was made, such as `server_encoding`.
    func parameter(_ name: String) -> String? { PQparameterStatus(handle, name).map { String(cString: $0) } }

    /// PostgreSQL's own limit for a value is 1 GiB, and it is held in memory more than once on the way.
    private static let largestValue = 1 << 29

    /// One statement with its values.
    @discardableResult
    func execute(_ statement: String, _ values: [PostgresValue] = []) throws -> PostgresRows {
        let encoded = values.map(\.encoded)
        guard encoded.allSatisfy({ $0.count <= Self.largestValue }) else {
            throw StoreError(.unavailable, "a value of more than 512 MiB is not kept")
        }
        // One buffer holds all values: their addresses stay as they are while libpq copies them. An empty value needs an
        // address too, as none means NULL: hence one byte more.
        let joined = Array(encoded.joined()) + [0]
        let isSent = joined.withUnsafeBytes { buffer in
            var offset = 0
            var addresses: [UnsafePointer<CChar>?] = []
            for value in encoded {
                addresses.append(buffer.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self))
                offset += value.count
            }
            return PQsendQueryParams(
                handle, statement, Int32(values.count), values.map(\.type), addresses,
                encoded.map { Int32($0.count) }, values.map { _ in 1 }, 1)
        }
        return try answer(isSent: isSent, seconds: answerSeconds)
    }

    /// Several statements without values, separated by semicolons: outside a transaction they are one. Their rows are in
    /// PostgreSQL's text format and so not to be read here.
    func executeScript(_ statements: String, seconds: Int? = nil) throws {
        _ = try answer(isSent: PQsendQuery(handle, statements), seconds: seconds ?? answerSeconds)
    }

    // MARK: Waiting

    private func answer(isSent: Int32, seconds: Int) throws -> PostgresRows {
        guard isSent == 1 else { throw lost() }
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            let flushed = PQflush(handle)
            if flushed == 0 { break }
            guard flushed == 1 else { throw lost() }
            try wait(for: Int16(POLLIN | POLLOUT), until: deadline)
        }
        var last: PostgresRows?
        var refusal: PostgresFailure?
        while true {
            while PQisBusy(handle) == 1 { try wait(for: Int16(POLLIN), until: deadline) }
            guard let result = PQgetResult(handle) else { break }
            let rows = PostgresRows(result)
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: last = rows
            default: refusal = refusal ?? failure(of: result)
            }
        }
        if let refusal { throw refusal }
        guard let last else { throw lost() }
        return last
    }

    private func wait(for events: Int16, until deadline: ContinuousClock.Instant) throws {
        let left = deadline - .now
        guard left > .zero else { throw PostgresFailure(.silent, "the server did not answer in time") }
        var descriptor = pollfd(fd: PQsocket(handle), events: events, revents: 0)
        let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
        let ready = poll(&descriptor, 1, Int32(clamping: milliseconds + 1))
        guard ready >= 0 || errno == EINTR else { throw lost() }
        // Input is taken in while output waits too, or both sides could wait for each other.
        if ready > 0, descriptor.revents & ~Int16(POLLOUT) != 0, PQconsumeInput(handle) == 0 { throw lost() }
    }

    private func failure(of result: OpaquePointer) -> PostgresFailure {
        // Only the first line of what the server says: details and context quote the values.
        let words = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
        guard let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map({ String(cString: $0) }) else {
            return lost()
        }
        return PostgresFailure(.server(state: state), words ?? "no reason given")
    }

    private func lost() -> PostgresFailure { PostgresFailure(.lost, String(cString: PQerrorMessage(handle))) }
}
