import ThroughlineModel

/// The keys that spans of messaging have, as literals: counting references to a literal costs nothing, and a span that
/// is read, stored and forgotten would be counted through for each of its keys.
enum WellKnownKeys {
    /// Each key under itself.
    static let text = Dictionary(uniqueKeysWithValues: (messaging + throughline + resource).map { ($0, $0) })

    private static let messaging = [
        MessagingAttribute.system, MessagingAttribute.operationName, MessagingAttribute.operationType,
        MessagingAttribute.destinationName, MessagingAttribute.destinationTemplate,
        MessagingAttribute.destinationAnonymous, MessagingAttribute.destinationTemporary,
        MessagingAttribute.partitionID, MessagingAttribute.subscriptionName, MessagingAttribute.consumerGroup,
        MessagingAttribute.clientID, MessagingAttribute.messageID, MessagingAttribute.conversationID,
        MessagingAttribute.bodySize, MessagingAttribute.envelopeSize, MessagingAttribute.batchMessageCount,
        MessagingAttribute.kafkaMessageKey, MessagingAttribute.kafkaOffset, MessagingAttribute.kafkaTombstone,
        MessagingAttribute.errorType, MessagingAttribute.serverAddress, MessagingAttribute.serverPort,
    ]

    private static let throughline = [
        ThroughlineAttribute.causationID, ThroughlineAttribute.causationIDs, ThroughlineAttribute.messageType,
        ThroughlineAttribute.messageIntent, ThroughlineAttribute.attempt, ThroughlineAttribute.settlement,
        ThroughlineAttribute.enqueuedTime, ThroughlineAttribute.queueTime, ThroughlineAttribute.linkType,
        ThroughlineAttribute.deadLetterReason, ThroughlineAttribute.deadLetterException,
        ThroughlineAttribute.deadLetterOrigin, ThroughlineAttribute.deadLetterGroup,
        ThroughlineAttribute.deadLetterAttempts, ThroughlineAttribute.deadLetterFirstFailure,
        ThroughlineAttribute.deadLetterLastFailure, ThroughlineAttribute.replay, ThroughlineAttribute.replayCount,
        ThroughlineAttribute.appendedTime, ThroughlineAttribute.dwellTime, ThroughlineAttribute.dueTime,
        ThroughlineAttribute.sagaType, ThroughlineAttribute.sagaID, ThroughlineAttribute.sagaStep,
        ThroughlineAttribute.sagaState, ThroughlineAttribute.sagaCompensation, ThroughlineAttribute.sagaStepFailed,
        ThroughlineAttribute.eventScope, ThroughlineAttribute.schemaVersion, ThroughlineAttribute.payloadFingerprint,
    ]

    private static let resource = [
        ResourceAttribute.serviceName, ResourceAttribute.serviceVersion, ResourceAttribute.serviceNamespace,
        ResourceAttribute.serviceInstanceID, ResourceAttribute.hostName, ResourceAttribute.processID,
        ResourceAttribute.sdkName, ResourceAttribute.sdkLanguage, ResourceAttribute.sdkVersion,
    ]
}
