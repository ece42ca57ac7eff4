import Foundation
import Throughline

/// What the services tell each other. The payload is the same small document for all of them; the type of the message
/// says what happened.
struct Order: Codable, Sendable {
    var id: Int
    var amount: Int
    var customer: String
    var isInStock = true
}

/// The messages of the order process and where they go.
enum Event: String, Sendable {
    case orderPlaced = "OrderPlaced"
    case paymentCharged = "PaymentCharged"
    case paymentFailed = "PaymentFailed"
    case retryPayment = "RetryPayment"
    case paymentRefunded = "PaymentRefunded"
    case stockReserved = "StockReserved"
    case stockMissing = "StockMissing"
    case orderShipped = "OrderShipped"
    case sendConfirmationEmail = "SendConfirmationEmail"
    case salesSummarised = "SalesSummarised"

    var topic: String {
        switch self {
        case .orderPlaced: "orders"
        case .paymentCharged, .paymentFailed, .paymentRefunded: "payments"
        case .retryPayment: "billing.commands"
        case .stockReserved, .stockMissing: "stock"
        case .orderShipped: "shipping"
        case .sendConfirmationEmail: "mail.commands"
        case .salesSummarised: "reports"
        }
    }

    var intent: MessageIntent {
        switch self {
        case .retryPayment, .sendConfirmationEmail: .command
        default: .event
        }
    }

    static let topics = [
        "orders", "orders.dead-letters", "payments", "billing.commands", "stock", "shipping", "mail.commands",
        "reports",
    ]
}

/// Thrown by the mail service for a customer whose address nobody has entered yet.
struct UnknownCustomer: Error, CustomStringConvertible {
    let customer: String

    var description: String { "the address book has no '\(customer)'" }
}

/// Thrown by the mail service while its template is not loaded yet.
struct TemplateError: Error, CustomStringConvertible {
    let description = "template 'order-placed' is not loaded yet"
}
