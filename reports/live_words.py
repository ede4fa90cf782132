"""The sentences that scripts fill in by themselves, when the server cannot: it does not answer."""

from django.utils.translation import gettext as _


def live_words() -> dict[str, str]:
    """name -> text with `{placeholders}`."""
    return {
        "secs": _("{n} s"),
        "mins": _("{n} min"),
        "hours": _("{n} h"),
        "days": _("{n} d"),
        "stale": _("Not current, {age} old"),
        "stale_detail": _("Will update by itself"),
        "inside_at": _("Inside at {time}"),
        "store_title": _("The data store has not answered for {age}."),
        "store": _(
            "Numbers on this page are from {time}. Cameras keep counting and keep what they count on disk; nothing is "
            "lost. Trying again by itself. Operator: check that Redis runs."
        ),
        "server_title": _("The server has not answered for {age}."),
        "server": _(
            "Numbers on this page are from {time}. Trying again by itself. Check this device's network, then the "
            "server."
        ),
        "signed_out_title": _("You are no longer logged in."),
        "signed_out": _("Numbers on this page are from {time}. Log in again to go on."),
        "picture_state": _("{camera}: {state}. {reason}"),
        "no_picture": _("No picture"),
        "disabled": _("Disabled"),
        "not_live": _("Not live"),
        "last_picture": _("Last picture {age} ago"),
        "waiting": _("Waiting for a picture"),
        "picture_fails": _("The picture does not load. Counting goes on."),
        "paused": _("Paused, {age} old"),
        "paused_before": _("Pictures are paused"),
        "pause": _("Pause pictures"),
        "resume": _("Show live pictures"),
        "updated": _("Updated {age} ago"),
        "over_alert": _("{sentence}. {detail}."),
        "show_all": _("Show all {n} cameras"),
    }
