"""The protocol's documents say what the daemon does, no more and no less.

Besides, every answer that any other test gets is looked up in openapi.yaml: see `conftest.py`.
"""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lacuna.service
from lacuna.service import settings
from lacuna.service.app import ROUTES
from lacuna_wire import JobStatus, PixelLayout, Rect, messages, parsing
from lacuna_wire import layout as layout_words
from lacuna_wire.errors import CLASSES
from lacuna_wire.messages import JobEstimate, Ticket
from lacuna_wire.options import OPTIONS, Option

from .conftest import OPENAPI, openapi, request

PROTOCOL = OPENAPI.with_name("protocol.md").read_text("utf-8")
SOURCES = [
    *Path(lacuna.service.__file__).parent.glob("*.py"),
    *Path(messages.__file__).parent.glob("*.py"),
]
VERBS = ("get", "put", "post", "delete")


def schema(name: str) -> dict:
    return openapi()["components"]["schemas"][name]


def test_openapi_has_the_routes_of_the_application():
    documented = {
        (verb.upper(), path)
        for path, verbs in openapi()["paths"].items()
        for verb in verbs
        if verb in VERBS
    }

    assert documented == {(method, path) for method, path, _ in ROUTES}


def test_protocol_describes_every_route():
    for method, path, _ in ROUTES:
        assert re.search(rf"^### `{method} {re.escape(path)}[?`]", PROTOCOL, re.M), (method, path)


def codes_in(path: Path) -> set[str]:
    """Words that are given as `code=` anywhere in a file."""
    return {
        keyword.value.value
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }


def test_every_code_is_in_the_protocol():
    used = set(CLASSES).union(*map(codes_in, SOURCES))
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", PROTOCOL, re.M))

    # These are for whoever starts the daemon, and never travel.
    assert used - documented <= {"daemon_stuck", "port_taken", "unfit_computer"}


def test_every_documented_code_has_the_status_of_its_class():
    rows = re.findall(r"^\| `([a-z_]+)` \| ([0-9]{3})", PROTOCOL, re.M)

    assert len(rows) > 15
    for code, status in rows:
        if code in CLASSES:
            assert CLASSES[code].status == int(status), code


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("PixelLayout", PixelLayout._fields),
        ("Rect", Rect._fields),
        (
            "JobRequest",
            tuple(
                request(
                    planes=("selection", "pixels", "sources"), sources=Rect(0, 0, 1, 1)
                ).as_dict()
            ),
        ),
        ("Options", tuple(OPTIONS)),
    ],
)
def test_openapi_has_the_keys_of_requests_and_no_others_are_sent(name, keys):
    assert set(schema(name)["properties"]) == set(keys)
    assert schema(name)["additionalProperties"] is False


@pytest.mark.parametrize("reply", [JobStatus, Ticket, JobEstimate])
def test_openapi_has_the_keys_of_replies_and_more_may_come(reply):
    # The state of a new job is for those who do not read its status.
    assert set(schema(reply.__name__)["properties"]) - {"state"} == set(reply._fields) - {"state"}
    assert "additionalProperties" not in schema(reply.__name__)


def test_openapi_says_what_every_field_of_a_status_means():
    for name, field in schema("JobStatus")["properties"].items():
        assert name in ("id", "state") or field["description"].endswith("."), name


def test_openapi_has_the_words_of_the_messages():
    layout = schema("PixelLayout")["properties"]
    assert layout["channels"]["enum"] == list(layout_words.CHANNELS)
    assert layout["sample"]["enum"] == list(layout_words.SAMPLE_BYTES)
    assert layout["transfer"]["enum"] == list(layout_words.TRANSFERS)
    assert schema("State")["enum"] == list(messages.STATES)
    planes = schema("JobRequest")["properties"]["planes"]
    assert planes["items"]["enum"] == list(messages.PLANES)
    assert planes["default"] == list(messages.REQUIRED_PLANES)


def described(option: Option) -> dict:
    """An option as openapi.yaml has to describe it."""
    facts = {"default": option.default, "description": option.sentence}
    if isinstance(option.default, bool):
        return {**facts, "type": "boolean"}
    if isinstance(option.default, int):
        limits = {"minimum": option.low, "maximum": option.high}
        if option.automatic is not None:
            limits = {"anyOf": [{"const": option.automatic}, limits]}
        return {**facts, "type": "integer", "x-unit": option.unit, **limits}
    if option.choices:
        return {**facts, "enum": list(option.choices)}
    may_be_empty = "" if option.default else "?"
    return {**facts, "type": "string", "pattern": f"^({option.pattern}){may_be_empty}$"}


@pytest.mark.parametrize("name", OPTIONS)
def test_openapi_describes_an_option_as_it_is_declared(name):
    assert schema("Options")["properties"][name] == described(OPTIONS[name])


def test_openapi_has_the_limits_of_the_messages():
    assert schema("Rect")["properties"]["width"]["maximum"] == parsing.MAX_SIDE


def test_status_has_the_documented_keys(shared):
    facts = shared.client.status()

    assert set(facts) == set(schema("DaemonStatus")["properties"])
    assert set(facts["limits"]) == set(schema("DaemonStatus")["properties"]["limits"]["properties"])
    for key in facts:
        assert f"`{key}`" in PROTOCOL, key


def test_ticket_job_and_estimate_have_the_documented_keys(shared):
    answer = shared.call(
        "POST", "/v1/jobs", {"Content-Type": "application/json"}, as_json(request())
    ).json
    job = shared.call("DELETE", f"/v1/jobs/{answer['id']}").json

    estimate = shared.call(
        "POST", "/v1/estimate", {"Content-Type": "application/json"}, as_json(request())
    ).json

    assert set(answer) == set(schema("Ticket")["properties"])
    assert set(estimate) == set(schema("JobEstimate")["properties"])
    assert set(job) == set(schema("JobStatus")["properties"])


def as_json(asked) -> bytes:
    return json.dumps(asked.as_dict()).encode()


def test_documented_limits_are_the_limits():
    limits = settings.DaemonSettings(token="", key="", instance="")
    for text in (
        f"| jobs that have not ended | {limits.max_jobs} |",
        f"| one upload | {limits.max_body_bytes // settings.GIB} GiB |",
        f"| all pixels in the spool | {limits.max_spool_bytes // settings.GIB} GiB,",
        f"| JSON body | {limits.max_json_bytes // 1024} KiB |",
        f"| pause in a body | {limits.upload_idle_s:.0f} s |",
        f"| slowness of an upload | {limits.min_upload_rate // settings.MIB} MiB/s",
        f"| time until the pixels come | {limits.client_gone_s:.0f} s |",
        f"| time until the first tile is done | {limits.first_tile_s:.0f} s |",
        f"| time for every other tile | {limits.stall_s:.0f} s,",
        f"| time that a job runs | {limits.job_deadline_s / 60:.0f} min |",
        f"| memory of jobs that have ended | {limits.result_ttl_s / 60:.0f} min, and the last "
        f"{limits.max_ended_jobs} |",
    ):
        assert text in PROTOCOL, text


def test_example_of_the_protocol_runs_as_it_stands_there(shared, tmp_path):
    (example,) = re.findall(r"^```python\n(.*?)^```$", PROTOCOL, re.M | re.S)
    script = tmp_path / "by_hand.py"
    script.write_text(example)
    environment = {**os.environ, "LACUNA_STATE_DIR": str(shared.state)}
    done = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"done 284,184,72,72 20736\n", done.stdout)
