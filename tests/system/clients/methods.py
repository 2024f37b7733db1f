"""The methods that the stories call, and nothing else that changes with a method's name."""

_CONVERSATIONS = "maskline.conversation.v1.ConversationService"
_EVENTS = "maskline.conversation.v1.EventService"

CREATE = f"{_CONVERSATIONS}/CreateConversation"
JOIN = f"{_CONVERSATIONS}/JoinConversation"
SEND = f"{_CONVERSATIONS}/SendMessage"
END = f"{_CONVERSATIONS}/EndConversation"
LIST_CONVERSATIONS = f"{_CONVERSATIONS}/ListConversations"
LIST_MESSAGES = f"{_CONVERSATIONS}/ListMessages"
LIST_EVENTS = f"{_EVENTS}/ListEvents"
WATCH_EVENTS = f"{_EVENTS}/WatchEvents"
