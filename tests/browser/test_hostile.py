"""Whoever wrote a name, a cell or a migration: nothing of it runs in the page, and no password leaves its file."""

from __future__ import annotations

from typing import Any

import pytest

from browser.conftest import Server
from browser.lab import TOKEN, LabPage

WAYS_OUT = {
    "an image": "() => { document.body.append(Object.assign(new Image(), {src: 'http://outside.example/a.png'})); }",
    "a style": "() => { document.body.style.background = 'url(http://outside.example/b.png)'; }",
    "fetch": "() => { fetch('https://outside.example/c').catch(() => {}); }",
    "a beacon": "() => { navigator.sendBeacon('https://outside.example/d', 'x'); }",
    "another port of this machine": "() => { fetch('http://127.0.0.1:9/e').catch(() => {}); }",
    "a web socket": "() => { new WebSocket('wss://outside.example/f'); }",
    "another page": "() => { open('http://outside.example/g'); }",
    "a frame": "() => { document.body.innerHTML = '<iframe src=\"http://outside.example/h\"></iframe>'; }",
    "a script": "() => { document.body.append(Object.assign(document.createElement('script'), "
    "{src: 'https://outside.example/i.js'})); }",
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_a_request_to_outside_is_noticed_however_it_is_made(chromium: Any, server: Server, way: str) -> None:
    context = chromium.new_context()
    lab = LabPage(context.new_page(), server.address)
    lab.page.goto(f"{server.address}/login?token={TOKEN}")
    assert lab.strangers == []
    lab.page.evaluate(WAYS_OUT[way])
    lab.page.wait_for_timeout(300)
    context.close()
    assert len(lab.strangers) == 1


def test_a_dialog_of_the_page_is_noticed(chromium: Any, server: Server) -> None:
    context = chromium.new_context()
    lab = LabPage(context.new_page(), server.address)
    lab.page.goto(f"{server.address}/login?token={TOKEN}")
    lab.page.evaluate("() => alert('hello')")
    context.close()
    assert lab.errors == ["a dialog was opened (alert): hello"]
