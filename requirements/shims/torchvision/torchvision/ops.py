"""`torchvision.ops.nms` in plain torch."""

import torch


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Indices, best score first, of the boxes (N, 4; x1, y1, x2, y2) that no better box overlaps by more than
    `iou_threshold`."""
    order = scores.argsort(descending=True, stable=True)
    boxes = boxes[order]
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
    alive = torch.ones(len(order), dtype=torch.bool, device=boxes.device)
    kept = []
    for best in range(len(order)):
        if not alive[best]:
            continue
        kept.append(best)
        rest = boxes[best + 1 :]
        sides = (torch.minimum(boxes[best, 2:], rest[:, 2:]) - torch.maximum(boxes[best, :2], rest[:, :2])).clamp(min=0)
        shared = sides.prod(dim=1)
        alive[best + 1 :] &= shared <= iou_threshold * (areas[best] + areas[best + 1 :] - shared)
    return order[torch.tensor(kept, dtype=torch.long, device=order.device)]
