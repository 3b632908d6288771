# SPDX-License-Identifier: ISC
"""A real Chromium without a window, driven by its DevTools protocol over a pipe: nothing listens anywhere."""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import time

import pytest

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
DESK = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}

KEYS = {"+": ("Equal", 187), "-": ("Minus", 189), "Home": ("Home", 36), "Escape": ("Escape", 27), "Tab": ("Tab", 9),
        "Enter": ("Enter", 13), "ArrowLeft": ("ArrowLeft", 37), "ArrowRight": ("ArrowRight", 39), "PageUp": ("PageUp", 33),
        "PageDown": ("PageDown", 34)}


class Browser:
    """One tab.  What it asks of any network and what it says on its console is kept."""

    def __init__(self, folder, limit):
        self.limit, self.number, self.answers, self.rest = limit, 0, {}, b""
        self.asked, self.said, self.loaded = [], [], 0
        command_end, self.commands = os.pipe()
        self.events, event_end = os.pipe()
        # The browser reads its file 3 and writes its file 4.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (command_end, event_end)]
        os.close(command_end)
        os.close(event_end)

        def place():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-component-update",
             "--hide-scrollbars", f"--user-data-dir={folder}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(f"{folder}.log", "wb"),
            preexec_fn=place, pass_fds=(3, 4), start_new_session=True)
        for end in ends:
            os.close(end)
        self.session = None
        page = next(target for target in self.call("Target.getTargets")["targetInfos"] if target["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        self.screen(DESK)

    def close(self):
        with contextlib.suppress(Exception):
            self.call("Browser.close")
        for end in (self.commands, self.events):
            os.close(end)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    # The protocol

    def call(self, method, **params):
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": params}
        if self.session and not method.startswith(("Target.", "Browser.")):
            message["sessionId"] = self.session
        self.send(message)
        deadline = time.monotonic() + self.limit
        while number not in self.answers:
            self.listen(deadline, method)
        answer = self.answers.pop(number)
        assert "error" not in answer, (method, answer["error"])
        return answer["result"]

    def send(self, message):
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.commands, data):]

    def listen(self, deadline, waiting_for):
        left = deadline - time.monotonic()
        ready, _, _ = select.select([self.events], [], [], max(0, left))
        assert ready, f"the browser does not answer: {waiting_for}"
        data = os.read(self.events, 1 << 16)
        assert data, f"the browser has ended: {waiting_for}"
        *messages, self.rest = (self.rest + data).split(b"\0")
        for text in messages:
            self.take(json.loads(text))

    def take(self, message):
        if "id" in message:
            self.answers[message["id"]] = message
            return
        method, params = message["method"], message["params"]
        if method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
        elif method == "Runtime.consoleAPICalled":
            self.said.append((params["type"], [argument.get("value", argument.get("description")) for argument in params["args"]]))
        elif method == "Runtime.exceptionThrown":
            self.said.append(("exception", params["exceptionDetails"].get("exception", {}).get("description", params["exceptionDetails"]["text"])))
        elif method == "Log.entryAdded":
            self.said.append((params["entry"]["level"], params["entry"]["text"]))
        elif method == "Page.loadEventFired":
            self.loaded += 1

    # What a reader does

    def screen(self, size, dark=False, media=""):
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.call("Emulation.setTouchEmulationEnabled", enabled=size["mobile"], maxTouchPoints=5 if size["mobile"] else 1)
        self.call("Emulation.setEmulatedMedia", media=media,
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, path, ready=True, scripts=True):
        self.asked, self.said, before = [], [], self.loaded
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Page.navigate", url=path.as_uri())
        deadline = time.monotonic() + self.limit
        while self.loaded == before:
            self.listen(deadline, "load")
        if ready and scripts:
            self.until("document.documentElement.dataset.ready !== undefined && window.requestAnimationFrame")
            self.settle()

    def run(self, script):
        """The value of an expression, or of a promise of one."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, (script, result["exceptionDetails"])
        return result["result"].get("value")

    def settle(self):
        """What was asked for in the next picture is there."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    def until(self, script):
        deadline = time.monotonic() + self.limit
        while not self.run(f"Boolean({script})"):
            assert time.monotonic() < deadline, f"never: {script}"
            self.settle()

    def place(self, selector):
        """Brings it into view; where it is then: x, y, width, height."""
        return self.run(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
                        " const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()")

    def mouse(self, kind, x, y, buttons=0, clicks=0):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left" if buttons or kind == "mouseReleased" else "none",
                  buttons=buttons, clickCount=clicks)

    def click(self, selector, clicks=1):
        x, y, width, height = self.place(selector)
        x, y = x + width / 2, y + height / 2
        for number in range(1, clicks + 1):
            self.mouse("mousePressed", x, y, 1, number)
            self.mouse("mouseReleased", x, y, 0, number)
        self.settle()

    def drag(self, start, end):
        self.mouse("mouseMoved", *start)
        self.mouse("mousePressed", *start, 1, 1)
        for step in range(1, 5):
            self.mouse("mouseMoved", *(a + (b - a) * step / 4 for a, b in zip(start, end)), 1)
        self.mouse("mouseReleased", *end, 0, 1)
        self.settle()

    def touch(self, *fingers):
        """Fingers from where to where: [((x, y), (x, y)), ...]."""
        points = lambda share: [{"x": a[0] + (b[0] - a[0]) * share, "y": a[1] + (b[1] - a[1]) * share, "id": number}
                                for number, (a, b) in enumerate(fingers)]
        self.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=points(0))
        for step in range(1, 9):
            self.call("Input.dispatchTouchEvent", type="touchMove", touchPoints=points(step / 8))
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.settle()

    def key(self, name, shift=False):
        code, number = KEYS[name]
        text = {"text": name} if len(name) == 1 else {"text": "\r"} if name == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=code, windowsVirtualKeyCode=number,
                      modifiers=8 if shift else 0, **(text if kind == "keyDown" else {}))
        self.settle()

    def picture(self, path, full=False, clip=None):
        more = {"clip": {**dict(zip(("x", "y", "width", "height"), clip)), "scale": 1}} if clip else {}
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=full or bool(clip), **more)["data"]
        path.write_bytes(base64.b64decode(data))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])


@contextlib.contextmanager
def browser(folder, limit=60):
    """limit: seconds that an answer may take."""
    folder.mkdir(parents=True, exist_ok=True)
    it = Browser(folder, limit)
    try:
        yield it
    finally:
        it.close()
