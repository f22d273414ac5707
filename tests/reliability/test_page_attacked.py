"""The daemon's page in a real Chromium, and other sites that try to get at it."""

import json
import sys

import pytest

from lacuna_wire.client import Client
from tests.reliability.websites import serving
from tests.service.conftest import eventually, shared_daemon
from tests.service.pages import API, Visitor, alert_of, opened

# What another site can do with the page, even if it knew a key; each says what it could see.
ATTEMPTS = """
async ([base, code, key, paths]) => {
  const seen = {};
  const tell = (name, promise) => Promise.race([
    promise.then(value => { seen[name] = value }, error => { seen[name] = 'error' }),
    new Promise(done => setTimeout(done, 2000)),
  ]);
  const json = {'Content-Type': 'application/json', 'Authorization': 'Lacuna-Page ' + key};
  const read = async (path, options) => {
    const answer = await fetch(base + path, options);
    return answer.type == 'opaque' ? 'opaque' : `${answer.status} ${await answer.text()}`;
  };
  const framed = (tag, attribute) => new Promise((done, fail) => {
    const frame = document.createElement(tag);
    frame[attribute] = base + '/page/';
    frame.onload = () => {
      try { done('read ' + frame.contentDocument.body.innerText) } catch { done('error') }
    };
    frame.onerror = fail;
    document.body.append(frame);
  });
  const load = (tag, path) => new Promise((done, fail) => {
    const element = document.createElement(tag);
    element.onload = () => done('loaded'); element.onerror = fail;
    element.src = base + path; document.body.append(element);
  });
  const body = JSON.stringify({code});
  const all = paths.flatMap(path => [
    tell('post ' + path, read(path, {method: 'POST', headers: json, body})),
    tell('plain ' + path, read(path, {method: 'POST', mode: 'no-cors', body})),
    tell('beacon ' + path, (async () => navigator.sendBeacon(base + path, body))()),
  ]);
  await Promise.all([...all,
    tell('files', read('/page/')),
    tell('texts', read('/page/texts.json', {mode: 'no-cors'})),
    tell('module', import(base + '/page/visit.js').then(() => 'loaded')),
    tell('script', load('script', '/page/elements.js')),
    tell('image', load('img', '/page/lacuna.svg')),
    tell('iframe', framed('iframe', 'src')),
    tell('object', framed('object', 'data')),
    tell('form', new Promise(done => {
      const frame = document.createElement('iframe');
      frame.name = 'target'; document.body.append(frame);
      const form = document.createElement('form');
      form.action = base + paths[0]; form.method = 'POST'; form.enctype = 'text/plain';
      form.target = 'target';
      const field = document.createElement('input');
      field.name = body; form.append(field); document.body.append(form);
      frame.onload = () => {
        try { done(frame.contentDocument.body.innerText) } catch { done('error') }
      };
      form.submit();
    })),
  ]);
  return seen;
}
"""


daemon = shared_daemon("daemon", published=["big-lama"], weights=["patches"])


