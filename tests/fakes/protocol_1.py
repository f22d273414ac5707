"""How a client of protocol 1 begins: `protocol_1.py ENDPOINT_FILE` prints how far it got."""

import hashlib
import hmac
import http.client
import json
import sys
from pathlib import Path


def main() -> None:
    endpoint = json.loads(Path(sys.argv[1]).read_text())
    connection = http.client.HTTPConnection("127.0.0.1", endpoint["port"], timeout=20)
    nonce = "0123456789abcdef" * 2
    connection.request("GET", "/v1/hello?nonce=" + nonce)
    hello = json.loads(connection.getresponse().read())
    said = ("hello" + nonce + endpoint["instance"]).encode()
    if hello["proof"] != hmac.new(endpoint["token"].encode(), said, hashlib.sha256).hexdigest():
        print("a stranger")
    elif hello["protocol"] != 1:
        print("another protocol:", hello["protocol"])
    else:
        bearer = {"Authorization": "Bearer " + endpoint["token"]}
        connection.request("GET", "/v1/status", headers=bearer)
        print("status", connection.getresponse().status)


if __name__ == "__main__":
    main()
