import pytest

from devstack.redis_url import UnusableRedisUrl, next_database


@pytest.mark.parametrize(
    ("url", "following"),
    [
        ("redis://127.0.0.1:6390/0", "redis://127.0.0.1:6390/1"),
        ("redis://localhost", "redis://localhost/1"),
        ("redis://localhost:6379/", "redis://localhost:6379/1"),
        ("rediss://user:word@redis.example:6380/4", "rediss://user:word@redis.example:6380/5"),
    ],
)
def test_the_next_database_is_on_the_same_server(url: str, following: str) -> None:
    assert next_database(url) == following


@pytest.mark.parametrize(
    "url",
    ["localhost:6379", "http://:hunter2@localhost", "redis://:hunter2@localhost/zero", "redis://",
     "redis://:hunter2@localhost?db=3", "redis://[:hunter2@localhost"],
)  # fmt: skip
def test_an_unusable_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(UnusableRedisUrl) as refused:
        next_database(url)
    assert "hunter2" not in str(refused.value)
