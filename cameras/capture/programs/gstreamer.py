"""Play a camera with GStreamer and write its pictures to standard output, raw BGR. Needs python3-gi.

Reads one JSON object from standard input, so that no password stands on a command line: `url` `kind` (rtsp or webcam)
`user` `password` `transport` `max_height` `fps` `orientation`. Says `size WIDTH HEIGHT FPS` on standard error before
the first picture, and there too why it ended.
"""

import json
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

FLIP = {
    "normal": "none", "rotate_90": "clockwise", "rotate_180": "rotate-180", "rotate_270": "counterclockwise",
    "mirror": "horizontal-flip", "flip": "vertical-flip",
}  # fmt: skip
# How long packets may wait for one that comes late.
LATENCY_MS = 100
# Rows of raw pictures are padded to four bytes; sizes that need no padding are simplest.
STEP = 4


class Player:
    def __init__(self, job):
        self.job = job
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.Pipeline.new(None)
        self.failed = False
        self.is_linked = False
        self.due = None
        self.pipeline.connect("deep-element-added", self.on_element)
        self.pipeline.get_bus().add_signal_watch()
        self.pipeline.get_bus().connect("message", self.on_message)
        source = self.rtsp() if job["kind"] == "rtsp" else self.webcam()
        source.connect("pad-added", self.on_pad)

    def rtsp(self):
        decoder = self.add("uridecodebin", uri=self.job["url"])
        # In the memory of the machine, wherever it is decoded.
        decoder.set_property("caps", Gst.Caps.from_string("video/x-raw"))
        decoder.connect("source-setup", self.set_up_rtsp)
        return decoder

    def set_up_rtsp(self, _decoder, source):
        job = self.job
        Gst.util_set_object_arg(source, "protocols", "udp" if job["transport"] == "udp" else "tcp")
        source.set_property("latency", LATENCY_MS)
        source.set_property("drop-on-latency", True)
        source.set_property("tcp-timeout", 4_000_000)
        source.set_property("timeout", 4_000_000)
        # Sound and data are not asked for.
        source.connect("select-stream", lambda _source, _number, caps: says_video(caps))
        if job["user"]:
            source.set_property("user-id", job["user"])
            source.set_property("user-pw", job["password"])

    def webcam(self):
        source = self.add("v4l2src", device=self.job["url"])
        decoder = self.add("decodebin")
        source.link(decoder)
        return decoder

    def add(self, name, **properties):
        element = Gst.ElementFactory.make(name)
        if element is None:
            sys.exit(f"GStreamer has no element {name}")
        for key, value in properties.items():
            element.set_property(key.replace("_", "-"), value)
        self.pipeline.add(element)
        return element

    def on_element(self, _pipeline, _bin, element):
        """Pictures begin with a complete one; without this, a decoder guesses grey ones until then."""
        for name, value in (("wait-for-keyframe", True), ("output-corrupt", False)):
            if element.find_property(name) is not None:
                element.set_property(name, value)

    def on_pad(self, _decoder, pad):
        caps = pad.get_current_caps() or pad.query_caps(None)
        shape = caps.get_structure(0)
        if self.is_linked or not shape.get_name().startswith("video/x-raw"):
            return
        self.is_linked = True
        width, height = self.size(shape.get_int("width")[1], shape.get_int("height")[1])
        queue = self.add("queue", max_size_buffers=1, max_size_bytes=0, max_size_time=0)
        Gst.util_set_object_arg(queue, "leaky", "downstream")
        convert, scale, flip = self.add("videoconvert"), self.add("videoscale"), self.add("videoflip")
        scale.set_property("add-borders", False)
        Gst.util_set_object_arg(flip, "method", FLIP[self.job["orientation"]])
        small, raw = self.add("capsfilter"), self.add("capsfilter")
        size = f"width={width},height={height},pixel-aspect-ratio=1/1"
        small.set_property("caps", Gst.Caps.from_string(f"video/x-raw,{size}"))
        raw.set_property("caps", Gst.Caps.from_string("video/x-raw,format=BGR"))
        sink = self.add("fdsink", fd=1, sync=False)
        chain = [queue, scale, small, flip, convert, raw, sink]
        for number, following in enumerate(chain[1:]):
            chain[number].link(following)
        queue.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self.on_picture)
        if self.job["orientation"] in ("rotate_90", "rotate_270"):
            width, height = height, width
        known, numerator, denominator = shape.get_fraction("framerate")
        print(f"size {width} {height} {numerator / denominator if known and denominator else 0:.3f}", file=sys.stderr)
        sys.stderr.flush()
        for element in reversed(chain):
            element.sync_state_with_parent()
        pad.link(queue.get_static_pad("sink"))

    def size(self, width, height):
        scale = min(1.0, self.job["max_height"] / min(width, height))
        return tuple(max(STEP, round(side * scale / STEP) * STEP) for side in (width, height))

    def on_picture(self, _pad, info):
        """Let through at most `fps` pictures a second; one may come half an interval early."""
        at, interval = info.get_buffer().pts, Gst.SECOND / self.job["fps"]
        if at == Gst.CLOCK_TIME_NONE:
            return Gst.PadProbeReturn.OK
        if self.due is None or abs(at - self.due) >= 2 * interval:
            self.due = at
        elif at < self.due - interval / 2:
            return Gst.PadProbeReturn.DROP
        self.due += interval
        return Gst.PadProbeReturn.OK

    def on_message(self, _bus, message):
        if message.type == Gst.MessageType.ERROR:
            error, detail = message.parse_error()
            print(f"{error.message} {detail}", file=sys.stderr)
            self.failed = True
            self.loop.quit()
        elif message.type == Gst.MessageType.EOS:
            self.loop.quit()

    def play(self):
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        self.pipeline.set_state(Gst.State.NULL)
        return 1 if self.failed else 0


def says_video(caps):
    return caps.get_structure(0).get_string("media") == "video"


if __name__ == "__main__":
    given = json.loads(sys.stdin.read())
    Gst.init(None)
    sys.exit(Player(given).play())
