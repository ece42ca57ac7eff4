import ArgumentParser
import Foundation
import ThroughlineStore

/// What happened because of this message?
@main
struct ThroughlineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "throughline",
        abstract: "What happened because of this message?",
        discussion: """
            Puts the flows of an event-driven system back together from a trace store: across services, traces, \
            retries and dead letters.

            Exit codes: 0 done, 1 not found or check failed, 2 wrong usage, 3 store unusable, 4 cannot listen, \
            5 an id belongs to several flows, 6 not all was exported, 7 the output cannot be written.
            """,
        version: "0.1.0",
        subcommands: [
            Demo.self, FlowCommand.self, Flows.self, Map.self, Tail.self, Serve.self, Import.self, Export.self,
            Prune.self, Doctor.self,
        ])

    static func main() async {
        StandardStreams.fillGaps()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            try StandardStreams.flush()
        } catch let error as Failure {
            leave(error.code, saying: error.message)
        } catch let error as StoreError {
            leave(.storeUnusable, saying: error.message)
        } catch {
            let text = fullMessage(for: error)
            if exitCode(for: error).isSuccess {
                print(text)
                do throws(Failure) { try StandardStreams.flush() } catch { leave(error.code, saying: error.message) }
                Foundation.exit(0)
            }
            let isUsage = exitCode(for: error) == .validationFailure
            Output.complain(text + "\n")
            Foundation.exit(isUsage ? Failure.Code.usage.rawValue : Failure.Code.notFound.rawValue)
        }
    }

    private static func leave(_ code: Failure.Code, saying message: String) -> Never {
        Output.note(message)
        Foundation.exit(code.rawValue)
    }
}

/// An end other than success, in words for the person who asked.
struct Failure: Error {
    /// The words that scripts rely on.
    enum Code: Int32 {
        case notFound = 1
        case usage = 2
        case storeUnusable = 3
        case cannotListen = 4
        case severalFlows = 5
        case undelivered = 6
        case unwritable = 7
    }

    let code: Code
    let message: String

    static func notFound(_ message: String) -> Failure { Failure(code: .notFound, message: message) }
}
