import FettleModel
import FettleStore

extension RunWorker {
    /// Renews the lease three times in its length. A store that cannot be used for a while is borne as long as the lease runs.
    func keepLease() async {
        let settings = executor.settings
        var renewedAt = settings.now()
        while !Task.isCancelled {
            guard (try? await settings.sleep(Int64(settings.leaseSeconds) * 1000 / 3)) != nil else { return }
            let now = settings.now()
            do throws(StoreError) {
                try await renewLease()
                renewedAt = now
            } catch {
                let hasRunOut = now >= renewedAt.adding(seconds: settings.leaseSeconds)
                if error.code != .unavailable || hasRunOut { return stop(on: error, doing: "renewing the lease") }
            }
        }
    }

    func renewLease() async throws(StoreError) {
        let (settings, asked) = (executor.settings, lease.now)
        try await executor.store.renew(claim, at: settings.now(), leaseSeconds: settings.leaseSeconds)
        lease.renewed(at: asked)
    }

    /// Looks for what people ask of the run. Whether the store can be used is `keepLease`'s to judge.
    func pollRequests() async {
        let settings = executor.settings
        while !Task.isCancelled {
            do throws(StoreError) {
                let requests = try await executor.store.requests(to: claim.run)
                if !requests.isEmpty { post.yield(.requests(requests)) }
            } catch {
                if error.code != .unavailable { return stop(on: error, doing: "reading requests") }
            }
            guard (try? await settings.sleep(Int64(settings.requestPollMilliseconds))) != nil else { return }
        }
    }

    /// Runs `work` for `seconds` at most. After that, or when this task is cancelled, `work` is cancelled and awaited for the
    /// grace that the settings give; then it is left alone and its result ignored.
    /// - Returns: nil if the time was not enough.
    func limited<Value: Sendable>(
        seconds: Int, _ work: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let answer = FirstAnswer<Value>()
        let sleep = executor.settings.sleep
        let grace = Int64(executor.settings.cancellationGraceSeconds) * 1000
        let task = Task { answer.give(await work()) }
        let timer = Task {
            guard (try? await sleep(Int64(max(1, seconds)) * 1000)) != nil else { return }
            answer.close()
            task.cancel()
            guard (try? await sleep(grace)) != nil else { return }
            answer.giveUp()
        }
        let value = await withTaskCancellationHandler {
            await answer.value
        } onCancel: {
            task.cancel()
            Task {
                _ = try? await sleep(grace)
                answer.giveUp()
            }
        }
        timer.cancel()
        return value
    }
}
