"""Where the account has its callbacks sent, as its settings at the carrier say."""

from enum import StrEnum


class CallbackType(StrEnum):
    """Flowroute docs, account callbacks: one address for each."""

    SMS = "sms_callback"
    MMS = "mms_callback"
    SMS_RECEIPT = "sms_dlr_callback"
    MMS_RECEIPT = "mms_dlr_callback"


class CallbackAddresses:
    """One address of each type, or none: then nothing of that type is sent."""

    def __init__(self, gateway_url: str, token: str = "") -> None:
        """With a token, which the gateway then expects as the last part of each address."""
        end = f"/{token}" if token else ""
        texts_url = f"{gateway_url}/api/message{end}"
        receipts_url = f"{gateway_url}/api/receipt{end}"
        self._urls = {
            CallbackType.SMS: texts_url,
            CallbackType.MMS: texts_url,
            CallbackType.SMS_RECEIPT: receipts_url,
            CallbackType.MMS_RECEIPT: receipts_url,
        }

    def get(self, kind: CallbackType) -> str | None:
        """The address that is set."""
        return self._urls.get(kind)

    def put(self, kind: CallbackType, url: str) -> None:
        """Sets an address for all callbacks that are handed in from now on."""
        self._urls[kind] = url

    def remove(self, kind: CallbackType) -> None:
        """Leaves the type without an address."""
        self._urls.pop(kind, None)

    def for_text(self, *, is_mms: bool) -> str | None:
        """Where an inbound message goes."""
        return self.get(CallbackType.MMS if is_mms else CallbackType.SMS)

    def for_receipt(self, *, is_mms: bool) -> str | None:
        """Where a receipt goes whose message named no address of its own."""
        return self.get(CallbackType.MMS_RECEIPT if is_mms else CallbackType.SMS_RECEIPT)
