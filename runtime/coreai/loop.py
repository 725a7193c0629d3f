"""An event loop that Apple's runtime can leave cleanly.

The runtime ends a call on a thread of its own, which sets the call's future through the loop. Two of its
habits need an answer:

- It drops the future last. A Python that shuts down before that ends the thread when it next asks for the
  interpreter, and Swift then aborts the process, because its frames cannot be unwound. So a function is
  only unloaded when the futures of all its calls are gone.
- It never drops the future's `set_result`, nor the handle that the loop returns, and with them the result.
  So the first holds no future here, and there is no handle.
"""

import asyncio
import threading
import weakref
from collections.abc import Callable, Generator
from typing import Any


class Call:
    """What the runtime takes for the future of one call."""

    def __init__(self, future: asyncio.Future[Any]) -> None:
        self._future = future
        known = weakref.ref(future)

        def set_result(result: Any) -> None:
            if future := known():  # None after an interrupt
                future.set_result(result)

        def set_exception(error: BaseException) -> None:
            if future := known():
                future.set_exception(error)

        self.set_result, self.set_exception = set_result, set_exception

    def __await__(self) -> Generator[Any, None, Any]:
        return self._future.__await__()


class RuntimeLoop(asyncio.SelectorEventLoop):
    """Runs the coroutines of one loaded function."""

    def __init__(self) -> None:
        super().__init__()
        self._calls = 0
        self._gone = threading.Semaphore(0)

    def create_future(self) -> Any:
        call = Call(super().create_future())
        self._calls += 1
        weakref.finalize(call, self._gone.release).atexit = False
        return call

    def call_soon_threadsafe(self, callback: Callable[..., object], *arguments: Any) -> None:  # type: ignore[override]
        super().call_soon_threadsafe(callback, *arguments)

    def run_in_executor(self, executor: Any, function: Callable[..., Any], *arguments: Any) -> Any:  # type: ignore[override]
        """Run the function here: nothing else waits for this loop."""
        future = super().create_future()
        future.set_result(function(*arguments))
        return future

    def wait(self) -> None:
        """Return once the runtime has dropped every call, one that an interrupt left running too."""
        for _ in range(self._calls):
            self._gone.acquire()
        self._calls = 0
