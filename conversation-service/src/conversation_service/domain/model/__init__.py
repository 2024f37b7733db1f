"""The things that commands are about: conversations, people, messages, pools, and their limits."""
