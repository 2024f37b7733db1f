"""Values, requests and situations of the tests."""
