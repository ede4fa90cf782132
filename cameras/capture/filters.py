"""The filter chain that runs inside ffmpeg, so that only pictures that will be analysed cross the pipe."""

TURN = {
    "normal": "",
    "rotate_90": "transpose=clock",
    "rotate_180": "hflip,vflip",
    "rotate_270": "transpose=cclock",
    "mirror": "hflip",
    "flip": "vflip",
}


def filter_chain(*, fps: float, max_height: int, orientation: str) -> str:
    """Drop, then shrink, then turn: the cheapest order."""
    steps = [rate_limit(fps), shrink(max_height), TURN[orientation]]
    return ",".join(step for step in steps if step)


def rate_limit(fps: float) -> str:
    """Let through at most `fps` pictures a second on average; never repeat one.

    Register 0 holds when the next picture is due, 1 the time of the last one. A picture may come half an interval
    early, so that a camera at exactly this rate loses nothing to jitter. A clock that jumps back starts afresh.
    """
    interval, early = 1 / fps, 0.5 / fps
    return (
        f"select='if(isnan(t),1,st(2,lt(t,ld(1))+gte(t,ld(0)-{early:.6f}));st(1,t);"
        f"if(ld(2),st(0,if(lt(abs(t-ld(0)),{2 * interval:.6f}),ld(0),t)+{interval:.6f});1,0))'"
    )


def shrink(max_height: int) -> str:
    """The shorter side becomes at most `max_height`; the aspect stays; nothing is enlarged."""
    limit = max_height
    return f"scale=w='if(gte(iw,ih),-1,min(iw,{limit}))':h='if(gte(iw,ih),min(ih,{limit}),-1)':flags=bilinear"
