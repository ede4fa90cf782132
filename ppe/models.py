"""What an operator sets for the checks of protective equipment."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras.validation import PPE_ITEMS
from crowdsite.store.models import SingletonModel


class PpeSettings(SingletonModel):
    """For the whole installation; a camera's own tasks say what is checked there."""

    ppe_detection = models.BooleanField(
        _("check protective equipment"),
        default=True,
        help_text=_("Off: no camera checks anything, whatever its tasks say. Needs the licence's PPE Detection."),
    )
    ppe_model = models.CharField(
        _("equipment model"),
        max_length=200,
        default="ppe",
        help_text=_("Name of a weights file in the model folder (.onnx, .pt, .engine)."),
    )
    track_ppe = models.JSONField(
        _("equipment checked"),
        default=list,
        blank=True,
        help_text=_('For cameras whose tasks name no item, for example ["helmet", "vest"].'),
    )
    duplicate_bypass_seconds = models.FloatField(
        _("seconds until a repeated result counts"),
        default=2,
        validators=[MinValueValidator(0), MaxValueValidator(3600)],
        help_text=_("The same result for the same person and item within this time is passed over."),
    )
    ppe_log_retention_secs = models.PositiveIntegerField(
        _("seconds results are kept"),
        default=604_800,
        validators=[MinValueValidator(60), MaxValueValidator(315_360_000)],
        help_text=_("604800 is a week. Older results are deleted with their pictures."),
    )

    class Meta:
        verbose_name = _("equipment settings")
        verbose_name_plural = _("equipment settings")

    def __str__(self) -> str:
        return str(_("Equipment settings"))

    def clean(self) -> None:
        names = self.track_ppe
        if not isinstance(names, list) or not all(name in PPE_ITEMS for name in names):
            sentence = _("Write a list of equipment. Known are: %(names)s.") % {"names": ", ".join(PPE_ITEMS)}
            raise ValidationError({"track_ppe": sentence})
