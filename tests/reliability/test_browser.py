"""A web page in a real browser, on a name that leads to this computer: it gets nowhere.

The browser's own protection of local addresses is switched off: not everybody's browser has it.
"""

import json

import pytest

from tests.reliability.websites import serving
from tests.service.conftest import request

PAGE = b"<!doctype html><title>evil</title><body></body>"

# Everything that a page can send; each attempt says what it could see of the answer.
ATTEMPTS = """
async ([base, token, job]) => {
  const seen = {};
  const tell = (name, promise) => Promise.race([
    promise.then(value => { seen[name] = value }, error => { seen[name] = 'error' }),
    new Promise(done => setTimeout(done, 1500)),
  ]);
  const read = async (path, options) => {
    const answer = await fetch(base + path, options);
    return answer.type == 'opaque' ? 'opaque' : `${answer.status} ${await answer.text()}`;
  };
  const bearer = {'Authorization': 'Bearer ' + token};
  const json = {...bearer, 'Content-Type': 'application/json'};
  const load = (tag, path) => new Promise((done, fail) => {
    const element = document.createElement(tag);
    element.onload = () => done('loaded'); element.onerror = fail;
    element.src = base + path; document.body.append(element);
  });
  await Promise.all([
    tell('health', read('/v1/health')),
    tell('health without cors', read('/v1/health', {mode: 'no-cors'})),
    tell('status', read('/v1/status')),
    tell('status with the token', read('/v1/status', {headers: bearer})),
    tell('job with the token', read('/v1/jobs', {method: 'POST', headers: json, body: job})),
    tell('job as text', read('/v1/jobs', {method: 'POST', mode: 'no-cors', body: job})),
    tell('job by beacon', (async () => navigator.sendBeacon(base + '/v1/jobs', job))()),
    tell('shutdown', read('/v1/shutdown', {method: 'POST', mode: 'no-cors', body: '{}'})),
    tell('shutdown with the token', read('/v1/shutdown',
      {method: 'POST', headers: json, body: '{}'})),
    tell('image', load('img', '/v1/status')),
    tell('script', load('script', '/v1/status')),
    tell('events', new Promise((done, fail) => {
      const source = new EventSource(base + '/v1/jobs/x/events');
      source.onmessage = event => done(event.data); source.onerror = fail;
    })),
    tell('websocket', new Promise((done, fail) => {
      const socket = new WebSocket(base.replace('http', 'ws') + '/v1/status');
      socket.onopen = () => done('open'); socket.onerror = fail;
    })),
    tell('form', new Promise(done => {
      const frame = document.createElement('iframe');
      frame.name = 'frame'; document.body.append(frame);
      const form = document.createElement('form');
      form.action = base + '/v1/jobs'; form.method = 'POST'; form.enctype = 'text/plain';
      form.target = 'frame';
      const field = document.createElement('input');
      field.name = job; form.append(field); document.body.append(form);
      frame.onload = () => {
        try { done(frame.contentDocument.body.innerText) } catch { done('error') }
      };
      form.submit();
    })),
  ]);
  return seen;
}
"""


@pytest.fixture(scope="module")
def evil_port():
    with serving(PAGE) as port:
        yield port


@pytest.mark.parametrize("way", ["from another port", "rebound to the daemon's own port"])
def test_web_page_learns_nothing_and_starts_nothing(start, browser, evil_port, way):
    daemon = start()
    page = browser.new_page()
    answers = []
    page.on("response", lambda answer: answers.append(answer))
    if way == "from another port":
        page.goto(f"http://evil.test:{evil_port}/")
        bases = [f"http://{name}:{daemon.port}" for name in ("127.0.0.1", "localhost", "evil.test")]
    else:
        # What a page sees whose name was moved to 127.0.0.1 after it was loaded.
        page.goto(f"http://evil.test:{daemon.port}/v1/health")
        bases = [f"http://evil.test:{daemon.port}"]
    for base in bases:
        job = json.dumps(request().as_dict())
        seen = page.evaluate(ATTEMPTS, [base, daemon.endpoint.token, job])
        assert len(seen) > 10
        for name, value in seen.items():
            assert value in ("error", "opaque", True) or "wrong_host" in str(value), (name, value)
            assert daemon.endpoint.instance not in str(value)

    daemons_own = [answer for answer in answers if f":{daemon.port}/" in answer.url]
    assert {answer.status for answer in daemons_own} <= {403, 421}
    assert len(daemons_own) >= len(bases)  # the attempts did arrive
    assert not [
        name for answer in daemons_own for name in answer.headers if name.startswith("access-c")
    ]
    assert daemon.client.status()["jobs"] == []
    assert daemon.process.poll() is None
