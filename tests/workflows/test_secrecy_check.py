"""The look for secrecy marks is asked for by many doors at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np

from ocr.page import PageImage
from workflows.reading import SecrecyCheck


def test_doors_take_turns_at_the_recogniser_which_is_not_made_for_threads(tmp_path):
    at_once, most, guard = 0, 0, threading.Lock()

    class Reader:
        def secrecy_mark(self, image):
            nonlocal at_once, most
            with guard:
                at_once += 1
                most = max(most, at_once)
            time.sleep(0.02)
            with guard:
                at_once -= 1

    page = PageImage(number=1, pixels=np.zeros((4, 4, 3), np.uint8), dpi=150)
    opener = SimpleNamespace(pages=lambda *_: iter([page]))
    check = SecrecyCheck(opener=opener, reader=Reader())
    with ThreadPoolExecutor(8) as doors:
        asked = [
            doors.submit(check.mark_on, tmp_path, SimpleNamespace(page_count=1)) for _ in range(16)
        ]
    assert [a.result() for a in asked] == [None] * 16 and most == 1
