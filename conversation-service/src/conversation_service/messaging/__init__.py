"""The messaging service, as the conversation service calls it."""
