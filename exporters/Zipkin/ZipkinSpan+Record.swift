import ThroughlineModel

extension ZipkinSpan {
    /// The span as OpenTelemetry has it. A span without a timestamp begins at its first annotation, else at zero, which
    /// ``SharedSpans`` puts right.
    var record: SpanRecord {
        let exactText = tags.last { $0.key == ZipkinTag.exact }?.text
        let ours = exactText.flatMap { ExactTag($0) }
        let exact = ours ?? ExactTag()
        let micros = timestamp ?? annotations.lazy.compactMap(\.timestamp).min() ?? 0
        let start = Timestamp(nanosecondsSinceEpoch: micros * 1_000).advanced(byNanoseconds: exact.start)
        var record = SpanRecord(
            traceID: traceID, spanID: id, parentID: parentID, parentIsRemote: exact.parentIsRemote, flags: exact.flags,
            name: exact.name ?? name, kind: kind ?? (exact.isUnspecified ? .unspecified : .internal), start: start,
            end: end(from: start, exact))
        for annotation in annotations {
            let time = Timestamp(nanosecondsSinceEpoch: (annotation.timestamp ?? micros) * 1_000)
            record.events.append(AnnotationText.event(of: annotation.value, at: time))
        }
        var sorter = TagSorter(exact)
        for tag in tags { sorter.add(tag.key, tag.text) }
        if ours == nil { addFields(to: &sorter) }
        sorter.finish(&record, localName: local.serviceName)
        exact.complete(&record.events, &record.links)
        return record
    }

    private func end(from start: Timestamp, _ exact: ExactTag) -> Timestamp? {
        if let nanoseconds = exact.duration {
            return start.advanced(byNanoseconds: UInt64(bitPattern: nanoseconds))
        }
        if let duration {
            let (end, isTooLate) = start.nanosecondsSinceEpoch.addingReportingOverflow(duration * 1_000)
            return Timestamp(nanosecondsSinceEpoch: isTooLate ? .max : end)
        }
        // A message is sent or taken at one moment when nothing took long; anything else has not ended.
        return kind == .producer || kind == .consumer ? start : nil
    }

    /// What other tracers say in fields; ours says it in tags too.
    private func addFields(to sorter: inout TagSorter) {
        sorter.addUnlessThere("peer.service", remote.serviceName)
        sorter.addUnlessThere("network.peer.address", remote.address)
        sorter.addUnlessThere("network.peer.port", remote.port > 0 ? "\(remote.port)" : "")
        sorter.addUnlessThere("network.local.address", local.address)
        sorter.addUnlessThere("network.local.port", local.port > 0 ? "\(local.port)" : "")
        if isDebug { sorter.addUnlessThere(ZipkinAttribute.debug, "true") }
    }
}

/// Puts tags where they belong: attributes of span and resource, scope, status, counts, links.
private struct TagSorter {
    private let exact: ExactTag
    private var span: [Attributes.Element] = []
    private var resource: [Attributes.Element] = []
    private var scope = InstrumentationScope()
    private var dropped = DroppedCounts()
    private var traceState = TraceState()
    private var links: [(place: Int, link: SpanLink)] = []
    private var statusCode = ""
    private var statusDescription: String?
    private var errorText: String?
    private var serviceName: String?

    init(_ exact: ExactTag) {
        self.exact = exact
    }

    mutating func add(_ key: String, _ text: String) {
        guard ZipkinTag.isReserved(key) else { return addAttribute(key, text) }
        switch key {
        case ZipkinTag.exact: break
        case ResourceAttribute.serviceName: serviceName = text
        case ZipkinTag.statusCode: statusCode = text
        case ZipkinTag.statusDescription: statusDescription = text
        case ZipkinTag.error: errorText = text
        case ZipkinTag.scopeName: scope.name = text
        case ZipkinTag.libraryName: if scope.name.isEmpty { scope.name = text }
        case ZipkinTag.scopeVersion: scope.version = text
        case ZipkinTag.libraryVersion: scope.version = scope.version ?? text
        case ZipkinTag.droppedAttributes: dropped.attributes = Self.count(text)
        case ZipkinTag.droppedEvents: dropped.events = Self.count(text)
        case ZipkinTag.droppedLinks: dropped.links = Self.count(text)
        case ZipkinTag.traceState: traceState = TraceState(header: text) ?? TraceState()
        default:
            // `otlp.link.0` and so on; what does not read as a link stays an attribute.
            if let place = Int(key.utf8.dropFirst(ZipkinTag.link.utf8.count).asText), let link = LinkText.link(of: text)
            {
                links.append((place, link))
            } else {
                addAttribute(key, text)
            }
        }
    }

    private mutating func addAttribute(_ key: String, _ text: String) {
        let isResource =
            ResourceKey.matches(key) ? !exact.span.owns(key) : exact.resource.owns(key)
        if isResource {
            resource.append(Attributes.Element(key: key, value: exact.resource.value(key, text)))
        } else {
            span.append(Attributes.Element(key: key, value: exact.span.value(key, text)))
        }
    }

    /// Adds an attribute of the span, unless it is empty or has a tag of its own.
    mutating func addUnlessThere(_ key: String, _ text: String) {
        guard !text.isEmpty, !span.contains(where: { $0.key == key }) else { return }
        addAttribute(key, text)
    }

    mutating func finish(_ record: inout SpanRecord, localName: String) {
        record.attributes = Attributes(lastOfEach: span + exact.span.attributes)
        if !exact.isNameless {
            // Zipkin keeps names in lower case; the tag that some tracers add has the right one.
            let name = exact.serviceName ?? serviceName ?? localName
            if !name.isEmpty || exact.serviceName != nil {
                resource.insert(Attributes.Element(key: ResourceAttribute.serviceName, value: .string(name)), at: 0)
            }
        }
        record.resource = Resource(
            attributes: Attributes(lastOfEach: resource + exact.resource.attributes), schemaURL: exact.resourceSchema)
        scope.attributes = exact.scopeAttributes
        scope.schemaURL = exact.scopeSchema
        record.scope = scope
        record.dropped = dropped
        record.traceState = traceState
        record.links = links.sorted { $0.place < $1.place }.map(\.link)
        record.status = status
    }

    /// Zipkin takes every span with a tag `error` for failed, whatever the tag says; OpenTelemetry lets a plain "false"
    /// pass.
    private var status: SpanStatus {
        let code = statusCode.uppercased()
        if code == "OK" || code == "STATUS_CODE_OK" { return .ok }
        let isError = code == "ERROR" || code == "STATUS_CODE_ERROR"
        guard isError || errorText != nil && errorText != "false" else { return .unset }
        // "true" says no more than that the tag is there.
        let texts = [errorText == "true" && !exact.isOurs ? nil : errorText, statusDescription]
        return .error(texts.compactMap { $0 }.first { !$0.isEmpty })
    }

    private static func count(_ text: String) -> Int { Int(UInt32(text) ?? 0) }
}

extension Substring.UTF8View {
    fileprivate var asText: Substring { Substring(self) }
}
