"""A headless Chromium and its DevTools protocol over a pipe: no driver, no port, no package.

Messages are JSON, each ended by a NUL, written to the browser's descriptor 3 and read from its descriptor 4.
"""

import base64
import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
Message = dict[str, Any]


class BrowserError(Exception):
    """The browser refused a command, or did not answer."""


class Browser:
    """One browser; every page opened in it is a target of its own, spoken to by its session."""

    def __init__(self, to: int, answers: int) -> None:
        self._to, self._answers = to, answers
        self._rest = b""
        self._number = 0
        self.events: list[Message] = []

    def send(self, method: str, session: str = "", **params: Any) -> Message:
        """A command and its result; what happens meanwhile is kept in `events`."""
        self._number += 1
        message: Message = {"id": self._number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        written = json.dumps(message).encode() + b"\0"
        while written:
            written = written[os.write(self._to, written) :]
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = self._read(until)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']}")
                return dict(answer["result"])
            self.events.append(answer)

    def wait(self, method: str, session: str) -> Message:
        """The next event of a kind, also one that has come already."""
        until = time.monotonic() + PATIENCE_S
        seen = 0
        while True:
            for event in self.events[seen:]:
                if event.get("method") == method and event.get("sessionId") == session:
                    self.events.remove(event)
                    return event
            seen = len(self.events)
            self.events.append(self._read(until))

    def _read(self, until: float) -> Message:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._answers], [], [], max(until - time.monotonic(), 0))
            if not ready:
                raise BrowserError(f"no answer within {PATIENCE_S:g} s")
            piece = os.read(self._answers, 1 << 20)
            if not piece:
                raise BrowserError("the browser has gone")
            self._rest += piece
        one, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(one))

    @contextlib.contextmanager
    def page(
        self,
        url: str,
        *,
        width: int = 1280,
        height: int = 900,
        script: bool = True,
        dark: bool = False,
        touch: bool = False,
    ) -> Iterator["Page"]:
        """A fresh page at an address, loaded; console messages and requests are collected from the beginning."""
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session)
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility", "Security"):
            page.send(f"{domain}.enable")
        page.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=touch)
        page.send("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ])  # fmt: skip
        page.send("Emulation.setScriptExecutionDisabled", value=not script)
        page.send("Page.navigate", url=url)
        self.wait("Page.loadEventFired", session)
        try:
            yield page
        finally:
            self.send("Target.closeTarget", targetId=target)


class Page:
    """A loaded page."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session

    def send(self, method: str, **params: Any) -> Message:
        """A command to this page."""
        return self._browser.send(method, self._session, **params)

    def value(self, expression: str) -> Any:
        """What an expression comes to, run by us from outside: also where the page's own scripts are switched off."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise BrowserError(str(answer["exceptionDetails"].get("exception", answer["exceptionDetails"])))
        return answer["result"].get("value")

    def _events(self, *methods: str) -> list[Message]:
        self.value("1")  # everything that came before this answer has been read
        return [
            event["params"]
            for event in self._browser.events
            if event.get("sessionId") == self._session and event.get("method") in methods
        ]

    def complaints(self) -> list[str]:
        """What stands in the console: errors, warnings, refusals by the content security policy, exceptions."""
        said = [it["entry"]["text"] for it in self._events("Log.entryAdded")]
        said += [str(it["args"]) for it in self._events("Runtime.consoleAPICalled")]
        said += [str(it["exceptionDetails"]) for it in self._events("Runtime.exceptionThrown")]
        return said

    def requests(self) -> list[str]:
        """The addresses that were asked for."""
        return [it["request"]["url"] for it in self._events("Network.requestWillBeSent")]

    def tree(self) -> list[Message]:
        """The accessibility tree, without what is ignored: role, name and the rest."""
        nodes = self.send("Accessibility.getFullAXTree")["nodes"]
        return [
            {
                "role": node["role"]["value"],
                "name": node.get("name", {}).get("value", ""),
                **{it["name"]: it["value"].get("value") for it in node.get("properties", ())},
            }
            for node in nodes
            if not node["ignored"]
        ]

    def key(self, key: str, *, shift: bool = False) -> None:
        """Press a key and let it go."""
        codes = {"Tab": 9, "Enter": 13, " ": 32, "Escape": 27}
        texts = {"Enter": "\r", " ": " "}
        event = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": codes[key]}
        event["modifiers"] = 8 if shift else 0
        self.send("Input.dispatchKeyEvent", type="keyDown", **event, **({"text": texts[key]} if key in texts else {}))
        self.send("Input.dispatchKeyEvent", type="keyUp", **event)

    def type(self, text: str) -> None:
        """Text into what has the focus."""
        self.send("Input.insertText", text=text)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """What is seen, or the whole page, as PNG."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))

    def pdf(self, path: Path) -> None:
        """The page as printed, by its own rules for paper."""
        data = self.send("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
        path.write_bytes(base64.b64decode(data))


@contextlib.contextmanager
def chromium(program: str, profile: Path, flags: Sequence[str] = ()) -> Iterator[Browser]:
    """A browser with a profile folder of its own; it and everything it started end with the block."""
    commands, to = os.pipe()
    answers, from_browser = os.pipe()

    def take_places() -> None:
        os.dup2(commands, 3, inheritable=True)
        os.dup2(from_browser, 4, inheritable=True)

    # Both have to be out of the way of 3 and 4 before those are laid over.
    commands, from_browser = _moved(commands), _moved(from_browser)
    process = subprocess.Popen(
        [program, *FLAGS, *flags, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=take_places,
        pass_fds=(3, 4),
        start_new_session=True,
    )
    os.close(commands)
    os.close(from_browser)
    browser = Browser(to, answers)
    try:
        yield browser
    finally:
        with contextlib.suppress(BrowserError, OSError):
            browser.send("Browser.close")
        os.close(to)
        os.close(answers)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _moved(descriptor: int) -> int:
    """The same file under a number from ten on."""
    import fcntl

    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved
