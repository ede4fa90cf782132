"""Why a camera gives no pictures."""

from crowdsite.errors import CrowdsiteError

RETRY_PERMANENT_SECS = 15.0
# A camera locks the account after a few wrong passwords.
RETRY_REFUSED_SECS = 300.0


class CaptureError(CrowdsiteError):
    """A source that could not be opened or that ended.

    permanent: trying again alone will not help, somebody has to change something. detail: what the backend said last,
    without secrets. retry_secs: how long to leave a permanently failing source alone.
    """

    status = 502

    def __init__(self, code: str, message: str, *, permanent: bool = False, detail: str = ""):
        super().__init__(message, code=code)
        self.permanent = permanent
        self.detail = detail
        self.retry_secs = RETRY_REFUSED_SECS if code in ("unauthorized", "forbidden") else RETRY_PERMANENT_SECS
