"""The status codes of the SMS interface, per recipient."""

PROCESSED = 100
SENT = 101
QUEUED = 102
INVALID_NUMBER = 403
IN_BLACKLIST = 406

STATUS_NAMES: dict[int, str] = {
    PROCESSED: "Processed",
    SENT: "Success",
    QUEUED: "Queued",
    401: "RiskHold",
    402: "InvalidSenderId",
    INVALID_NUMBER: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    405: "InsufficientBalance",
    IN_BLACKLIST: "UserInBlacklist",
    407: "CouldNotRoute",
    409: "DoNotDisturbRejection",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}

TAKEN = frozenset({PROCESSED, SENT, QUEUED})
