"""Play a camera with OpenCV and write its pictures to standard output, raw BGR.

Reads one JSON object from standard input, so that no password stands on a command line: `url` `kind` `max_height`
`fps` `orientation` `options` (FFmpeg's, as OpenCV takes them). Says `size WIDTH HEIGHT FPS` on standard error before
the first picture.
"""

import json
import os
import sys
import time

TURN = {"rotate_90": 0, "rotate_180": 1, "rotate_270": 2}
FLIP = {"mirror": 1, "flip": 0}


def main(job):
    # Read when OpenCV is loaded. Errors, and nothing else, go to standard error only where no level is given.
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = job["options"]
    os.environ.pop("OPENCV_FFMPEG_LOGLEVEL", None)
    import cv2

    backend = cv2.CAP_V4L2 if job["kind"] == "webcam" else cv2.CAP_FFMPEG
    capture = cv2.VideoCapture(job["url"], backend)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    if not capture.isOpened():
        return "OpenCV could not open the address"
    due, size = 0.0, None
    while capture.grab():
        now, interval = time.monotonic(), 1 / job["fps"]
        if now < due - interval / 2:
            continue
        due = max(due, now - interval) + interval
        known, image = capture.retrieve()
        if not known:
            continue
        size = size or reduced(image, job["max_height"])
        if (image.shape[1], image.shape[0]) != size:
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        if job["orientation"] in TURN:
            image = cv2.rotate(image, TURN[job["orientation"]])
        elif job["orientation"] in FLIP:
            image = cv2.flip(image, FLIP[job["orientation"]])
        if job.pop("is_new", True):
            job["is_new"] = False
            print(f"size {image.shape[1]} {image.shape[0]} {capture.get(cv2.CAP_PROP_FPS):.3f}", file=sys.stderr)
            sys.stderr.flush()
        write(image)
    return "The stream ended"


def reduced(image, max_height):
    height, width = image.shape[:2]
    scale = min(1.0, max_height / min(width, height))
    return round(width * scale), round(height * scale)


def write(image):
    rest = memoryview(image.tobytes())
    while rest:
        rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.stdin.read())))
