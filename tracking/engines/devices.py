"""What this machine can compute on, found out without loading torch where there is no NVIDIA card."""

import importlib.util
from pathlib import Path

from crowdsite.errors import CrowdsiteError, NotAvailable

_DRIVER_SIGNS = (Path("/dev/nvidiactl"), Path("/dev/nvgpu"), Path("/dev/nvmap"), Path("/dev/dxg"))


def resolve_device(device: str) -> str:
    """`auto` as `cuda:0` or `cpu`, others as they are. Raises where the card that was asked for is absent."""
    if device == "auto":
        return "cuda:0" if has_cuda() else "cpu"
    if device == "cpu":
        return device
    if device == "cuda" or (device.startswith("cuda:") and device[5:].isdecimal()):
        if not has_cuda():
            raise NotAvailable(
                f"The device {device} was asked for, but no NVIDIA card is usable here. Choose `auto` or `cpu`, or "
                "install the driver and requirements/gpu.txt."
            )
        wanted = "cuda:0" if device == "cuda" else device
        if int(wanted[5:]) >= (cards := card_count()):
            raise NotAvailable(
                f"The device {device} was asked for, but the last NVIDIA card here is cuda:{cards - 1}. Choose that, "
                "another one or `auto`."
            )
        return wanted
    raise CrowdsiteError(f"The device {device} is unknown. Choose `auto`, `cpu`, `cuda` or `cuda:N`.")


def card_count() -> int:
    """How many NVIDIA cards PyTorch can use, at least one; to be asked where `has_cuda`."""
    import torch

    return max(torch.cuda.device_count(), 1)


def has_torch() -> bool:
    """Whether PyTorch is installed; it is not loaded."""
    return importlib.util.find_spec("torch") is not None


def has_cuda() -> bool:
    """Whether PyTorch can use an NVIDIA card. Loads torch only where a driver is present."""
    if not any(sign.exists() for sign in _DRIVER_SIGNS) or not has_torch():
        return False
    import torch

    return bool(torch.cuda.is_available())
