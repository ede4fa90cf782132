"""Gates written before `capacity` was known hold fifty."""


def forwards(client) -> None:
    for key in client.scan_iter(match="shop:gate:*"):
        client.hsetnx(key, "capacity", 50)
