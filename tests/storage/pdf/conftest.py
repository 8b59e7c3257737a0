import datetime as dt

import cv2
import numpy as np
import pytest

from ocr.page import Box, PageText, Word
from storage.pdf import PikepdfArchivalPdf
from workflows.ports.archival import ConversionMark, CopyPage

A4 = (2480, 3508)


@pytest.fixture(scope="session")
def archival() -> PikepdfArchivalPdf:
    return PikepdfArchivalPdf()


@pytest.fixture
def mark() -> ConversionMark:
    return ConversionMark(
        converted_by="Nguyễn Thị Mẫu",
        unit_name="Trung tâm Phục vụ hành chính công xã Đông Sơn",
        converted_at=dt.datetime(2026, 11, 22, 7, 3, 5, tzinfo=dt.UTC),
    )


def jpeg_of(pixels: np.ndarray, *options: int) -> bytes:
    done, jpeg = cv2.imencode(".jpg", pixels, list(options))
    assert done
    return jpeg.tobytes()


def paper(width: int, height: int, *, grey: bool = False) -> np.ndarray:
    shape = (height, width) if grey else (height, width, 3)
    return np.full(shape, 250, np.uint8)


def inked(pixels: np.ndarray, lines: list[str]) -> tuple[np.ndarray, tuple[Word, ...]]:
    """Black bars where the words are said to stand, and those words."""
    height, width = pixels.shape[:2]
    words = []
    for row, line in enumerate(lines):
        left, top = 0.12 * width, (0.12 + 0.025 * row) * height
        for text in line.split():
            box = (left, top, left + 14 * len(text) + 10, top + 0.013 * height)
            cv2.rectangle(pixels, (int(box[0]), int(box[1])), (int(box[2]), int(box[3])), 0, -1)
            share = Box(box[0] / width, box[1] / height, box[2] / width, box[3] / height)
            words.append(Word(text=text, box=share, confidence=0.9, line=row))
            left = box[2] + 24
    return pixels, tuple(words)


def page_of(pixels: np.ndarray, words: tuple[Word, ...] = (), *, dpi: float = 300) -> CopyPage:
    height, width = pixels.shape[:2]
    text = PageText(page=1, width=width, height=height, dpi=dpi, words=words, blank=not words)
    return CopyPage(jpeg=jpeg_of(pixels), width=width, height=height, dpi=dpi, text=text)


@pytest.fixture
def a4_page() -> CopyPage:
    lines = ["CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "GIẤY PHÉP"]
    return page_of(*inked(paper(*A4), lines))


@pytest.fixture
def make():
    """The page-making functions, for tests that need other papers."""
    return _Make


class _Make:
    paper = staticmethod(paper)
    inked = staticmethod(inked)
    page_of = staticmethod(page_of)
    jpeg_of = staticmethod(jpeg_of)
