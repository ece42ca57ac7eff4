import ThroughlineModel
import Tracing

/// A workflow of several steps across services, each of which can be undone: what a flow shows of it.
///
/// ```swift
/// let saga = Saga("OrderFulfilment", id: "1042")
/// try await saga.step("charge card", state: "charged") { try await cards.charge(order) }
/// try await saga.compensate("charge card", state: "refunded") { try await cards.refund(order) }
/// ```
///
/// It records and decides nothing: the application owns the saga's state. The attributes go on the span of the message
/// that is being handled, and on the spans of everything published within the step.
public struct Saga: Hashable, Sendable {
    /// What kind of workflow, such as `OrderFulfilment`.
    public let type: String
    /// Tells this run of it from others.
    public let id: String

    /// Names a saga.
    public init(_ type: String, id: String) {
        self.type = type
        self.id = id
    }

    /// Carries out a step.
    ///
    /// - Parameters:
    ///   - name: The step.
    ///   - state: The state of the saga once the step is done.
    ///   - body: The work.
    /// - Returns: What `body` returned.
    /// - Throws: What `body` threw; the span then says that the step failed, and no new state.
    public func step<Result>(
        _ name: String, state: String? = nil, _ body: () async throws -> Result
    ) async rethrows -> Result {
        try await run(SagaStep(saga: self, name: name, isCompensation: false), state, body)
    }

    /// Undoes a step that was carried out before.
    ///
    /// - Parameters:
    ///   - name: The step that is undone.
    ///   - state: The state of the saga once it is undone.
    ///   - body: The work.
    /// - Returns: What `body` returned.
    /// - Throws: As ``step(_:state:_:)``.
    public func compensate<Result>(
        _ name: String, state: String? = nil, _ body: () async throws -> Result
    ) async rethrows -> Result {
        try await run(SagaStep(saga: self, name: name, isCompensation: true), state, body)
    }

    private func run<Result>(
        _ step: SagaStep, _ state: String?, _ body: () async throws -> Result
    ) async rethrows -> Result {
        var context = ServiceContext.current ?? .topLevel
        let span = context.handling?.span
        context.sagaStep = step
        span?.updateAttributes { $0.set(step) }
        let result: Result
        do {
            result = try await ServiceContext.withValue(context, operation: body)
        } catch {
            span?.updateAttributes { $0.set(ThroughlineAttribute.sagaStepFailed, value: .bool(true)) }
            throw error
        }
        if let state { span?.updateAttributes { $0.set(ThroughlineAttribute.sagaState, value: .string(state)) } }
        return result
    }
}

/// The step that the current task carries out.
struct SagaStep: Hashable, Sendable {
    let saga: Saga
    let name: String
    let isCompensation: Bool
}

/// The span of the message or batch that the current task handles.
struct Handling: Sendable {
    let span: any Span
}

private enum SagaStepKey: ServiceContextKey {
    typealias Value = SagaStep
    static var nameOverride: String? { "throughline-saga" }
}

private enum HandlingKey: ServiceContextKey {
    typealias Value = Handling
    static var nameOverride: String? { "throughline-handling" }
}

extension ServiceContext {
    var sagaStep: SagaStep? {
        get { self[SagaStepKey.self] }
        set { self[SagaStepKey.self] = newValue }
    }

    var handling: Handling? {
        get { self[HandlingKey.self] }
        set { self[HandlingKey.self] = newValue }
    }
}

extension SpanAttributes {
    mutating func set(_ step: SagaStep) {
        set(ThroughlineAttribute.sagaType, value: .string(step.saga.type))
        set(ThroughlineAttribute.sagaID, value: .string(step.saga.id))
        set(ThroughlineAttribute.sagaStep, value: .string(step.name))
        if step.isCompensation { set(ThroughlineAttribute.sagaCompensation, value: .bool(true)) }
    }
}
