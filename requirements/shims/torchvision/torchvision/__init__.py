"""A stand-in for torchvision on machines without a GPU.

The torchvision on PyPI is built against CUDA's torch: beside a CPU build of torch it cannot be imported. ultralytics
needs the distribution to be there and one function of it, `ops.nms`. A CUDA machine installs the real one instead.
"""

from torchvision import ops

__all__ = ["ops"]
