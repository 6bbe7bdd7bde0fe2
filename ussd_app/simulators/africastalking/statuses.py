"""The status codes of the SMS interface, per recipient."""

SENT = 101
INVALID_NUMBER = 403
IN_BLACKLIST = 406

STATUS_NAMES: dict[int, str] = {
    100: "Processed",
    SENT: "Success",
    102: "Queued",
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
