"""What an operator sets for detection and counting, for the whole installation."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from crowdsite.store.models import SingletonModel


def default_track_objects() -> list[str]:
    return ["person"]


class TrackingSettings(SingletonModel):
    """Read by every node once a second; a change is at work within two."""

    person_model = models.CharField(
        _("detection model"),
        max_length=200,
        default="yolov8n",
        help_text=_("Name of a weights file in the model folder (.onnx, .pt, .engine)."),
    )
    device = models.CharField(
        _("device"),
        max_length=20,
        default="auto",
        validators=[
            RegexValidator(
                r"^(auto|cpu|cuda(:\d{1,2})?)\Z", _("Write auto, cpu, cuda or, for one of several GPUs, cuda:1.")
            )
        ],
        help_text=_(
            "auto, cpu, or a GPU such as cuda:0. A GPU runs .pt and .engine weights; .onnx runs on the processor."
        ),
    )
    imgsz = models.PositiveIntegerField(
        _("input size"),
        default=640,
        validators=[MinValueValidator(160), MaxValueValidator(1920)],
        help_text=_("Pixels of the longer side given to the network. Smaller is faster and misses people far away."),
    )
    confidence = models.FloatField(
        _("confidence"),
        default=0.25,
        validators=[MinValueValidator(0.05), MaxValueValidator(0.95)],
        help_text=_("Detections below this score are ignored."),
    )
    detector_fps = models.FloatField(
        _("pictures analysed a second"),
        default=10,
        validators=[MinValueValidator(0.5), MaxValueValidator(60)],
        help_text=_("At most, for each camera. 3 is enough for calm scenes; doors close to the camera want more."),
    )
    frame_skip = models.PositiveIntegerField(
        _("pictures skipped"),
        default=0,
        validators=[MaxValueValidator(30)],
        help_text=_("Between two analysed pictures of a camera, on top of the limit above."),
    )
    adaptive_skip = models.BooleanField(
        _("rest on still pictures"),
        default=False,
        help_text=_(
            "While nothing moves, the detector looks once a second, or three times a second while somebody is in the "
            "picture. The first picture with motion is analysed at once, and all of them until it is calm again."
        ),
    )
    duplicate_filter = models.BooleanField(
        _("skip identical pictures"),
        default=False,
        help_text=_("A picture that hardly differs from the last analysed one takes over what was found in that one."),
    )
    duplicate_threshold = models.FloatField(
        _("identical up to"),
        default=1.0,
        validators=[MinValueValidator(0), MaxValueValidator(20)],
        help_text=_(
            "Grey levels of 255 by which the most changed spot of the picture may differ. 0: only pictures that are "
            "exactly the same; above 4, people in poor light may be missed."
        ),
    )
    cpu_limit_percent = models.PositiveIntegerField(
        _("share of the processor, %"),
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_(
            "Of each node's processor cores, rounded up to whole cores; video decoding included. Less leaves room for "
            "other programs of that machine, and fewer pictures are analysed when the cores do not suffice."
        ),
    )
    in_out_counting = models.BooleanField(
        _("count entries and exits"),
        default=True,
        help_text=_("Off: no crossing is recorded at any camera. Live pictures go on."),
    )
    track_objects = models.JSONField(
        _("what is counted"),
        default=default_track_objects,
        help_text=_('Class names or aliases, for example ["person", "vehicle"].'),
    )
    person_log_retention_days = models.PositiveIntegerField(
        _("days entries and exits are kept"),
        default=400,
        validators=[MinValueValidator(1), MaxValueValidator(36500)],
        help_text=_("Older ones are deleted every hour. Reports reach back this far."),
    )
    show_line = models.BooleanField(
        _("draw the line"), default=True, help_text=_("The counting line of each camera, in its live picture.")
    )
    show_ids = models.BooleanField(
        _("draw track numbers"),
        default=False,
        help_text=_("The number under which each person is followed, to see why one was counted twice or not at all."),
    )
    show_counts = models.BooleanField(
        _("draw In and Out"),
        default=True,
        help_text=_("How many went in and out today, in a corner of the live picture."),
    )

    class Meta:
        verbose_name = _("counting settings")
        verbose_name_plural = _("counting settings")

    def __str__(self) -> str:
        return str(_("Counting settings"))

    def clean(self) -> None:
        names = self.track_objects
        if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
            raise ValidationError({"track_objects": _('Write a list of names, for example ["person", "vehicle"].')})
