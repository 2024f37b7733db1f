"""The account's callback URLs, one for each type."""

from enum import StrEnum


class CallbackType(StrEnum):
    """The types of account callbacks (Flowroute docs)."""

    SMS = "sms_callback"
    MMS = "mms_callback"
    SMS_RECEIPT = "sms_dlr_callback"
    MMS_RECEIPT = "mms_dlr_callback"


class CallbackAddresses:
    """At most one URL for each type; without one, nothing of that type is sent."""

    def __init__(self, gateway_url: str, token: str = "") -> None:
        """The gateway expects the token, if any, as the last path segment."""
        suffix = f"/{token}" if token else ""
        messages_url = f"{gateway_url}/api/message{suffix}"
        receipts_url = f"{gateway_url}/api/receipt{suffix}"
        self._urls = {
            CallbackType.SMS: messages_url,
            CallbackType.MMS: messages_url,
            CallbackType.SMS_RECEIPT: receipts_url,
            CallbackType.MMS_RECEIPT: receipts_url,
        }

    def get(self, kind: CallbackType) -> str | None:
        """The URL of this type; None if it has none."""
        return self._urls.get(kind)

    def put(self, kind: CallbackType, url: str) -> None:
        """Sets the URL for all callbacks created from now on."""
        self._urls[kind] = url

    def remove(self, kind: CallbackType) -> None:
        """Removes the URL of this type."""
        self._urls.pop(kind, None)

    def for_text(self, *, is_mms: bool) -> str | None:
        """The URL for an inbound message."""
        return self.get(CallbackType.MMS if is_mms else CallbackType.SMS)

    def for_receipt(self, *, is_mms: bool) -> str | None:
        """The URL for a receipt whose message has no `dlr_callback`."""
        return self.get(CallbackType.MMS_RECEIPT if is_mms else CallbackType.SMS_RECEIPT)