@pytest.fixture
def tab(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_signing_in_leaves_the_code_and_the_key_nowhere_they_could_be_found(tab, daemon):
    sent = []
    tab.on("request", lambda request: sent.append(request))
    address = daemon.client.page()
    code = address.partition("#")[2]
    tab.goto(address)
    tab.wait_for_selector("main[data-state=shown]")

    assert tab.url == f"http://127.0.0.1:{daemon.port}/page/"
    assert tab.evaluate("history.length") <= 2  # the blank tab, and the page without its code
    assert tab.context.cookies() == []
    assert tab.evaluate("document.cookie + JSON.stringify(localStorage)") == "{}"
    (key,) = tab.evaluate("Object.values(sessionStorage)")
    secrets = (code, key, daemon.endpoint.key, daemon.endpoint.token)
    for request in sent:
        assert not any(secret in request.url for secret in secrets), request.url
        assert not any(secret in request.headers.get("referer", "") for secret in secrets)
    stored = tab.evaluate("JSON.stringify(sessionStorage) + document.documentElement.outerHTML")
    assert not any(secret in stored for secret in (code, *secrets[2:]))
    assert {request.url.split("/")[2] for request in sent} == {f"127.0.0.1:{daemon.port}"}


def test_reload_keeps_working_and_another_tab_is_told_the_command(tab, daemon):
    opened(tab, daemon)
    tab.reload()
    tab.wait_for_selector("main[data-state=shown]")
    second = tab.context.new_page()
    second.goto(tab.url)

    assert "Type lacuna page in a terminal" in alert_of(second)
    assert second.inner_text("#connection") == "Not signed in"
    with second.expect_response("**/state"):  # a new address works in the same tab
        second.goto(daemon.client.page())
    second.wait_for_selector("main[data-state=shown]")


def test_replayed_code_is_told_so(tab, daemon):
    address = daemon.client.page()
    opened_first = tab.context.new_page()
    opened_first.goto(address)
    opened_first.wait_for_selector("main[data-state=shown]")
    tab.goto(address)

    assert "was used before, or is older than a minute" in alert_of(tab)
    assert tab.evaluate("sessionStorage.length") == 0
    assert "#" not in tab.url


def test_key_of_a_daemon_that_ended_is_told_so(tab, start, daemon):
    opened(tab, daemon)
    tab.evaluate("sessionStorage.setItem('lacuna-key', 'of-another-start')")
    tab.reload()

    assert "was started anew" in alert_of(tab)
    assert tab.evaluate("sessionStorage.length") == 0


@pytest.mark.parametrize("way", ["another name", "another port of 127.0.0.1"])
def test_other_sites_learn_nothing_and_start_nothing(tab, daemon, way):
    visitor = Visitor(daemon)
    visitor.sign_in()
    code = visitor.new_code()
    answers = []
    tab.on("response", lambda answer: answers.append(answer))
    with serving(b"<!doctype html><title>evil</title><body></body>") as port:
        name = "evil.test" if way == "another name" else "127.0.0.1"
        tab.goto(f"http://{name}:{port}/")
        for host in ("127.0.0.1", "localhost"):
            base = f"http://{host}:{daemon.port}"
            seen = tab.evaluate(ATTEMPTS, [base, code, visitor.key, API])
            assert len(seen) > 15
            for name, value in seen.items():
                assert value in ("error", "opaque", True), (name, value)
        frames = [frame for frame in tab.frames if frame is not tab.main_frame]
        assert not any("Lacuna" in frame.content() for frame in frames)

    own = [answer for answer in answers if f":{daemon.port}/" in answer.url]
    assert {answer.status for answer in own} <= {403, 421}
    assert len(own) >= 4  # some did arrive, those that a browser shows us
    assert visitor.state()["fetch"]["state"] == ""
    assert Visitor(daemon).sign_in(code).status == 201  # the code is not used up


def test_window_that_opens_the_page_has_no_hold_of_it(tab, daemon):
    with serving(b"<!doctype html><title>evil</title><body></body>") as port:
        tab.goto(f"http://evil.test:{port}/")
        with tab.expect_popup() as popup:
            tab.evaluate("address => { window.page = open(address) }", daemon.client.page())
        assert popup.value.content().count("forbidden")  # it comes from another site
        seen = tab.evaluate("(() => { try { return page.document.title } catch { return '-' } })()")
    assert seen in ("-", "")
    popup.value.close()


def test_name_that_was_moved_to_this_computer_gets_no_page(tab, daemon):
    answer = tab.goto(f"http://evil.test:{daemon.port}/page/")

    assert answer.status == 421
    assert "wrong_host" in answer.text()
    status = tab.evaluate("fetch('/page/api/sign-in', {method: 'POST'}).then(a => a.status)")
    assert status == 421


def test_server_of_somebody_else_on_the_same_port_of_another_address_hears_nothing(tab, daemon):
    heard = []
    try:
        with serving(b"<!doctype html>", heard, "::1", daemon.port):
            opened(tab, daemon)
            tab.reload()
            tab.wait_for_selector("main[data-state=shown]")
            elsewhere = tab.context.new_page()
            elsewhere.goto(f"http://[::1]:{daemon.port}/page/")
            assert elsewhere.evaluate("sessionStorage.length + document.cookie") == "0"
    except OSError:
        pytest.skip("there is no IPv6 here")
    (page, *_icon) = heard
    assert page[0] == "/page/"
    assert not {"Cookie", "Authorization", "Referer"} & set(page[1])


def test_policy_refuses_scripts_that_are_not_files_of_the_page(tab, daemon):
    opened(tab, daemon)
    refused = tab.evaluate(
        """async () => {
          const refused = [];
          addEventListener('securitypolicyviolation', e => refused.push(e.violatedDirective));
          const script = document.createElement('script');
          try { script.textContent = 'document.title = "owned"' } catch { refused.push('text') }
          document.body.append(script);
          try { document.body.innerHTML = '<b>' } catch { refused.push('markup') }
          try { document.body.insertAdjacentHTML('beforeend', '<b>') } catch { refused.push('m') }
          const image = new Image(); image.src = 'http://evil.test:1/x.png';
          try { await fetch('http://evil.test:1/') } catch { refused.push('fetch') }
          await new Promise(done => setTimeout(done, 200));
          return refused.join(' ') + ' ' + document.title;
        }"""
    )

    assert "owned" not in refused
    for what in ("markup", "fetch", "img-src", "connect-src", "require-trusted-types-for"):
        assert what in refused, refused


MARKUP = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


def test_script_in_names_errors_and_findings_is_shown_as_text(tab, start):
    checks = [{"name": MARKUP, "state": MARKUP, "found": f"`{MARKUP}`", "mend": MARKUP}]
    found = json.dumps({"ok": False, "checks": checks})
    prints = "import sys; a = sys.argv; b = a[3] == 'doctor'; print(a[1] * b); "
    prints += "sys.stderr.write('lacuna: ' + a[2]); sys.exit(not b)"
    daemon = start(
        program=[sys.executable, "-c", prints, found, MARKUP],
        published=["big-lama"],
        weights=["patches", MARKUP],
    )
    opened(tab, daemon)
    tab.click("text=Examine")
    tab.wait_for_selector("table")
    tab.click("text=Download big-lama")
    tab.wait_for_selector("#models [role=alert]")

    for part in ("#models", "#models [role=alert]", "table"):
        assert MARKUP in tab.inner_text(part), part
    assert tab.title() == "Lacuna"
    assert tab.locator("main img, main script").count() == 0


def test_page_of_another_daemon_knows_nothing_of_this_one(tab, daemon, start):
    opened(tab, daemon)
    other = start()
    tab.goto(f"http://127.0.0.1:{other.port}/page/")
    assert tab.evaluate("sessionStorage.length") == 0
    assert "is not signed in" in alert_of(tab)
    assert Client(other.endpoint).status()["jobs"] == []
    eventually(lambda: daemon.client.status()["health"] == "ok")
