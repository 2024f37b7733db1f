"""System messages: their texts by language, how a pool may change them, and rendering."""
