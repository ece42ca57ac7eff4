import CCurl
import Dispatch
import Synchronization

/// A request and whom to tell.
struct TransferOrder: Sendable {
    let id: UInt64
    let request: HTTPRequest
    let finish: @Sendable (Result<HTTPResponse, HTTPError>) -> Void
}

/// The thread on which libcurl runs: it waits for sockets and for orders, and for nothing else.
final class TransferLoop: Sendable {
    private struct Inbox {
        var orders: [TransferOrder] = []
        var cancellations: [UInt64] = []
        var isStopping = false
        var hasStopped = false
    }

    private let configuration: HTTPClient.Configuration
    private let inbox = Mutex(Inbox())
    // The loop's thread owns the handle. Other threads only call curl_multi_wakeup, the one function that libcurl allows
    // from any thread, and only under the inbox's lock while the loop has not stopped.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer

    /// libcurl asks for this once a process, before anything else.
    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    init?(_ configuration: HTTPClient.Configuration) {
        guard Self.isReady, let multi = curl_multi_init() else { return nil }
        self.multi = multi
        self.configuration = configuration
        let limit = max(1, configuration.maximumConnections)
        throughline_curl_multi_set_number(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, limit)
        throughline_curl_multi_set_number(multi, CURLMOPT_MAXCONNECTS, limit)
        // A serial queue of its own has a thread of its own for as long as its block runs.
        DispatchQueue(label: "throughline.http").async { self.run() }
    }

    /// Takes an order, or returns false when nothing is sent any more.
    func start(_ order: TransferOrder) -> Bool {
        inbox.withLock { inbox in
            guard !inbox.isStopping else { return false }
            inbox.orders.append(order)
            curl_multi_wakeup(multi)
            return true
        }
    }

    func cancel(_ id: UInt64) {
        inbox.withLock { inbox in
            guard !inbox.hasStopped else { return }
            inbox.cancellations.append(id)
            curl_multi_wakeup(multi)
        }
    }

    /// Ends the thread; requests that are on their way fail.
    func stop() {
        inbox.withLock { inbox in
            guard !inbox.isStopping else { return }
            inbox.isStopping = true
            curl_multi_wakeup(multi)
        }
    }

    private func run() {
        var transfers: [UInt64: Transfer] = [:]
        var ids: [UnsafeMutableRawPointer: UInt64] = [:]

        func remove(_ id: UInt64) -> Transfer? {
            guard let transfer = transfers.removeValue(forKey: id) else { return nil }
            ids[transfer.handle] = nil
            curl_multi_remove_handle(multi, transfer.handle)
            return transfer
        }

        func add(_ order: TransferOrder) {
            guard let transfer = Transfer(order, configuration) else {
                let error = HTTPError(.other, url: order.request.url, detail: "libcurl has no memory for a request")
                return order.finish(.failure(error))
            }
            transfers[order.id] = transfer
            ids[transfer.handle] = order.id
            curl_multi_add_handle(multi, transfer.handle)
        }

        // libcurl's own timeout leaves out the wait for a connection, so the time is kept here.
        func expire() {
            let now = ContinuousClock.now
            for (id, transfer) in transfers where transfer.deadline <= now {
                remove(id)?.fail(.timedOut, "there was no whole answer within \(transfer.timeout)")
            }
        }

        func wait() {
            let soonest = transfers.values.map(\.deadline).min() ?? ContinuousClock.now + .seconds(60)
            // Rounded up, so that what is due has passed when the wait is over.
            let milliseconds = ContinuousClock.now.duration(to: soonest).milliseconds + 1
            curl_multi_poll(multi, nil, 0, Int32(clamping: milliseconds), nil)
        }

        var isStopping = false
        while !isStopping {
            let news = inbox.withLock { inbox in
                defer {
                    inbox.orders = []
                    inbox.cancellations = []
                }
                return inbox
            }
            isStopping = news.isStopping
            for order in news.orders { add(order) }
            for id in news.cancellations { remove(id)?.fail(.cancelled, "the task was cancelled") }
            throughline_curl_multi_perform(multi)
            var code = CURLE_OK
            while let handle = throughline_curl_multi_ended(multi, &code) {
                if let id = ids[handle] { remove(id)?.end(code) }
            }
            expire()
            // Nothing is missed in between: a wake-up that comes early ends the next wait.
            if !isStopping { wait() }
        }
        for id in Array(transfers.keys) { remove(id)?.fail(.shutDown, "the client was shut down") }
        let late = inbox.withLock { inbox in
            inbox.hasStopped = true
            return inbox.orders
        }
        for order in late {
            order.finish(.failure(HTTPError(.shutDown, url: order.request.url, detail: "the client was shut down")))
        }
        curl_multi_cleanup(multi)
    }
}
