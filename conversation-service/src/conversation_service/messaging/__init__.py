"""The messaging service, as the conversation service asks it."""
