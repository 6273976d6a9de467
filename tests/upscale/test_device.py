"""Which device computes."""

import pytest
import torch

from videogigagan.errors import ConfigError
from videogigagan.upscale.device import choose_device, wants_bf16


def without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)


def test_auto_takes_the_cpu_where_there_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    without_gpu(monkeypatch)
    assert choose_device("auto") == torch.device("cpu")
    assert choose_device("cpu") == torch.device("cpu")


def test_auto_prefers_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("cuda")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gpu", r"^device 'gpu' is not known\. Use auto, cpu or cuda:0\.$"),
        ("", r"^device '' is not known\. Use auto, cpu or cuda:0\.$"),
        ("meta", r"^device 'meta' is not supported\. Use auto, cpu or cuda:0\.$"),
        ("cuda", r"^device 'cuda' is not there \(0 CUDA devices found\)\. Use cpu\.$"),
        ("cuda:3", r"^device 'cuda:3' is not there \(0 CUDA devices found\)\. Use cpu\.$"),
    ],
)
def test_devices_that_cannot_be_used_are_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    without_gpu(monkeypatch)
    with pytest.raises(ConfigError, match=message):
        choose_device(name)


@pytest.mark.parametrize(
    ("able", "gains"),
    [
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"avx2": True}, False),
        ({}, False),
    ],
)
def test_auto_takes_bf16_on_a_cpu_that_multiplies_it(
    monkeypatch: pytest.MonkeyPatch, able: dict[str, bool], gains: bool
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able, raising=False)
    cpu = torch.device("cpu")
    assert wants_bf16("auto", cpu) == gains
    assert wants_bf16("bf16", cpu)
    assert not wants_bf16("fp32", cpu)


def test_auto_is_precise_where_nobody_knows_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not wants_bf16("auto", torch.device("cpu"))
